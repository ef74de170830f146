import Store

/// Something that happened to an address, or to a network, as people speak of it.
public struct NetworkEvent: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Somebody uses the address, and nobody did, or a new sandbox has the ID of a former one.
        case given
        /// Nobody uses it any more.
        case freed
        /// It went from a holder that was gone to another, at once.
        case takenOver = "taken-over"
        case reserved
        /// A reservation got another note or time.
        case updated
        /// A reservation was dropped.
        case released
        /// A reservation was removed because its time was over.
        case expired
        /// Its holder was seen gone, without proof.
        case suspected
        /// From now on no address of the network is given out.
        case held
        /// Addresses are given out again.
        case unheld
        /// The network consists of other ranges, or its settings are others.
        case configured
    }

    public let network: NetworkName
    /// The revision of the store that it is.
    public let revision: Revision
    public let kind: Kind
    /// Nil for what happened to the network.
    public let address: IPAddress?
    /// Who uses the address (`given`, `taken-over`), or did until then (`freed`); nil where the store no longer says it.
    public internal(set) var tenancy: Tenancy?
    /// Who used the address until then (`taken-over`, and `given` where a new sandbox has the ID of a former one).
    public internal(set) var former: Tenancy?
    /// How a tenancy ended, where the history says it.
    public internal(set) var ending: HistoryEntry.Event?
    /// The reservation that was made, changed or dropped.
    public internal(set) var reservation: Reservation?
    public internal(set) var suspect: Suspect?
    /// The hold that began or ended.
    public internal(set) var hold: NetworkSettings.Hold?
    /// What the network consists of now, where its document changed and can be read.
    public internal(set) var rangeSets: [RangeSet]?
    /// The network's settings, where others than the hold changed and can be read.
    public internal(set) var settings: NetworkSettings?
    /// Who did it, where the store says it.
    public internal(set) var by: String?
    /// On what it was done, or what is wrong.
    public internal(set) var evidence: String?

    init(_ kind: Kind, _ address: IPAddress?, network: NetworkName, revision: Revision) {
        self.kind = kind
        self.address = address
        self.network = network
        self.revision = revision
    }

    /// `{event, network, address?, revision, attachment?, former?, how?, reservation?, suspect?, hold?, subnets?, goNodes?,
    /// fixed?, by?, evidence?}`; `attachment` and `former` are as in an ``AddressEntry``.
    public var json: JSONObject {
        var object: JSONObject = ["event": .string(kind.rawValue), "network": .string(network.text)]
        object["address"] = address.map { .string($0.description) }
        object["revision"] = JSONValue(revision)
        object["attachment"] = tenancy.map { .object($0.json) }
        object["former"] = former.map { .object($0.json) }
        object["how"] = ending.map { .string($0.rawValue) }
        object["reservation"] = reservation?.json
        object["suspect"] = suspect?.json
        object["hold"] = hold?.json
        object["subnets"] = rangeSets.map { sets in
            .array(sets.flatMap { $0.ranges.map { .string($0.subnet.description) } })
        }
        object["goNodes"] = settings.map { .bool($0.hasGoNodes) }
        object["fixed"] = settings.map { settings in
            .array(settings.fixed.map { [.string($0.start.description), .string($0.end.description)] })
        }
        object["by"] = by.map(JSONValue.string)
        object["evidence"] = evidence.map(JSONValue.string)
        return object
    }

    // MARK: Whom it concerns

    private var holders: [Holder] { [tenancy, former].compactMap { $0?.holder } }

    /// Whether a holder is this pod, or the reservation is for it.
    public func concerns(pod: PodReference) -> Bool {
        holders.contains { $0.isCalled(pod) } || reservation?.holder == .pod(pod)
    }

    /// Whether a holder is a pod of this namespace, or the reservation is for some of it.
    public func concerns(namespace: String) -> Bool {
        holders.contains { $0.namespace?.text == namespace } || reservation?.holder.namespace?.text == namespace
    }

    /// Whether a holder is on this node.
    public func concerns(node: String) -> Bool {
        holders.contains { $0.node == node }
    }
}

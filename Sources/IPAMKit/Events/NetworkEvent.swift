import Store

/// A change of an address or of a network. The optional members are nil if they do not apply to the ``kind``, or if the store
/// does not have them any more.
public struct NetworkEvent: Hashable, Sendable {
    /// The kind of a change; the raw value is `event` of the JSON.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// An address that was free is in use, or a new sandbox has the container ID of a former sandbox.
        case given
        /// An address is not in use any more.
        case freed
        /// An address was taken over from a holder that was gone.
        case takenOver = "taken-over"
        /// An address was reserved.
        case reserved
        /// The note or the expiry of a reservation changed.
        case updated
        /// A reservation was removed.
        case released
        /// A reservation was removed after its expiry.
        case expired
        /// The holder of an address appears to be gone, without proof.
        case suspected
        /// The network was put on hold.
        case held
        /// The hold of the network was lifted.
        case unheld
        /// The network's ranges, or other settings than the hold, changed.
        case configured
    }

    /// The network that changed, or that the address belongs to.
    public let network: NetworkName
    /// The revision of the store that the change made.
    public let revision: Revision
    /// What changed.
    public let kind: Kind
    /// Nil for a change of the network.
    public let address: IPAddress?
    /// The new tenancy (`given`, `taken-over`), or the tenancy that ended (`freed`).
    public internal(set) var tenancy: Tenancy?
    /// The former tenancy (`taken-over`, and `given` if a new sandbox has the container ID of a former sandbox).
    public internal(set) var former: Tenancy?
    /// How the former tenancy ended, according to the history.
    public internal(set) var ending: HistoryEntry.Event?
    /// The reservation that was made, changed or removed.
    public internal(set) var reservation: Reservation?
    /// The observation (`suspected`).
    public internal(set) var suspect: Suspect?
    /// The hold that began or ended.
    public internal(set) var hold: NetworkSettings.Hold?
    /// The network's range sets, if its document changed and can be read (`configured`).
    public internal(set) var rangeSets: [RangeSet]?
    /// The network's settings, if other settings than the hold changed and can be read (`configured`).
    public internal(set) var settings: NetworkSettings?
    /// Who made the change, such as `root@admin1` or `default/web-0 on n1`.
    public internal(set) var by: String?
    /// The reason for the change, or the error of a value that cannot be read.
    public internal(set) var evidence: String?

    init(_ kind: Kind, _ address: IPAddress?, network: NetworkName, revision: Revision) {
        self.kind = kind
        self.address = address
        self.network = network
        self.revision = revision
    }

    /// `{event, network, address?, revision, attachment?, former?, how?, reservation?, suspect?, hold?, subnets?, goNodes?,
    /// fixed?, exclude?, by?, evidence?}`; `attachment` and `former` are as in an ``AddressEntry``.
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
        object["fixed"] = settings.map { NetworkSettings.json($0.fixed) }
        object["exclude"] = settings.flatMap { $0.excluded.isEmpty ? nil : NetworkSettings.json($0.excluded) }
        object["by"] = by.map(JSONValue.string)
        object["evidence"] = evidence.map(JSONValue.string)
        return object
    }

    // MARK: Selection
}

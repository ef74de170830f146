/// That all addresses reserved for a pod or its workload are in use.
public struct ReservationShortage: Hashable, Sendable {
    /// As `ipamctl reserve --for` takes it: `default/deploy/web`.
    public let owner: String
    /// All of the addresses, ascending.
    public let addresses: [IPAddress]
    /// Who has some of them, and why it is not to be had from them, such as `its pod is alive`.
    public let holders: [Holder]
    /// A rolling update of the owner starts a new pod before an old one goes.
    public let isDeployment: Bool
    /// The range set that they are of, where the network has several.
    public let rangeSet: Int?

    /// Who has one of the addresses.
    public struct Holder: Hashable, Sendable {
        public let address: IPAddress
        /// `default/web-6d9b74fd4d-xjhek on n1`
        public let phrase: String
        public let reason: String
    }

    /// So many holders are named.
    private static let named = 3

    /// - Parameters:
    ///   - addresses: all that are reserved for `owner`, ascending.
    ///   - refusals: what became of those that were contested.
    init(
        _ owner: ClaimOwner, _ workload: Workload?, _ addresses: [IPAddress], _ refusals: [IPAMError], rangeSet: Int?
    ) {
        self.owner = owner.phrase(workload)
        self.addresses = addresses
        self.rangeSet = rangeSet
        isDeployment = if case .workload = owner { workload?.kind == .deployment } else { false }
        self.holders = refusals.compactMap(\.holderThatStays).sorted { $0.address < $1.address }
    }

    /// `all 3 addresses reserved for default/deploy/web`
    private var what: String {
        addresses.count == 1
            ? "the only address reserved for \(owner)" : "all \(addresses.count) addresses reserved for \(owner)"
    }

    /// What an ADD fails with.
    ///
    /// - Parameter refusal: why the first of the addresses, or the first that may be free soon, is not to be had.
    func error(on network: NetworkName, after refusal: IPAMError) -> IPAMError {
        if case .heldForNow(let address, let holder, let reason, let time, let remedy) = refusal {
            let more = addresses.count == 1 ? "it is \(what)" : "\(what) are in use"
            // A holder that goes by itself needs no advice.
            let advice = remedy.map { isDeployment ? "\($0); \(nextStep(on: network))" : $0 }
            return .heldForNow(address, by: holder, because: "\(reason); \(more)", until: time, remedy: advice)
        }
        // What frees that one address is worth more than what makes room for another.
        if case .unverifiable = refusal, addresses.count == 1 { return refusal }
        return refusal.holderThatStays == nil ? refusal : .reservationsInUse(self)
    }

    /// What makes room, with the command.
    ///
    /// - Parameter network: named in the command; nil where it is understood.
    func nextStep(on network: NetworkName?) -> String {
        let more =
            "ipamctl reserve --next 1" + (rangeSet.map { " --range-set \($0)" } ?? "") + " --for \(owner)"
            + (network.map { " -n \($0)" } ?? "")
        guard isDeployment else { return "reserve one address more: \(more)" }
        return "for a rolling update set maxUnavailable: 1 or strategy type Recreate in the Deployment, or reserve one "
            + "address more: \(more)"
    }
}

extension ReservationShortage: CustomStringConvertible {
    public var description: String {
        if addresses.count == 1, let holder = holders.first {
            return "\(holder.address), \(what), is in use by \(holder.phrase): \(holder.reason)"
        }
        let named = holders.prefix(Self.named).map { "\($0.address) by \($0.phrase)" }.joined(separator: ", ")
        let rest = addresses.count - min(holders.count, Self.named)
        return "\(what) are in use" + (named.isEmpty ? "" : ": \(named)") + (rest > 0 ? " and \(rest) more" : "")
    }
}

extension IPAMError {
    /// The holder of an address that keeps it, or of which nothing is known; nil if the error is about something else.
    fileprivate var holderThatStays: ReservationShortage.Holder? {
        switch self {
        case .held(let address, let phrase, let reason), .unverifiable(let address, let phrase, let reason):
            ReservationShortage.Holder(address: address, phrase: phrase, reason: reason)
        case .store, .locked, .exhausted, .inUse, .heldByThisContainer, .heldForNow, .reserved, .reservationsInUse,
            .notAllowed, .notInNetwork, .dynamicNotReserved, .misdirected, .annotation, .notForAutomatic,
            .automaticLimit, .podGone, .goNodesUnknown, .goNodesLookupFailed, .lookupFailed, .noAnnotationSource,
            .onHold, .unknownNetwork, .damaged, .notRecorded, .contention, .conflicts, .outdated, .nothingToRelease,
            .tooManyOperations, .missingAttachments:
            nil
        }
    }
}

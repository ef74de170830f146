/// All addresses reserved for a pod or its workload are in use.
public struct ReservationShortage: Hashable, Sendable {
    /// The holder of the reservations, in the form of `ipamctl reserve --for`: `default/deploy/web`.
    public let owner: String
    /// All reserved addresses, ascending.
    public let addresses: [IPAddress]
    /// The present holders of some of the addresses, by address.
    public let holders: [Holder]
    /// Whether the owner is a Deployment, whose rolling update starts a new pod before an old pod ends.
    public let isDeployment: Bool
    /// The index from 0 of the range set that the addresses are in; nil if the network has only one.
    public let rangeSet: Int?

    /// The present holder of an address.
    public struct Holder: Hashable, Sendable {
        /// The reserved address.
        public let address: IPAddress
        /// `default/web-6d9b74fd4d-xjhek on n1`
        public let phrase: String
        /// Why the address cannot be taken over from the holder, such as `its pod is alive`.
        public let reason: String
    }

    /// The largest number of holders in the error message.
    private static let named = 3

    /// - Parameters:
    ///   - addresses: all addresses that are reserved for `owner`, ascending.
    ///   - refusals: the errors for the addresses that could not be taken over.
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

    /// The error of an ADD.
    ///
    /// - Parameter refusal: the error for the first address, or for the first address that may be free soon.
    func error(on network: NetworkName, after refusal: IPAMError) -> IPAMError {
        if case .heldForNow(let address, let holder, let reason, let time, let remedy) = refusal {
            let more = addresses.count == 1 ? "it is \(what)" : "\(what) are in use"
            // If the holder goes by itself, no advice is needed.
            let advice = remedy.map { isDeployment ? "\($0); \(nextStep(on: network))" : $0 }
            return .heldForNow(address, by: holder, because: "\(reason); \(more)", until: time, remedy: advice)
        }
        // The advice to free the only address is more useful than the advice to reserve another.
        if case .unverifiable = refusal, addresses.count == 1 { return refusal }
        return refusal.holderThatStays == nil ? refusal : .reservationsInUse(self)
    }

    /// What an operator can do, with the command.
    ///
    /// - Parameter network: the network for option `-n` of the command; nil to leave the option out.
    func nextStep(on network: NetworkName?) -> String {
        let more =
            "ipamctl reserve --next 1" + (rangeSet.map { " --range-set \($0)" } ?? "") + " --for \(owner)"
            + (network.map { " -n \($0)" } ?? "")
        guard isDeployment else { return "reserve one more address: \(more)" }
        return "for a rolling update, set maxUnavailable: 1 or strategy type Recreate in the Deployment, or reserve "
            + "one more address: \(more)"
    }
}

extension ReservationShortage: CustomStringConvertible {
    /// The error message, with at most three holders.
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
    /// The holder of an address that is alive, or may be alive; nil for an error of another kind.
    fileprivate var holderThatStays: ReservationShortage.Holder? {
        switch self {
        case .held(let address, let phrase, let reason), .unverifiable(let address, let phrase, let reason):
            ReservationShortage.Holder(address: address, phrase: phrase, reason: reason)
        case .store, .locked, .exhausted, .inUse, .heldByThisContainer, .heldForNow, .reserved, .fenced, .notReserved,
            .reservationsInUse,
            .notAllowed, .notInNetwork, .dynamicNotReserved, .misdirected, .annotation, .notForAutomatic,
            .automaticLimit, .podGone, .goNodesUnknown, .goNodesLookupFailed, .lookupFailed, .noAnnotationSource,
            .onHold, .unknownNetwork, .damaged, .notRecorded, .contention, .conflicts, .outdated, .nothingToRelease,
            .tooManyOperations, .missingAttachments:
            nil
        }
    }
}

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
        var holders: [Holder] = []
        for refusal in refusals {
            switch refusal {
            case .held(let address, let holder, let reason), .unverifiable(let address, let holder, let reason):
                holders.append(Holder(address: address, phrase: holder, reason: reason))
            default: break
            }
        }
        self.holders = holders.sorted { $0.address < $1.address }
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
        switch refusal {
        case .heldForNow(let address, let holder, let reason, let time, let remedy):
            let more = addresses.count == 1 ? "it is \(what)" : "\(what) are in use"
            // One that goes by itself needs no advice.
            let advice = remedy.map { isDeployment ? "\($0); \(nextStep(on: network))" : $0 }
            return .heldForNow(address, by: holder, because: "\(reason); \(more)", until: time, remedy: advice)
        // What frees that one is worth more than what makes room for another.
        case .unverifiable where addresses.count == 1: return refusal
        case .held, .unverifiable: return .reservationsInUse(self)
        default: return refusal
        }
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

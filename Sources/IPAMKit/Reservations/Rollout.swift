/// The number of pods that a Deployment has during an update, and therefore of the reserved addresses that it needs.
public struct Rollout: Hashable, Sendable {
    /// How a Deployment replaces its pods (`spec.strategy`).
    public enum Strategy: Hashable, Sendable {
        /// All old pods end before the first new pod starts.
        case recreate
        /// New pods start while old pods run: at most `maxUnavailable` of the replicas may be missing during the update.
        case rolling(maxUnavailable: Int)
    }

    /// `spec.replicas`.
    public let replicas: Int
    /// How the pods are replaced.
    public let strategy: Strategy

    /// Makes a roll-out from a Deployment's `spec`.
    public init(replicas: Int, strategy: Strategy) {
        self.replicas = replicas
        self.strategy = strategy
    }

    /// Whether an update starts a new pod while all old pods run.
    var needsSpareAddress: Bool { strategy == .rolling(maxUnavailable: 0) && replicas > 0 }

    /// The effect of too few reserved addresses.
    public struct Shortage: Hashable, Sendable {
        /// `default/deploy/web has 3 replicas and 1 reserved address: 2 pods get no address`
        public let problem: String
        /// What an operator can do, with the command.
        public let remedy: String
    }

    /// The shortage if `count` addresses are reserved for `holder`; nil if they are enough.
    ///
    /// - Parameter rangeSet: the index from 0 of the range set that the addresses are in; nil if the network has only one.
    public func shortage(withAddresses count: Int, for holder: ReservationHolder, rangeSet: Int? = nil) -> Shortage? {
        let what =
            "\(holder.phrase) has \(replicas) \(replicas == 1 ? "replica" : "replicas") and \(count) reserved "
            + (count == 1 ? "address" : "addresses") + (rangeSet.map { " of range set \($0)" } ?? "")
        let missing = replicas + (needsSpareAddress ? 1 : 0) - count
        guard missing > 0 else { return nil }
        let more =
            "ipamctl reserve --next \(missing)" + (rangeSet.map { " --range-set \($0)" } ?? "") + " --for \(holder)"
        if count < replicas {
            let without = replicas - count
            return Shortage(
                problem: "\(what): \(without == 1 ? "1 pod gets" : "\(without) pods get") no address",
                remedy: "reserve more: \(more)")
        }
        return Shortage(
            problem:
                "\(what): with maxUnavailable 0, a rolling update starts a new pod before an old one ends, and that pod "
                + "gets no address",
            remedy:
                "set maxUnavailable: 1 or strategy type Recreate in the Deployment, or reserve one more address: \(more)"
        )
    }
}

/// How many pods a Deployment has at once, and so how many reserved addresses it takes to roll an update out.
public struct Rollout: Hashable, Sendable {
    /// How a Deployment replaces its pods.
    public enum Strategy: Hashable, Sendable {
        /// All old pods end before the first new one starts.
        case recreate
        /// New pods start while old ones run: at most `maxUnavailable` of the replicas may be missing meanwhile.
        case rolling(maxUnavailable: Int)
    }

    public let replicas: Int
    public let strategy: Strategy

    public init(replicas: Int, strategy: Strategy) {
        self.replicas = replicas
        self.strategy = strategy
    }

    /// What goes wrong with too few reserved addresses.
    public struct Shortage: Hashable, Sendable {
        /// `default/deploy/web has 3 replicas and 1 reserved address: 2 pods get no address`
        public let problem: String
        /// What makes room, with the command.
        public let remedy: String
    }

    /// What goes wrong with as many addresses reserved for `holder`; nil where all is well.
    ///
    /// - Parameter rangeSet: the range set that the addresses are of, where the network has several.
    public func shortage(withAddresses count: Int, for holder: ReservationHolder, rangeSet: Int? = nil) -> Shortage? {
        let what =
            "\(holder.phrase) has \(replicas) \(replicas == 1 ? "replica" : "replicas") and \(count) reserved "
            + (count == 1 ? "address" : "addresses") + (rangeSet.map { " of range set \($0)" } ?? "")
        let isRolling = strategy == .rolling(maxUnavailable: 0) && replicas > 0
        let missing = replicas + (isRolling ? 1 : 0) - count
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
                "set maxUnavailable: 1 or strategy type Recreate in the Deployment, or reserve one address more: \(more)"
        )
    }
}

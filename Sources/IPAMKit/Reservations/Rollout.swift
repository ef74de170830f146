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

    /// What goes wrong with as many addresses reserved for `holder`, as a sentence; nil where all is well.
    ///
    /// - Parameter rangeSet: the range set that the addresses are of, where the network has several.
    public func problem(withAddresses count: Int, for holder: ReservationHolder, rangeSet: Int? = nil) -> String? {
        let addresses =
            (count == 1 ? "1 address" : "\(count) addresses") + (rangeSet.map { " of range set \($0)" } ?? "")
        let pods = replicas == 1 ? "1 replica" : "\(replicas) replicas"
        if count < replicas {
            let without = replicas - count
            return "\(holder.phrase) has \(pods), and \(addresses) reserved: "
                + (without == 1 ? "1 pod gets no address" : "\(without) pods get no address")
        }
        guard count == replicas, replicas > 0, case .rolling(maxUnavailable: 0) = strategy else { return nil }
        return "\(holder.phrase) has \(pods), and \(addresses) reserved: a rolling update waits for ever, because "
            + "maxUnavailable is 0 there, and the first new pod gets no address while all old ones run. Reserve one "
            + "more, or set maxUnavailable: 1 or strategy type Recreate"
    }
}

/// Where pods and nodes are looked up: Kubernetes, as far as addresses are concerned.
///
/// Every answer is what is so now, never what a cache remembers.
public protocol PodSource: Sendable {
    /// The pod of that name; nil when there is none.
    ///
    /// - Throws: ``PodSourceError`` when that cannot be told.
    func pod(_ pod: PodReference, deadline: ContinuousClock.Instant) async throws(PodSourceError) -> Pod?

    /// The node of that name; nil when there is none.
    ///
    /// - Throws: ``PodSourceError`` when that cannot be told.
    func node(_ name: String, deadline: ContinuousClock.Instant) async throws(PodSourceError) -> Node?

    /// The pods of all namespaces, as they were at one moment.
    ///
    /// - Throws: ``PodSourceError`` when they cannot all be told: a part of them would make the others look gone.
    func pods(deadline: ContinuousClock.Instant) async throws(PodSourceError) -> Listing<Pod>

    /// All nodes, as they were at one moment. One of which nothing but the name can be read is there and ready.
    ///
    /// - Throws: ``PodSourceError`` when they cannot all be told.
    func nodes(deadline: ContinuousClock.Instant) async throws(PodSourceError) -> Listing<Node>

    /// The pods of all namespaces that have not ended (`status.phase` is neither `Succeeded` nor `Failed`), as they were
    /// at one moment.
    ///
    /// - Throws: ``PodSourceError`` when they cannot all be told, or one of them cannot be read: it may have any address.
    func livePods(deadline: ContinuousClock.Instant) async throws(PodSourceError) -> [Pod]
}

/// Why pods or nodes could not be looked up.
public struct PodSourceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One clause for people: what was asked, where, and why there is no answer.
    public let description: String
    /// Whether Kubernetes answered, and does not allow the question (403).
    public let isForbidden: Bool

    public init(_ description: String) { self.init(description, isForbidden: false) }

    public init(_ description: String, isForbidden: Bool) {
        self.description = description
        self.isForbidden = isForbidden
    }
}

/// A source of pods and nodes: Kubernetes.
///
/// All results are current, never from a cache.
public protocol PodSource: Sendable {
    /// Gets a pod; nil if there is no pod of that name.
    ///
    /// - Throws: ``PodSourceError`` if Kubernetes does not answer, or the pod cannot be read.
    func pod(_ pod: PodReference, deadline: ContinuousClock.Instant) async throws(PodSourceError) -> Pod?

    /// Gets a node; nil if there is no node of that name.
    ///
    /// - Throws: ``PodSourceError`` if Kubernetes does not answer, or the node cannot be read.
    func node(_ name: String, deadline: ContinuousClock.Instant) async throws(PodSourceError) -> Node?

    /// Lists the pods of all namespaces, all at one moment.
    ///
    /// - Throws: ``PodSourceError`` if the list is not complete: pods that are missing in it would appear to be gone.
    func pods(deadline: ContinuousClock.Instant) async throws(PodSourceError) -> Listing<Pod>

    /// Lists all nodes, all at one moment. A node of which only the name can be read is in the list, as ready.
    ///
    /// - Throws: ``PodSourceError`` if the list is not complete.
    func nodes(deadline: ContinuousClock.Instant) async throws(PodSourceError) -> Listing<Node>

    /// Lists the pods of all namespaces that have not ended (`status.phase` is neither `Succeeded` nor `Failed`), all at one
    /// moment.
    ///
    /// - Throws: ``PodSourceError`` if the list is not complete, or a pod cannot be read: that pod may have any address.
    func livePods(deadline: ContinuousClock.Instant) async throws(PodSourceError) -> [Pod]
}

/// Why pods or nodes could not be looked up.
public struct PodSourceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The error message, to follow a colon: the request, the server, and why it failed.
    public let description: String
    /// Whether Kubernetes does not allow the request (403).
    public let isForbidden: Bool

    /// Makes an error that is not about permissions.
    public init(_ description: String) { self.init(description, isForbidden: false) }

    /// Makes an error from its message.
    public init(_ description: String, isForbidden: Bool) {
        self.description = description
        self.isForbidden = isForbidden
    }
}

/// Who says which holders are alive.
public enum AuditWitness: Sendable {
    case kubernetes(ClusterSnapshot)
    case node(NodeSnapshot)
}

/// The pods and nodes of a Kubernetes cluster, listed after the store was read.
public struct ClusterSnapshot: Sendable {
    /// By which the cluster is recorded with its holders; nil where it has no name.
    public let cluster: String?
    public let pods: [Pod]
    public let nodes: [Node]

    public init(cluster: String?, pods: [Pod], nodes: [Node]) {
        self.cluster = cluster
        self.pods = pods
        self.nodes = nodes
    }
}

/// What a node knows by itself, without Kubernetes.
public struct NodeSnapshot: Sendable {
    /// An entry of the runtime's result cache (libcni, `/var/lib/cni/results`): an interface that the runtime has
    /// attached.
    public struct Cached: Hashable, Sendable {
        public let attachment: AttachmentReference
        public let addresses: [IPAddress]

        public init(attachment: AttachmentReference, addresses: [IPAddress]) {
            self.attachment = attachment
            self.addresses = addresses
        }
    }

    public let identity: NodeIdentity
    public let cached: [Cached]
    /// Whether a path is a mounted network namespace now.
    public let namespaceExists: @Sendable (String) -> Bool

    public init(
        identity: NodeIdentity, cached: [Cached], namespaceExists: @escaping @Sendable (String) -> Bool
    ) {
        self.identity = identity
        self.cached = cached
        self.namespaceExists = namespaceExists
    }
}

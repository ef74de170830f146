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
    /// Pods and nodes that Kubernetes lists, and that cannot be read.
    public let unreadable: [UnreadableObject]
    /// The machine on which the audit runs: what is still there of a holder whose pod is gone can be seen on its node.
    public let local: NodeView?

    public init(
        cluster: String?, pods: [Pod], nodes: [Node], unreadable: [UnreadableObject] = [], local: NodeView? = nil
    ) {
        self.cluster = cluster
        self.pods = pods
        self.nodes = nodes
        self.unreadable = unreadable
        self.local = local
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

    /// This machine, and what it shows of its containers.
    public let view: NodeView
    public let cached: [Cached]

    public init(_ view: NodeView, cached: [Cached]) {
        self.view = view
        self.cached = cached
    }
}

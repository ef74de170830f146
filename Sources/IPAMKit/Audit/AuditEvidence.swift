/// What an audit knows about the holders of a network, gathered after the store was read.
public enum AuditEvidence: Sendable {
    /// Kubernetes shows which holders are alive.
    case kubernetes(ClusterSnapshot)
    /// A node alone shows which of its own holders are alive.
    case node(NodeSnapshot)
}

/// The pods and nodes of a Kubernetes cluster, listed after the store was read.
public struct ClusterSnapshot: Sendable {
    /// The identity that is recorded with the cluster's holders; nil if it is not known.
    public let cluster: String?
    /// All pods that can be read.
    public let pods: [Pod]
    /// All nodes that can be read.
    public let nodes: [Node]
    /// Pods and nodes that Kubernetes lists, and that cannot be read.
    public let unreadable: [UnreadableObject]
    /// The machine on which the audit runs: it shows what is left there of holders whose pods are gone.
    public let local: NodeView?

    /// A snapshot of these lists.
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
        /// The container and the interface.
        public let attachment: AttachmentReference
        /// The addresses of the cached result.
        public let addresses: [IPAddress]

        /// An entry with these contents.
        public init(attachment: AttachmentReference, addresses: [IPAddress]) {
            self.attachment = attachment
            self.addresses = addresses
        }
    }

    /// This machine, and what it shows of its containers.
    public let view: NodeView
    /// The entries for the network.
    public let cached: [Cached]

    /// A snapshot of this machine.
    public init(_ view: NodeView, cached: [Cached]) {
        self.view = view
        self.cached = cached
    }
}

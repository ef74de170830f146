/// The holder of addresses: a container's interface and its pod, as far as they are known. Nil stands for not known.
public struct Holder: Hashable, Sendable {
    /// Nil also for a container that is not a pod.
    public var pod: PodReference?
    /// The name of a container that is not a pod; nil for a pod, and if the runtime passed no name.
    public var container: ContainerName?
    /// The pod's UID as the runtime passed it (`K8S_POD_UID`).
    public var uid: String?
    /// The pod's controller according to Kubernetes.
    public var owner: Owner = .unknown
    /// The node's name: `ipam.nodeName`, else its host name.
    public var node: String?
    /// The node's boot ID (`/proc/sys/kernel/random/boot_id`), which changes with every start of the machine.
    public var boot: String?
    /// The node's machine ID (machine-id(5)), which stays the same when the machine restarts.
    public var machine: String?
    /// The path of the container's network namespace on its node.
    public var netns: String?
    /// The inode number of this namespace (`st_ino` of stat(2)): another namespace may get the same path later.
    public var inode: UInt64?
    /// The identity of the pod's Kubernetes cluster: its configured name, else the UID of its namespace `kube-system`.
    public var cluster: String?

    /// The controller of a pod according to Kubernetes.
    public enum Owner: Hashable, Sendable {
        /// Kubernetes was not asked; the workload may be derived from the pod's name.
        case unknown
        /// The StatefulSet or Deployment.
        case workload(Workload)
        /// Not a workload that can have reservations, although the pod's name looks as if it were.
        case other
    }

    /// Makes a holder whose ``owner`` is not known.
    public init(
        pod: PodReference? = nil, container: ContainerName? = nil, uid: String? = nil, node: String? = nil,
        boot: String? = nil, machine: String? = nil, netns: String? = nil, inode: UInt64? = nil, cluster: String? = nil
    ) {
        self.pod = pod
        self.container = container
        self.uid = uid
        self.node = node
        self.boot = boot
        self.machine = machine
        self.netns = netns
        self.inode = inode
        self.cluster = cluster
    }
}

extension Holder.Owner {
    /// The stored form: `sts/db`, or `none` for ``other``; nil if the owner is not known.
    public var text: String? {
        switch self {
        case .unknown: nil
        case .workload(let workload): workload.description
        case .other: "none"
        }
    }

    init(text: String?) {
        self = text == "none" ? .other : text.flatMap(Workload.init).map(Self.workload) ?? .unknown
    }
}

extension Holder.Owner {
    /// The owner of `pod` as it is in Kubernetes. ``other`` is only used if a workload could be derived from the pod's name.
    init(of pod: Pod) {
        if let workload = Workload(of: pod) {
            self = .workload(workload)
        } else {
            self = Workload(derivedFrom: pod.reference) == nil ? .unknown : .other
        }
    }
}

extension Holder {
    /// Sets the pod or the container from recorded names.
    mutating func setNames(namespace: String?, name: String?) {
        (pod, container) = ContainerName.resolve(
            namespace.flatMap { try? Namespace($0) }, name.flatMap { try? PodName($0) })
    }

    /// The namespace that the runtime passed, for a pod and for another container.
    public var namespace: Namespace? { pod?.namespace ?? container?.namespace }

    /// The name that the runtime passed, with its namespace, for a pod and for another container.
    var name: ContainerName? { pod.map { ContainerName(namespace: $0.namespace, name: $0.name) } ?? container }

    /// Whether the runtime passed this namespace and name, for a pod or for another container.
    public func isCalled(_ reference: PodReference) -> Bool {
        name == ContainerName(namespace: reference.namespace, name: reference.name)
    }

    /// For messages: `default/db-0`, or `container web_1` for a container that is not a pod; nil without a name.
    public var phrase: String? { pod?.description ?? container.map { "container \($0)" } }
}

extension Holder {
    /// Whether both are interfaces of the same pod. Equal UIDs are not enough: the manifest of a static pod may contain a UID,
    /// which is then the same on every node, and only the pods' names differ.
    func isOfSamePod(as other: Holder) -> Bool {
        guard let uid, uid == other.uid else { return false }
        guard let pod, let otherPod = other.pod else { return true }
        return pod == otherPod
    }
}

extension Holder {
    /// This holder, with the recorded cluster of the same pod on the same node if this holder's cluster is not known.
    func succeeding(_ recorded: Holder) -> Holder {
        guard cluster == nil, isOfSamePod(as: recorded), node == recorded.node else { return self }
        var holder = self
        holder.cluster = recorded.cluster
        return holder
    }

    /// Whether `other` is the same holder, recorded with another cluster, or by an earlier version without the inode of its
    /// namespace.
    func differsOnlyInCluster(from other: Holder) -> Bool {
        var holder = self
        if holder.inode == nil { holder.inode = other.inode }
        holder.cluster = other.cluster
        return holder == other
    }
}

extension UnreadableObject {
    /// Whether this object may be the pod of `holder`.
    func mayBePod(of holder: Holder) -> Bool {
        guard kind == .pod else { return false }
        if let uid, uid == holder.uid { return true }
        guard let name, let namespace, let pod = holder.pod else { return false }
        return pod.namespace.text == namespace && pod.name.text == name
    }
}

/// Who holds addresses: what is known of a container's interface and of the pod behind it.
public struct Holder: Hashable, Sendable {
    public var pod: PodReference?
    /// What the runtime calls a container that is no pod; nil for a pod, and where it passed no name.
    public var container: ContainerName?
    /// The pod's UID as the runtime told it (`K8S_POD_UID`).
    public var uid: String?
    /// What Kubernetes said of the pod's controller.
    public var owner: Owner = .unknown
    /// The node's name.
    public var node: String?
    /// The node's boot ID (`/proc/sys/kernel/random/boot_id`): another one after every start of the machine.
    public var boot: String?
    /// The node's machine ID (machine-id(5)): the same as long as the machine is.
    public var machine: String?
    /// The path of the container's network namespace on its node.
    public var netns: String?
    /// That namespace's inode number (`st_ino` of stat(2)): the path may be another's one day.
    public var inode: UInt64?
    /// Which Kubernetes cluster the pod is of.
    public var cluster: String?

    /// What Kubernetes said of a pod's controller.
    public enum Owner: Hashable, Sendable {
        /// It was not asked: the pod's name may tell.
        case unknown
        case workload(Workload)
        /// None that reservations can be for, although the pod's name looks like it.
        case other
    }

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
    /// `sts/db`, or `none`; nil for what is not known.
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
    /// What Kubernetes says by showing `pod`. A name that tells no workload need not be contradicted.
    init(of pod: Pod) {
        if let workload = Workload(of: pod) {
            self = .workload(workload)
        } else {
            self = Workload(derivedFrom: pod.reference) == nil ? .unknown : .other
        }
    }
}

extension Holder {
    /// Takes the pod or the container by its names, as they are recorded.
    mutating func setNames(namespace: String?, name: String?) {
        (pod, container) = ContainerName.resolve(
            namespace.flatMap { try? Namespace($0) }, name.flatMap { try? PodName($0) })
    }

    /// What the runtime passed for a namespace.
    public var namespace: Namespace? { pod?.namespace ?? container?.namespace }

    /// What the runtime calls the container, with its namespace; nil where it passed no name.
    var name: ContainerName? { pod.map { ContainerName(namespace: $0.namespace, name: $0.name) } ?? container }

    /// Whether the runtime called the container so, pod or not.
    public func isCalled(_ reference: PodReference) -> Bool {
        name == ContainerName(namespace: reference.namespace, name: reference.name)
    }

    /// For a sentence: `default/db-0`, or `container web_1` for what is no pod; nil without a name.
    public var phrase: String? { pod?.description ?? container.map { "container \($0)" } }
}

extension Holder {
    /// Whether both are of one pod. Its UID alone does not tell: that of a static pod may stand in its manifest, and be
    /// the same on every node, where only the names differ.
    func isOfSamePod(as other: Holder) -> Bool {
        guard let uid, uid == other.uid else { return false }
        guard let pod, let otherPod = other.pod else { return true }
        return pod == otherPod
    }
}

extension Holder {
    /// This holder, with the cluster that is recorded for it already where it is not known now.
    func succeeding(_ recorded: Holder) -> Holder {
        guard cluster == nil, isOfSamePod(as: recorded), node == recorded.node else { return self }
        var holder = self
        holder.cluster = recorded.cluster
        return holder
    }

    /// Whether this is the holder `other`, recorded with another cluster or by an earlier version, which did not record the
    /// inode of its namespace.
    func differsOnlyInCluster(from other: Holder) -> Bool {
        var holder = self
        if holder.inode == nil { holder.inode = other.inode }
        holder.cluster = other.cluster
        return holder == other
    }
}

extension UnreadableObject {
    /// Whether it may be the pod of `holder`.
    func mayBePod(of holder: Holder) -> Bool {
        guard kind == .pod else { return false }
        if let uid, uid == holder.uid { return true }
        guard let name, let namespace, let pod = holder.pod else { return false }
        return pod.namespace.text == namespace && pod.name.text == name
    }
}

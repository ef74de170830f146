/// What CNI calls an attachment: one interface of one container (CNI spec section 2, "GC").
public struct AttachmentReference: Hashable, Sendable {
    /// The container.
    public let containerID: ContainerID
    /// The interface in it.
    public let ifname: InterfaceName

    /// Names an attachment.
    public init(containerID: ContainerID, ifname: InterfaceName) {
        self.containerID = containerID
        self.ifname = ifname
    }
}

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

/// The value of an attachment's key: the addresses of one interface of one container, since when, and for whom.
public struct Attachment: Hashable, Sendable {
    public var addresses: [IPAddress]
    public var holder: Holder
    public var since: Timestamp?
    /// True when an address was named or reserved rather than the next dynamic one.
    public var isFixed: Bool

    public init(addresses: [IPAddress], holder: Holder, since: Timestamp?, isFixed: Bool) {
        self.addresses = addresses
        self.holder = holder
        self.since = since
        self.isFixed = isFixed
    }

    /// The value as the store keeps it; unknown parts are left out.
    public var json: JSONValue {
        var object = JSONObject()
        object["addresses"] = .array(addresses.map { .string($0.description) })
        object["namespace"] = holder.namespace.map { .string($0.text) }
        object["pod"] = holder.name.map { .string($0.name.text) }
        object["uid"] = holder.uid.map(JSONValue.string)
        object["workload"] = holder.owner.text.map(JSONValue.string)
        object["node"] = holder.node.map(JSONValue.string)
        object["boot"] = holder.boot.map(JSONValue.string)
        object["machine"] = holder.machine.map(JSONValue.string)
        object["netns"] = holder.netns.map(JSONValue.string)
        object["inode"] = holder.inode.flatMap { Int64(exactly: $0) }.map { JSONValue($0) }
        object["cluster"] = holder.cluster.map(JSONValue.string)
        object["since"] = since.map { .string($0.description) }
        object["fixed"] = .bool(isFixed)
        return .object(object)
    }

    /// Reads a stored value. Members that this version does not know are ignored.
    ///
    /// - Throws: ``DamagedValue``.
    public init(stored text: String) throws(DamagedValue) {
        let json = try JSONValue(stored: text)
        guard let listed = json["addresses"]?.array, !listed.isEmpty else {
            throw DamagedValue("it has no list of addresses")
        }
        addresses = []
        for element in listed {
            guard let text = element.string, let address = try? IPAddress(text) else {
                throw DamagedValue("\(element.serialized()) is not an address")
            }
            if !addresses.contains(address) { addresses.append(address) }
        }
        holder = Holder(
            uid: json["uid"]?.string, node: json["node"]?.string, boot: json["boot"]?.string,
            machine: json["machine"]?.string, netns: json["netns"]?.string,
            inode: json["inode"]?.int.flatMap { UInt64(exactly: $0) }, cluster: json["cluster"]?.string)
        holder.setNames(namespace: json["namespace"]?.string, name: json["pod"]?.string)
        holder.owner = Holder.Owner(text: json["workload"]?.string)
        since = json["since"]?.string.flatMap(Timestamp.init)
        isFixed = json["fixed"]?.bool ?? false
    }
}

/// A stored value that is not what its key promises.
public struct DamagedValue: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ problem: String) {
        description = problem
    }
}

extension JSONValue {
    init(stored text: String) throws(DamagedValue) {
        do throws(JSONSyntaxError) {
            self = try JSONValue(parsing: text)
        } catch {
            throw DamagedValue(error.description)
        }
    }
}

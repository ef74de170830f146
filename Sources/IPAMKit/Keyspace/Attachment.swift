/// The identity of an attachment: one interface of one container (CNI spec section 2, "GC").
public struct AttachmentReference: Hashable, Sendable {
    /// CNI_CONTAINERID.
    public let containerID: ContainerID
    /// CNI_IFNAME: the interface in the container.
    public let ifname: InterfaceName

    /// Makes a reference; the attachment need not exist.
    public init(containerID: ContainerID, ifname: InterfaceName) {
        self.containerID = containerID
        self.ifname = ifname
    }
}

/// The value of an attachment's key: the addresses of one interface of one container, and its pod.
public struct Attachment: Hashable, Sendable {
    /// The addresses of the interface, each once, in the order of the range sets.
    public var addresses: [IPAddress]
    /// The pod or container, its node and its network namespace.
    public var holder: Holder
    /// The time of the ADD; nil if it is not recorded.
    public var since: Timestamp?
    /// Whether an address was requested or reserved; false if all are dynamic.
    public var isFixed: Bool

    /// Makes an attachment that is not stored yet.
    public init(addresses: [IPAddress], holder: Holder, since: Timestamp?, isFixed: Bool) {
        self.addresses = addresses
        self.holder = holder
        self.since = since
        self.isFixed = isFixed
    }

    /// The stored value, without members that are not known: `{addresses, namespace, pod, uid, workload, node, boot, machine,
    /// netns, inode, cluster, since, fixed}`.
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
    /// - Throws: ``DamagedValue`` if the text is not JSON, or has no valid addresses.
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

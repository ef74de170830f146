import Store

/// The use of addresses by one interface of one container.
///
/// The Go plugin records only a container ID; its tenancies have neither an interface nor an attachment.
public struct Tenancy: Hashable, Sendable {
    /// The value of the used keys. The Go plugin writes it unchecked, so it may not be a valid container ID.
    public let containerID: String
    /// Nil if only the container is recorded.
    public let ifname: InterfaceName?
    /// All addresses of the interface, in the order of the range sets; without an attachment, the addresses that were looked
    /// up. Empty if the tenancy was read from JSON.
    public let addresses: [IPAddress]
    /// Nil if there is no attachment, or if it cannot be read.
    public let attachment: Attachment?
    /// The attachment's record as it was read, for guards; nil if no change is planned.
    let record: Record?

    /// Makes the tenancy of an attachment.
    init(_ reference: AttachmentReference, _ attachment: Attachment, record: Record? = nil) {
        containerID = reference.containerID.text
        ifname = reference.ifname
        addresses = attachment.addresses
        self.attachment = attachment
        self.record = record
    }

    /// Makes the tenancy of used keys without an attachment that can be read.
    ///
    /// - Parameter record: an attachment that cannot be read.
    init(containerID: String, addresses: [IPAddress], record: Record? = nil) {
        self.containerID = containerID
        self.addresses = addresses
        self.record = record
        ifname = nil
        attachment = nil
    }

    /// The attachment's name; nil if only the container is recorded, or its ID is not valid.
    var reference: AttachmentReference? {
        guard let ifname, let container = try? ContainerID(containerID) else { return nil }
        return AttachmentReference(containerID: container, ifname: ifname)
    }

    /// The pod, its node and so on; nothing is known of it if only the container is recorded.
    public var holder: Holder { attachment?.holder ?? Holder() }

    /// The time of the ADD; nil if it is not recorded.
    public var since: Timestamp? { attachment?.since }

    /// For messages: `default/db-0 on n1`, `container web_1 on n1` for a container that is not a pod, or `container 4b1f...`.
    public var phrase: String {
        guard let holder = attachment?.holder, let name = holder.phrase else { return "container \(containerID)" }
        return name + (holder.node.map { " on \($0)" } ?? "")
    }

    /// The tenancy without ``record``, to save memory; nil without an attachment.
    var withoutRecord: Tenancy? { attachment.flatMap { attachment in reference.map { Tenancy($0, attachment) } } }

    // MARK: JSON

    /// `{containerID, ifname, namespace, pod, uid, node, since, fixed}`; unknown members are left out.
    public var json: JSONObject {
        var object: JSONObject = ["containerID": .string(containerID)]
        object["ifname"] = ifname.map { .string($0.text) }
        guard let attachment else { return object }
        object["namespace"] = attachment.holder.namespace.map { .string($0.text) }
        object["pod"] = attachment.holder.name.map { .string($0.name.text) }
        object["uid"] = attachment.holder.uid.map(JSONValue.string)
        object["node"] = attachment.holder.node.map(JSONValue.string)
        object["since"] = attachment.since.map { .string($0.description) }
        object["fixed"] = .bool(attachment.isFixed)
        return object
    }

    /// ``json`` and all other members: `workload, containerName, netns, inode, boot, machine, cluster`.
    var completeJSON: JSONObject {
        var object = json
        guard let holder = attachment?.holder else { return object }
        object["workload"] = holder.owner.text.map(JSONValue.string)
        object["containerName"] = holder.container.map { .string($0.description) }
        object["netns"] = holder.netns.map(JSONValue.string)
        object["inode"] = holder.inode.flatMap { Int64(exactly: $0) }.map { JSONValue($0) }
        object["boot"] = holder.boot.map(JSONValue.string)
        object["machine"] = holder.machine.map(JSONValue.string)
        object["cluster"] = holder.cluster.map(JSONValue.string)
        return object
    }

    /// Reads ``json``, or the tenancy of a stored history entry; neither has the addresses. Nil without a container ID.
    init?(json: JSONObject) {
        guard let containerID = json["containerID"]?.string else { return nil }
        self.containerID = containerID
        addresses = []
        record = nil
        ifname = json["ifname"]?.string.flatMap { try? InterfaceName($0) }
        guard ["namespace", "pod", "uid", "node", "since", "fixed"].contains(where: { json[$0] != nil }) else {
            attachment = nil
            return
        }
        var holder = Holder(uid: json["uid"]?.string, node: json["node"]?.string)
        holder.setNames(namespace: json["namespace"]?.string, name: json["pod"]?.string)
        let since = json["since"]?.string.flatMap(Timestamp.init)
        attachment = Attachment(addresses: [], holder: holder, since: since, isFixed: json["fixed"]?.bool ?? false)
    }
}

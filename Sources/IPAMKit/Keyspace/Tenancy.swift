import Store

/// Who has addresses: one interface of one container, and what is recorded of the pod behind it.
///
/// The Go plugin records a container ID and nothing else; its tenancies have neither an interface nor an attachment.
public struct Tenancy: Hashable, Sendable {
    /// The value of the used keys. The Go plugin does not check its own.
    public let containerID: String
    /// Nil if only the container is recorded.
    public let ifname: InterfaceName?
    /// All addresses of the interface, in the order of the range sets; without an attachment those that the tenancy is about.
    /// Empty if it was read from JSON.
    public let addresses: [IPAddress]
    /// Nil if there is none, or none that can be read.
    public let attachment: Attachment?
    /// The attachment's record as it was read, which a change is guarded by; nil if no change is planned on it.
    let record: Record?

    /// What an attachment records.
    init(_ reference: AttachmentReference, _ attachment: Attachment, record: Record? = nil) {
        containerID = reference.containerID.text
        ifname = reference.ifname
        addresses = attachment.addresses
        self.attachment = attachment
        self.record = record
    }

    /// What used keys record, without an attachment that can be read.
    ///
    /// - Parameter record: the attachment that cannot be read.
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

    /// The pod, the node and the like; empty if only the container is recorded.
    public var holder: Holder { attachment?.holder ?? Holder() }

    /// Since when; nil if that is not recorded.
    public var since: Timestamp? { attachment?.since }

    /// For a message: `default/db-0 on n1`, `container web_1 on n1` for a container that is no pod, or `container 4b1f...`.
    public var phrase: String {
        guard let holder = attachment?.holder, let name = holder.phrase else { return "container \(containerID)" }
        return name + (holder.node.map { " on \($0)" } ?? "")
    }

    /// The same without the record: of many tenancies these take room.
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

    /// ``json`` with everything else that is recorded: `workload, containerName, netns, inode, boot, machine, cluster`.
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

    /// Reads ``json``, or what a history keeps of it, neither of which has the addresses; nil without a container ID.
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

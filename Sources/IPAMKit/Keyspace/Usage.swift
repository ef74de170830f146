/// Who uses the address.
public struct Usage: Hashable, Sendable {
    /// The value of the used key. The Go plugin's are plain container IDs, too.
    public let containerID: String
    /// Nil for what the Go plugin recorded.
    public let attachment: Attachment?
    public let ifname: InterfaceName?

    /// For a sentence: `default/db-0 on n1`, `container web_1 on n1` for what is no pod, or `container 4b1f...`.
    public var phrase: String {
        guard let holder = attachment?.holder, let name = holder.phrase else { return "container \(containerID)" }
        return name + (holder.node.map { " on \($0)" } ?? "")
    }

    /// `{containerID, ifname, namespace, pod, uid, node, since, fixed}`; what is unknown is left out: the namespace of
    /// a container that is no pod.
    var json: JSONObject {
        var object: JSONObject = ["containerID": .string(containerID)]
        object["ifname"] = ifname.map { .string($0.text) }
        guard let attachment else { return object }
        let holder = attachment.holder
        object["namespace"] = holder.namespace.map { .string($0.text) }
        object["pod"] = holder.name.map { .string($0.name.text) }
        object["uid"] = holder.uid.map(JSONValue.string)
        object["node"] = holder.node.map(JSONValue.string)
        object["since"] = attachment.since.map { .string($0.description) }
        object["fixed"] = .bool(attachment.isFixed)
        return object
    }

    /// The same with all else that is recorded: `workload, containerName, netns, inode, boot, machine, cluster`.
    /// Histories keep only what ``json`` has.
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
}

extension Usage {
    /// As the history keeps it; nil without a container ID.
    init?(json: JSONObject, of address: IPAddress) {
        guard let container = json["containerID"]?.string else { return nil }
        var holder = Holder(uid: json["uid"]?.string, node: json["node"]?.string)
        holder.setNames(namespace: json["namespace"]?.string, name: json["pod"]?.string)
        let since = json["since"]?.string.flatMap(Timestamp.init)
        let ifname = json["ifname"]?.string.flatMap { try? InterfaceName($0) }
        let attachment = Attachment(
            addresses: [address], holder: holder, since: since, isFixed: json["fixed"]?.bool ?? false)
        self.init(containerID: container, attachment: ifname == nil ? nil : attachment, ifname: ifname)
    }
}

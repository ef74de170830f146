import Store

/// The use of addresses by one interface of one container.
///
/// The Go plugin records only a container ID; its tenancies have neither an interface nor an attachment.
public struct Tenancy: Hashable, Sendable {
    private let contents: Contents

    /// A class, because a tenancy would take half a kilobyte wherever it is kept, and an audit keeps each several times.
    private final class Contents: Hashable, Sendable {
        let containerID: String
        let ifname: InterfaceName?
        let addresses: [IPAddress]
        let attachment: Attachment?
        let record: Record?

        init(
            _ containerID: String, _ ifname: InterfaceName?, _ addresses: [IPAddress], _ attachment: Attachment?,
            _ record: Record?
        ) {
            self.containerID = containerID
            self.ifname = ifname
            self.addresses = addresses
            self.attachment = attachment
            self.record = record
        }

        static func == (left: Contents, right: Contents) -> Bool {
            left === right
                || left.containerID == right.containerID && left.ifname == right.ifname
                    && left.addresses == right.addresses && left.attachment == right.attachment
                    && left.record == right.record
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(containerID)
            hasher.combine(ifname)
            hasher.combine(addresses)
        }
    }

    /// The value of the used keys. The Go plugin writes it unchecked, so it may not be a valid container ID.
    public var containerID: String { contents.containerID }
    /// Nil if only the container is recorded.
    public var ifname: InterfaceName? { contents.ifname }
    /// All addresses of the interface, in the order of the range sets; without an attachment, the addresses that were looked
    /// up. Empty if the tenancy was read from JSON.
    public var addresses: [IPAddress] { contents.addresses }
    /// Nil if there is no attachment, or if it cannot be read.
    public var attachment: Attachment? { contents.attachment }
    /// The attachment's record as it was read, for guards; nil if no change is planned.
    var record: Record? { contents.record }

    /// Makes the tenancy of an attachment.
    init(_ reference: AttachmentReference, _ attachment: Attachment, record: Record? = nil) {
        contents = Contents(
            reference.containerID.text, reference.ifname, attachment.addresses, attachment, record)
    }

    /// Makes the tenancy of used keys without an attachment that can be read.
    ///
    /// - Parameter record: an attachment that cannot be read.
    init(containerID: String, addresses: [IPAddress], record: Record? = nil) {
        contents = Contents(containerID, nil, addresses, nil, record)
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

    // MARK: JSON

    /// `{containerID, ifname, namespace, pod, uid, node, since, fixed}`; unknown members are left out.
    public var json: JSONObject {
        let holder = attachment?.holder
        return JSONObject(present: [
            "containerID": .string(containerID), "ifname": .known(ifname?.text),
            "namespace": .known(holder?.namespace?.text), "pod": .known(holder?.name?.name.text),
            "uid": .known(holder?.uid), "node": .known(holder?.node), "since": .known(since?.description),
            "fixed": attachment.map { .bool($0.isFixed) },
        ])
    }

    /// ``json`` and all other members: `workload, containerName, netns, inode, boot, machine, cluster`.
    var completeJSON: JSONObject {
        guard let attachment else { return json }
        let holder = attachment.holder
        return JSONObject(present: [
            "containerID": .string(containerID), "ifname": .known(ifname?.text),
            "namespace": .known(holder.namespace?.text), "pod": .known(holder.name?.name.text),
            "uid": .known(holder.uid), "node": .known(holder.node), "since": .known(since?.description),
            "fixed": .bool(attachment.isFixed), "workload": .known(holder.owner.text),
            "containerName": .known(holder.container?.description), "netns": .known(holder.netns),
            "inode": holder.inode.flatMap { Int64(exactly: $0) }.map { JSONValue($0) }, "boot": .known(holder.boot),
            "machine": .known(holder.machine), "cluster": .known(holder.cluster),
        ])
    }

    /// Reads ``json``, or the tenancy of a stored history entry; neither has the addresses. Nil without a container ID.
    init?(json: JSONObject) {
        guard let containerID = json["containerID"]?.string else { return nil }
        let ifname = json["ifname"]?.string.flatMap { try? InterfaceName($0) }
        guard ["namespace", "pod", "uid", "node", "since", "fixed"].contains(where: { json[$0] != nil }) else {
            contents = Contents(containerID, ifname, [], nil, nil)
            return
        }
        var holder = Holder(uid: json["uid"]?.string, node: json["node"]?.string)
        holder.setNames(namespace: json["namespace"]?.string, name: json["pod"]?.string)
        let since = json["since"]?.string.flatMap(Timestamp.init)
        let attachment = Attachment(addresses: [], holder: holder, since: since, isFixed: json["fixed"]?.bool ?? false)
        contents = Contents(containerID, ifname, [], attachment, nil)
    }
}

extension JSONValue? {
    /// A string; nil if nothing is known.
    fileprivate static func known(_ text: String?) -> JSONValue? { text.map(JSONValue.string) }
}

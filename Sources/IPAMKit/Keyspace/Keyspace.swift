import Store

/// The keys of one network in the store: the contract between the two programs, and with the Go project.
///
/// All keys are under `/etcd-cni/networks/<network>`. Only validated names become part of a key, so that a name cannot lead to
/// a key at another place.
public struct Keyspace: Hashable, Sendable {
    /// The prefix of all networks.
    public static let root = "/etcd-cni/networks/"

    /// The network that all keys belong to.
    public let network: NetworkName
    private let base: String

    /// The keys of a network, which need not exist in the store.
    public init(_ network: NetworkName) {
        self.network = network
        base = Self.root + network.text
    }

    /// The network's range sets as JSON, see ``NetworkDocument``. Never use it in a guard: Go nodes rewrite it on every ADD and
    /// DEL.
    public var document: Key { Key(base) }
    /// The settings that would be lost if they were in ``document``, which the Go project rewrites; see ``NetworkSettings``.
    public var settings: Key { Key(base + "/config") }
    /// The lock of the Go project; its value is a lease ID. Respected here, never taken.
    public var lock: Key { Key(base + "/lock") }

    // MARK: Addresses in use

    /// The prefix of the addresses in use, see ``used(_:)``.
    public var usedPrefix: String { base + "/used/" }
    /// The key of an address in use; its value is the container ID, as plain text.
    public func used(_ address: IPAddress) -> Key { Key(usedPrefix + address.description) }
    /// The key of a range set's cursor, by the set's index from 0; its value is the last dynamic address that was given out, as
    /// plain text.
    public func cursor(rangeSet index: Int) -> Key { Key(base + "/lastReserved/" + String(index)) }

    // MARK: Attachments

    /// The prefix of all attachments.
    public var attachmentsPrefix: String { base + "/attachments/" }
    /// The prefix of the attachments of one container.
    public func attachmentsPrefix(of container: ContainerID) -> String { attachmentsPrefix + container.text + "/" }
    /// The key of an attachment; its value is an ``Attachment``.
    public func attachment(_ reference: AttachmentReference) -> Key {
        Key(attachmentsPrefix(of: reference.containerID) + reference.ifname.text)
    }

    // MARK: Reservations

    /// The prefix of all reservations.
    public var reservationsPrefix: String { base + "/reservations/" }
    /// The key of an address's reservation; its value is a ``Reservation``.
    public func reservation(_ address: IPAddress) -> Key { Key(reservationsPrefix + address.description) }
    /// The prefix of the claims of one owner, see ``claim(_:_:)``.
    public func claimsPrefix(of owner: ClaimOwner) -> String {
        switch owner {
        case .pod(let pod): base + "/claims/\(pod.namespace)/pod/\(pod.name)/"
        case .workload(let namespace, let name): base + "/claims/\(namespace)/workload/\(name)/"
        }
    }
    /// The key of a claim: it ends in an address that is reserved for `owner`, and its value is empty.
    public func claim(_ owner: ClaimOwner, _ address: IPAddress) -> Key {
        Key(claimsPrefix(of: owner) + address.description)
    }

    /// The prefix of the claims of all workloads of a namespace whose names begin with `text`.
    func workloadClaimsPrefix(in namespace: Namespace, startingWith text: String) -> String {
        base + "/claims/\(namespace)/workload/" + text
    }

    /// The prefix of the claims of all owners of a namespace.
    public func claimsPrefix(of namespace: Namespace) -> String { base + "/claims/\(namespace)/" }

    /// The key of an address whose holder appears to be gone, without proof; its value is a ``Suspect``. Every change that frees
    /// the address also deletes this key.
    public func suspect(_ address: IPAddress) -> Key { Key(suspectsPrefix + address.description) }
    /// The prefix of all suspects.
    public var suspectsPrefix: String { base + "/suspects/" }

    /// The prefix of all histories.
    public var historyPrefix: String { base + "/history/" }
    /// The key of an address's history; its value is a ``History``.
    public func history(_ address: IPAddress) -> Key { Key(historyPrefix + address.description) }

    // MARK: Reading keys

    /// The network of a document's key, or of a key under it; nil for any other key.
    public static func network(of key: Key) -> NetworkName? {
        guard key.text.hasPrefix(root) else { return nil }
        return try? NetworkName(String(key.text.dropFirst(root.count).prefix { $0 != "/" }))
    }

    /// The address after `prefix` in `key`; nil if `key` does not have the prefix, or the rest is not a canonical address.
    public static func address(of key: Key, in prefix: String) -> IPAddress? {
        guard let text = key.text.rest(after: prefix), let address = try? IPAddress(String(text)),
            address.description == text
        else { return nil }
        return address
    }

    /// The attachment of an attachment's key; nil for any other key.
    public func attachmentReference(of key: Key) -> AttachmentReference? {
        guard let name = key.text.rest(after: attachmentsPrefix),
            let slash = name.utf8.firstIndex(of: UInt8(ascii: "/")),
            let container = try? ContainerID(String(name[..<slash])),
            let interface = try? InterfaceName(String(name[name.utf8.index(after: slash)...]))
        else { return nil }
        return AttachmentReference(containerID: container, ifname: interface)
    }
}

/// The owners of claims: their pods get the addresses that are reserved for them without requesting them.
public enum ClaimOwner: Hashable, Sendable {
    /// One pod, by its name.
    case pod(PodReference)
    /// All pods of a workload. The kind is not part of the key; the reservation has it.
    case workload(Namespace, PodName)
}

extension ClaimOwner {
    /// The form that `ipamctl reserve --for` accepts: `default/db-0` or `default/deploy/web`.
    func phrase(_ workload: Workload?) -> String {
        switch self {
        case .pod(let pod): pod.description
        case .workload(let namespace, let name): "\(namespace)/\(workload?.description ?? name.text)"
        }
    }
}

extension String {
    /// The text after `prefix`, compared byte by byte as the store does; nil if the text does not begin with it.
    func rest(after prefix: String) -> Substring? {
        guard utf8.starts(with: prefix.utf8) else { return nil }
        return self[utf8.index(startIndex, offsetBy: prefix.utf8.count)...]
    }
}

import Store

/// Where one network's data lies in the store: the contract between the two programs, and with the Go project.
///
/// Everything is under `/etcd-cni/networks/<network>`. The names that go into a key are validated types, so that a key
/// cannot be forged out of its place.
public struct Keyspace: Hashable, Sendable {
    /// The prefix of all networks.
    public static let root = "/etcd-cni/networks/"

    public let network: NetworkName
    private let base: String

    public init(_ network: NetworkName) {
        self.network = network
        base = Self.root + network.text
    }

    /// The network's range sets as JSON, see ``NetworkDocument``. Go nodes rewrite it on every ADD and DEL: never a
    /// guard.
    public var document: Key { Key(base) }
    /// What the Go project's rewriting of ``document`` would lose, see ``NetworkSettings``.
    public var settings: Key { Key(base + "/config") }
    /// The Go project's lock: respected, never taken.
    public var lock: Key { Key(base + "/lock") }

    // MARK: Addresses in use

    public var usedPrefix: String { base + "/used/" }
    /// The container ID that holds `address`, as plain text.
    public func used(_ address: IPAddress) -> Key { Key(usedPrefix + address.description) }
    /// The last address given out of the range set with this index, as plain text.
    public func cursor(rangeSet index: Int) -> Key { Key(base + "/lastReserved/" + String(index)) }

    // MARK: Attachments

    public var attachmentsPrefix: String { base + "/attachments/" }
    /// All attachments of one container.
    public func attachmentsPrefix(of container: ContainerID) -> String { attachmentsPrefix + container.text + "/" }
    /// See ``Attachment``.
    public func attachment(_ reference: AttachmentReference) -> Key {
        Key(attachmentsPrefix(of: reference.containerID) + reference.ifname.text)
    }

    // MARK: Reservations

    public var reservationsPrefix: String { base + "/reservations/" }
    /// See ``Reservation``.
    public func reservation(_ address: IPAddress) -> Key { Key(reservationsPrefix + address.description) }
    /// The addresses reserved for one owner, as the last segments of empty keys.
    public func claimsPrefix(of owner: ClaimOwner) -> String {
        switch owner {
        case .pod(let pod): base + "/claims/\(pod.namespace)/pod/\(pod.name)/"
        case .workload(let namespace, let name): base + "/claims/\(namespace)/workload/\(name)/"
        }
    }
    public func claim(_ owner: ClaimOwner, _ address: IPAddress) -> Key {
        Key(claimsPrefix(of: owner) + address.description)
    }

    /// Where the claims of all workloads of a namespace are whose names begin so.
    func workloadClaimsPrefix(in namespace: Namespace, startingWith text: String) -> String {
        base + "/claims/\(namespace)/workload/" + text
    }

    /// Under whose prefix the claims of all owners of a namespace are.
    public func claimsPrefix(of namespace: Namespace) -> String { base + "/claims/\(namespace)/" }

    /// When a holder was first seen gone and not yet proven to be, see ``Suspect``; whatever frees the address deletes
    /// it, too.
    public func suspect(_ address: IPAddress) -> Key { Key(suspectsPrefix + address.description) }
    public var suspectsPrefix: String { base + "/suspects/" }

    public var historyPrefix: String { base + "/history/" }
    /// See ``History``.
    public func history(_ address: IPAddress) -> Key { Key(historyPrefix + address.description) }

    // MARK: Reading keys

    /// The network that `key` is of: the document's, or one under it.
    public static func network(of key: Key) -> NetworkName? {
        guard key.text.hasPrefix(root) else { return nil }
        return try? NetworkName(String(key.text.dropFirst(root.count).prefix { $0 != "/" }))
    }

    /// The address that ends `key`, if `key` is in `prefix` and ends in a canonical address.
    public static func address(of key: Key, in prefix: String) -> IPAddress? {
        guard key.text.hasPrefix(prefix) else { return nil }
        let text = String(key.text.dropFirst(prefix.count))
        guard let address = try? IPAddress(text), address.description == text else { return nil }
        return address
    }

    /// The attachment that `key` is of.
    public func attachmentReference(of key: Key) -> AttachmentReference? {
        guard key.text.hasPrefix(attachmentsPrefix) else { return nil }
        let parts = key.text.dropFirst(attachmentsPrefix.count)
            .split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 2, let container = try? ContainerID(String(parts[0])),
            let interface = try? InterfaceName(String(parts[1]))
        else { return nil }
        return AttachmentReference(containerID: container, ifname: interface)
    }
}

/// Whom a reservation can be looked up by: the owners whose pods get their reserved addresses unasked.
public enum ClaimOwner: Hashable, Sendable {
    case pod(PodReference)
    case workload(Namespace, PodName)
}

extension ClaimOwner {
    /// As `ipamctl reserve --for` takes it: `default/db-0` or `default/deploy/web`.
    func phrase(_ workload: Workload?) -> String {
        switch self {
        case .pod(let pod): pod.description
        case .workload(let namespace, let name): "\(namespace)/\(workload?.description ?? name.text)"
        }
    }
}

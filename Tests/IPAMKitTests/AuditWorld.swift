import TestSupport

@testable import IPAMKit
@testable import Store

/// A network and the cluster behind it, as a test makes them up: what is in the store, and what Kubernetes says.
struct AuditWorld {
    var keys: Keyspace
    /// What is in the store.
    var records: [(Key, String)] = []
    var pods: [Pod] = []
    var nodes: [Node] = []
    /// Pods and nodes that cannot be read.
    var unreadable: [UnreadableObject] = []
    /// The other networks of the store.
    var others: [NetworkPlace] = []
    var cluster: String? = "c1"
    var settings = NetworkSettings(hasGoNodes: false, fixed: [])

    init(_ network: NetworkName, rangeSets: [RangeSet]) {
        keys = Keyspace(network)
        settings.record(rangeSets)
        records = [
            (keys.document, NetworkDocument.serialize(rangeSets)), (keys.settings, settings.serialized()),
        ]
        for name in ["n1", "n2"] { nodes.append(Node(name: name, isReady: true, isOutOfService: false)) }
    }

    /// What the store has of a sandbox.
    mutating func record(
        _ container: String, _ addresses: [String], pod name: String? = nil, uid: String? = nil, node: String = "n1",
        cluster: String? = "c1", ifname: String = "eth0", usesKeys: Bool = true, isFirst: Bool = false,
        called other: String? = nil
    ) {
        guard let reference = try? reference(container, ifname) else { return }
        var holder = Holder(
            uid: uid, node: node, boot: "boot-\(node)", netns: "/run/netns/\(container)", cluster: cluster)
        holder.pod = name.map(IPAMKitTests.pod)
        if let other {
            let parts = other.split(separator: "/").map(String.init)
            holder.setNames(namespace: parts.count == 2 ? parts[0] : nil, name: parts.last)
        }
        let attachment = Attachment(
            addresses: addresses.map(address), holder: holder, since: noon, isFixed: false)
        let record = (keys.attachment(reference), attachment.json.serialized())
        records.insert(record, at: isFirst ? 0 : records.endIndex)
        guard usesKeys else { return }
        for text in addresses { records.append((keys.used(address(text)), container)) }
    }

    /// A running pod, and its sandbox in the store.
    mutating func run(_ container: String, _ addresses: [String], pod name: String, uid: String, node: String = "n1") {
        record(container, addresses, pod: name, uid: uid, node: node)
        var pod = Pod.member(name, uid: uid, node: node)
        pod.addresses = addresses.map(address)
        pods.append(pod)
    }

    mutating func reserve(
        _ text: String, for holder: String, by: String = "root@admin1", expires: Timestamp? = nil
    ) {
        guard let holder = try? ReservationHolder(holder) else { return }
        let reservation = Reservation(for: holder, by: by, since: noon, expires: expires)
        records.append((keys.reservation(address(text)), reservation.json.serialized()))
        if let owner = holder.claimOwner { records.append((keys.claim(owner, address(text)), "")) }
    }

    /// The snapshot that a read of the store would bring, each key at a revision of its own.
    var snapshot: NetworkSnapshot {
        var snapshot = NetworkSnapshot(network: keys.network, revision: Revision(records.count + 1))
        snapshot.settings = settings
        for (index, (key, value)) in records.enumerated() {
            let record = Record(key: key, value: value, created: Revision(index + 1), modified: Revision(index + 1))
            if key == keys.document {
                snapshot.rangeSets = try? NetworkDocument.parse(value, settings)
            } else if key == keys.lock {
                snapshot.lock = record
            } else if let address = Keyspace.address(of: key, in: keys.usedPrefix) {
                snapshot.used[address] = record
            } else if let reference = keys.attachmentReference(of: key), let value = try? Attachment(stored: value) {
                snapshot.tenancies.append(Tenancy(reference, value, record: record))
            } else if let address = Keyspace.address(of: key, in: keys.reservationsPrefix),
                let value = try? Reservation(stored: value)
            {
                snapshot.reservations[address] = (record, value)
            } else if let address = Keyspace.address(of: key, in: keys.suspectsPrefix) {
                snapshot.suspects[address] = try? Suspect(stored: value)
            }
        }
        return snapshot
    }

    func report(configured: [RangeSet]? = nil, at now: Timestamp = noon) -> AuditReport {
        Audit(
            snapshot,
            evidence: .kubernetes(
                ClusterSnapshot(cluster: cluster, pods: pods, nodes: nodes, unreadable: unreadable)),
            configured: configured, beside: others, now: now
        ).report()
    }

    /// `address code repair`, with a question mark where it must be confirmed.
    func findings(configured: [RangeSet]? = nil, at now: Timestamp = noon) -> [String] {
        report(configured: configured, at: now).findings.map(\.summary)
    }
}

extension AuditFinding {
    var summary: String {
        "\(address?.description ?? "network") \(code.rawValue) \(repair.rawValue)\(mustBeConfirmed ? "?" : "")"
    }
}

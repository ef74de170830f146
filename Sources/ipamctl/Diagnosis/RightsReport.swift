import EtcdClient
import EtcdStore
import IPAMKit
import Store

/// What an etcd user may not do with the keys of one network.
struct RightsReport: Hashable, Sendable {
    let network: NetworkName
    var unreadable: [String] = []
    var unwritable: [String] = []
    /// Whether etcd refuses all writes because its database is full.
    var isFull = false

    /// A part of the keyspace that has to be read and written.
    struct Place {
        /// Such as `/etcd-cni/networks/k8s/used/`.
        let name: String
        /// Reads one key of it.
        let read: EtcdRangeRequest
        /// A key of it.
        let key: Key

        init(_ name: String, isPrefix: Bool) {
            self.name = name
            let range = isPrefix ? KeyRange(prefix: name) : nil
            let key = Key(name)
            var read = EtcdRangeRequest(key: (range?.start ?? key).bytes)
            if let end = range?.end { read.rangeEnd = end.bytes }
            read.limit = 1
            read.keysOnly = true
            self.read = read
            self.key = Key(isPrefix ? name + "doctor" : name)
        }
    }

    /// A transaction that would write a key of each place, and never does: its guards demand a version that no key has. etcd
    /// checks the rights of the writes before it looks at the guards.
    static func neverWrite(to places: [Place]) -> EtcdTxnRequest {
        EtcdTxnRequest(
            compare: places.map { EtcdCompare(key: $0.key.bytes, .version(-1)) },
            success: places.map { .put(EtcdPutRequest(key: $0.key.bytes)) })
    }

    static func places(of keys: Keyspace) -> [Place] {
        let base = keys.document.text + "/"
        let children = ["used/", "lastReserved/", "attachments/", "reservations/", "claims/", "suspects/", "history/"]
        return [Place(keys.document.text, isPrefix: false), Place(keys.settings.text, isPrefix: false)]
            + children.map { Place(base + $0, isPrefix: true) }
    }
}

extension Check {
    static func rights(_ report: RightsReport, user: String?) -> Check {
        let who = user.map { "user \($0)" } ?? "this client"
        let problems = [
            report.unreadable.isEmpty ? nil : "may not read \(list(report.unreadable))",
            report.unwritable.isEmpty ? nil : "may not write \(list(report.unwritable))",
        ].compactMap(\.self)
        let network = report.network.text
        guard problems.isEmpty else {
            let key = Keyspace(report.network).document.text
            return .failed(
                .etcdRights, network, "\(who) \(problems.joined(separator: ", and "))",
                next: "grant its role readwrite on the key \(key) and on the prefix \(key)/ "
                    + "('etcdctl role grant-permission')")
        }
        if report.isFull {
            return .skipped(
                .etcdRights, network, "\(who) may read everything; etcd's database is full and refuses all writes")
        }
        return .ok(.etcdRights, network, "\(who) may read and write all keys of the network")
    }

    /// The first of some keys, and how many more there are.
    private static func list(_ keys: [String]) -> String {
        guard let first = keys.first, keys.count > 1 else { return keys.first ?? "" }
        return "\(first) and \((keys.count - 1).counted("other key range"))"
    }
}

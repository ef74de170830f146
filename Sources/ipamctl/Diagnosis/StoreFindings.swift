import EtcdClient
import IPAMKit

extension Check {
    /// With more revisions that are not compacted there is a warning.
    static let mostRevisions: Int64 = 100_000

    static func read(answered latency: Duration, user: String?) -> Check {
        let who = user.map { " as user \($0)" } ?? ""
        return .ok(.etcdRead, "etcd", "a read that needs a quorum took \(latency.inMilliseconds)\(who)")
    }

    static func read(failed error: EtcdError, user: String?) -> Check {
        let next: String
        switch error {
        case .unauthenticated where user == nil:
            next = "name an etcd user with --user and --endpoints, or in ipam.etcdConfig"
        case .unauthenticated: next = "check the user's name and password: --user, or ipam.etcdConfig"
        case .invalidConfiguration: next = "correct the setting that the message names"
        default: next = "correct what the checks of the endpoints show; a write needs more than half of the members"
        }
        return .failed(.etcdRead, "etcd", error.description, next: next)
    }

    static func compaction(revision: Int64, keepsOldRevisions: Bool) -> Check {
        guard keepsOldRevisions else {
            let rest = revision > mostRevisions ? "; older revisions than the last \(mostRevisions) are compacted" : ""
            return .ok(.etcdCompaction, "etcd", "revision \(revision)\(rest)")
        }
        return .warning(
            .etcdCompaction, "etcd", "more than \(mostRevisions) revisions are not compacted (revision \(revision))",
            next: "start etcd with --auto-compaction-retention, such as 1h, so that its database does not fill up")
    }

    /// The networks cannot be listed.
    static func directory(_ error: IPAMError) -> Check {
        guard case .store(.denied) = error else { return .skipped(.etcdRights, Keyspace.root, error.description) }
        return .warning(
            .etcdRights, Keyspace.root, "the user may not list the networks",
            next: "name the network with --network, or let the user read the prefix \(Keyspace.root)")
    }

    // MARK: Ranges

    static func drift(_ drift: ConfigurationDrift?, of network: NetworkName) -> Check {
        guard let drift else {
            return .ok(.configDrift, network.text, "the CNI file and etcd have the same ranges")
        }
        return .warning(
            .configDrift, network.text, drift.description,
            next: "make the CNI files of all nodes the same; the next ADD writes the ranges of its file")
    }

    static func notStored(_ network: NetworkName) -> Check {
        .ok(.configDrift, network.text, "etcd has no ranges of the network yet; the first ADD writes them")
    }

    static func unreadable(_ network: NetworkName, _ error: IPAMError) -> Check {
        switch error {
        case .damaged(let key, _):
            .failed(
                .configDrift, network.text, error.description,
                next: "inspect the value with 'etcdctl get \(key)', and repair or delete it there")
        default: .skipped(.configDrift, network.text, error.description)
        }
    }

    /// - Parameter requested: if a network was named, only its overlaps count.
    static func overlaps(among places: [NetworkPlace], with requested: NetworkName? = nil) -> Check {
        let overlaps = NetworkOverlap.all(among: places).filter { overlap in
            requested.map { $0 == overlap.first || $0 == overlap.second } ?? true
        }
        guard let first = overlaps.first else {
            let count = places.count.counted("network")
            return requested.map { .ok(.networkOverlap, $0.text, "it overlaps with no other network (\(count))") }
                ?? .ok(.networkOverlap, "networks", "no two networks overlap (\(count))")
        }
        let rest = overlaps.count > 1 ? "; \((overlaps.count - 1).counted("more pair"))" : ""
        return .warning(
            .networkOverlap, "\(first.first) \(first.second)", first.description + rest,
            next: "give each network ranges of its own, unless their interfaces never meet")
    }
}

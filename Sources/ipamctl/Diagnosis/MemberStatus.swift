import IPAMKit

/// What one endpoint of etcd says about its member.
struct MemberStatus: Hashable, Sendable {
    let version: String
    let cluster: UInt64
    let member: UInt64
    /// 0 if the member knows no leader.
    let leader: UInt64
    let isLearner: Bool
    /// In bytes.
    let size: Int64
    /// In bytes; 0 if etcd does not say it.
    let sizeInUse: Int64
    /// The quota in bytes; nil if it is not known.
    let quota: Int64?
    /// Such as `NOSPACE`, of all members that this one knows.
    let alarms: [String]
    /// How long an answer took over an open connection.
    let latency: Duration

    /// etcd's default of `--quota-backend-bytes`: 2 GiB.
    static let defaultQuota: Int64 = 2 << 30

    /// The alarms in the errors that etcd 3.4 and newer report with the status, such as `memberID:1 alarm:NOSPACE `.
    static func alarms(inErrors errors: [String]) -> [String] {
        errors.compactMap { error in
            error.firstRange(of: "alarm:").map { String(error[$0.upperBound...].prefix { $0 != " " }) }
        }
    }

    /// The quota in etcd's metrics (Prometheus' text format); nil if it is not there.
    static func quota(inMetrics text: String) -> Int64? {
        let name = "etcd_server_quota_backend_bytes "
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line.flatMap { Double($0.dropFirst(name.count)) }.flatMap { Int64(exactly: $0.rounded()) }
    }
}

extension Check {
    /// From here on an answer is slow.
    private static let slow = Duration.milliseconds(100)
    /// In percent of the quota.
    private static let nearlyFull: Int64 = 80

    static func endpoint(_ url: String, _ status: Result<MemberStatus, ProbeFailure>) -> Check {
        let member: MemberStatus
        switch status {
        case .failure(let failure):
            return .failed(
                .etcdEndpoint, url, failure.reason,
                next: "check that etcd runs there and that this machine can reach it, or remove the endpoint")
        case .success(let found): member = found
        }
        let answer = "etcd \(member.version) answered in \(member.latency.inMilliseconds)"
        if member.leader == 0 {
            return .failed(
                .etcdEndpoint, url, "\(answer), and has no leader",
                next: "start the other members, or check the network between the members")
        }
        if member.isLearner {
            return .warning(
                .etcdEndpoint, url, "\(answer); it is a learner, which refuses reads and writes",
                next: "promote it with 'etcdctl member promote', or remove the endpoint")
        }
        if member.latency >= slow {
            return .warning(
                .etcdEndpoint, url, "\(answer), which is slow",
                next: "check the member's disk and the network: every ADD waits for etcd")
        }
        return .ok(.etcdEndpoint, url, answer + (member.leader == member.member ? "; it is the leader" : ""))
    }

    static func size(_ member: MemberStatus, of url: String) -> Check {
        let quota = member.quota ?? MemberStatus.defaultQuota
        let percent = member.size / max(1, quota / 100)
        let share = "\(percent) % of the \(member.quota == nil ? "default quota" : "quota") of \(ByteCount(quota))"
        let inUse = member.sizeInUse > 0 ? ", \(ByteCount(member.sizeInUse)) of it in use" : ""
        let seen = "the database has \(ByteCount(member.size))\(inUse), \(share)"
        guard percent >= nearlyFull else { return .ok(.etcdSize, url, seen) }
        let isFragmented = member.sizeInUse > 0 && member.sizeInUse < member.size / 2
        return .warning(
            .etcdSize, url, seen,
            next: (isFragmented ? "run 'etcdctl defrag'" : "run 'etcdctl compact' and 'etcdctl defrag'")
                + ", or raise --quota-backend-bytes; etcd refuses writes when the quota is reached")
    }

    static func alarms(_ members: [MemberStatus]) -> Check {
        guard !members.isEmpty else { return .skipped(.etcdAlarms, "etcd", "no endpoint answers") }
        let alarms = Set(members.flatMap(\.alarms)).sorted()
        guard let first = alarms.first else { return .ok(.etcdAlarms, "etcd", "no alarm is active") }
        let list = alarms.joined(separator: ", ")
        return .failed(
            .etcdAlarms, "etcd",
            first == "NOSPACE" ? "alarm \(list): the database is full, and no pod gets an address" : "alarm \(list)",
            next: alarms.contains("CORRUPT")
                ? "replace the corrupt member, see etcd's 'data corruption' documentation"
                : "run 'etcdctl compact' and 'etcdctl defrag', then 'etcdctl alarm disarm'")
    }

    /// Whether the endpoints are members of one cluster.
    ///
    /// - Parameter members: those that answered, with their endpoints.
    static func cluster(_ members: [(url: String, status: MemberStatus)], of count: Int) -> Check {
        guard let first = members.first else { return .skipped(.etcdCluster, "etcd", "no endpoint answers") }
        let others = members.filter { $0.status.cluster != first.status.cluster }
        guard others.isEmpty else {
            let list = others.map(\.url).joined(separator: ", ")
            return .failed(
                .etcdCluster, "etcd", "\(list) and \(first.url) belong to different clusters",
                next: "use only the endpoints of one cluster: pods would get the same address from each of them")
        }
        let leaders = Set(members.map(\.status.leader)).subtracting([0])
        guard leaders.count <= 1 else {
            return .warning(
                .etcdCluster, "etcd", "the members disagree about their leader",
                next: "run the command again; if it lasts, check the network between the members")
        }
        return .ok(.etcdCluster, "etcd", "\(members.count) of \(count.counted("endpoint")) answered, of one cluster")
    }
}

/// A number of bytes for people: `24.0 MiB`.
struct ByteCount: CustomStringConvertible {
    let description: String

    init(_ bytes: Int64) {
        let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
        var (unit, divisor) = (0, Int64(1))
        while unit < units.count - 1, bytes / divisor >= 1024 {
            divisor *= 1024
            unit += 1
        }
        let tenths = bytes % divisor * 10 / divisor
        description = "\(bytes / divisor)" + (unit == 0 ? "" : ".\(tenths)") + " \(units[unit])"
    }
}

/// Why something could not be read.
struct ProbeFailure: Error, Hashable, Sendable {
    let reason: String
}

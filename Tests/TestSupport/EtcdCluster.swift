import Foundation

/// Several etcd members that are one cluster.
public final class EtcdCluster: Sendable {
    /// The members, each to be killed, frozen and restarted by itself.
    public let members: [EtcdServer]

    /// The client URLs of all members.
    public var endpoints: [String] { members.map(\.clientURL) }

    /// The authority of all members' certificates; `nil` without TLS.
    public var certificates: CertificateAuthority? { members[0].certificates }

    private init(_ members: [EtcdServer]) {
        self.members = members
    }

    /// Starts a cluster and waits until every member serves; see ``EtcdServer/start(version:security:arguments:)``.
    public static func start(
        members: Int = 3, version: EtcdServer.Version = .debian34, security: EtcdServer.Security = .plain,
        arguments: [String] = []
    ) throws -> EtcdCluster {
        EtcdCluster(
            try EtcdMembers.start(members, version: version, security: security, arguments: arguments))
    }

    /// Ends all members and removes their folders.
    public func stop() {
        members.forEach { $0.stop() }
    }

    /// The member that leads now, by its own word; `nil` during an election.
    public func leader() -> EtcdServer? {
        members.first { $0.isRunning && (try? $0.metric("etcd_server_is_leader")) == 1 }
    }
}

/// What must be known of a member before any of the cluster starts.
struct Member: Sendable {
    let name: String
    let version: EtcdServer.Version
    let security: EtcdServer.Security
    /// For clients, for peers, for metrics.
    let ports: [UInt16]

    var peerURL: String { "http://127.0.0.1:\(ports[1])" }
}

/// Starting members together.
enum EtcdMembers {
    /// Starts so many members as one cluster. When another process has just taken one of the ports, it begins again with
    /// other ones.
    static func start(
        _ count: Int, version: EtcdServer.Version, security: EtcdServer.Security, arguments: [String]
    ) throws -> [EtcdServer] {
        try Need.require(.etcd)
        let certificates = security == .plain ? nil : try CertificateAuthority()
        var attempts = 5
        while true {
            let ports = try LoopbackPorts.take(3 * count)
            let cluster = (0..<count).map { index in
                Member(
                    name: "m\(index + 1)", version: version, security: security,
                    ports: Array(ports[(3 * index)..<(3 * index + 3)]))
            }
            var servers: [EtcdServer] = []
            do {
                for member in cluster {
                    servers.append(
                        try EtcdServer(member, of: cluster, certificates: certificates, arguments: arguments))
                }
                try servers.forEach { try $0.waitUntilServing() }
                return servers
            } catch TestSupportError.serverFailed(_, let detail)
                where attempts > 1 && detail.contains("address already in use")
            {
                attempts -= 1
                servers.forEach { $0.stop() }
            }
        }
    }
}

import Foundation

// The calls that wait for long, for asynchronous tests: there Swift prefers these to the blocking ones.

extension EtcdServer {
    /// Starts one and waits until it serves; see the blocking form.
    public static func start(
        version: Version = .debian34, security: Security = .plain, arguments: [String] = []
    ) async throws -> EtcdServer {
        try await offPool { try start(version: version, security: security, arguments: arguments) }
    }

    /// Kills it, if it runs, and starts it again on the same ports and data; see the blocking form.
    public func restart(waiting: Bool = true) async throws {
        try await offPool { try self.restart(waiting: waiting) }
    }

    /// Waits until it has a leader and answers clients; see the blocking form.
    public func waitUntilServing() async throws {
        try await offPool { try self.waitUntilServing() }
    }

    /// Adds a learner to the cluster; see the blocking form.
    public func addLearner() async throws -> EtcdServer {
        try await offPool { try self.addLearner() }
    }

    /// Runs etcdctl on this server and returns what it prints; see the blocking form.
    @discardableResult
    public func etcdctl(_ arguments: [String], commonName: String = "root", stdin: Data? = nil) async throws -> String {
        try await offPool { try self.etcdctl(arguments, commonName: commonName, stdin: stdin) }
    }
}

extension EtcdCluster {
    /// Starts a cluster and waits until every member serves; see the blocking form.
    public static func start(
        members: Int = 3, version: EtcdServer.Version = .debian34, security: EtcdServer.Security = .plain,
        arguments: [String] = []
    ) async throws -> EtcdCluster {
        try await offPool {
            try start(members: members, version: version, security: security, arguments: arguments)
        }
    }
}

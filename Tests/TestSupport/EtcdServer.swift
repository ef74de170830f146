import Foundation

/// A real etcd for one test: its own ports on 127.0.0.1, its own folder, and gone with the tests, however they end.
public final class EtcdServer: Sendable {
    /// Which etcd.
    public enum Version: String, CaseIterable, Sendable {
        /// Debian's, 3.4, from `PATH`.
        case debian34
        /// 3.5.1 as PyPI packages it, from .build/tools.
        case pypi35
    }

    /// How clients reach it. Members among themselves speak plain HTTP always.
    public enum Security: CaseIterable, Sendable {
        /// http://
        case plain
        /// https://, clients need no certificate.
        case tls
        /// https://, clients need a certificate of the same authority; its common name is the user's.
        case mutualTLS
    }

    /// `http://127.0.0.1:PORT`, or https.
    public let clientURL: String
    /// The port of the client URL.
    public let port: UInt16
    /// The authority that signed the server's certificate; `nil` without TLS.
    public let certificates: CertificateAuthority?
    /// What it runs.
    public let version: Version
    /// How clients reach it.
    public let security: Security

    let metricsPort: UInt16
    private let member: Member
    private let folder: TemporaryDirectory
    private let process: SupervisedProcess

    /// The client URL, alone: what takes endpoints takes a cluster's too.
    public var endpoints: [String] { [clientURL] }

    /// The process ID, while it has not been killed.
    public var pid: Int32? { process.pid }

    /// Whether it runs, frozen or not.
    public var isRunning: Bool { process.isRunning }

    /// All that it has logged.
    public var log: String { process.logText }

    /// Starts one and waits until it serves.
    ///
    /// - Parameters:
    ///   - version: Which etcd.
    ///   - security: How clients reach it.
    ///   - arguments: Further arguments of etcd, which override the usual ones.
    /// - Returns: The server, which ends with its last reference.
    /// - Throws: `TestSupportError.toolMissing` when that etcd is not there, `.timedOut` when it does not serve within
    ///   20 seconds.
    public static func start(
        version: Version = .debian34, security: Security = .plain, arguments: [String] = []
    ) throws -> EtcdServer {
        let servers = try EtcdMembers.start(1, version: version, security: security, arguments: arguments)
        return servers[0]
    }

    /// Starts a member; it may not serve before the others have started too.
    init(_ member: Member, of cluster: [Member], certificates: CertificateAuthority?, arguments: [String]) throws {
        let scheme = member.security == .plain ? "http" : "https"
        self.member = member
        self.certificates = certificates
        version = member.version
        security = member.security
        port = member.ports[0]
        metricsPort = member.ports[2]
        clientURL = "\(scheme)://127.0.0.1:\(port)"
        folder = try TemporaryDirectory(prefix: "etcd")
        var all = [
            "--name", member.name, "--data-dir", folder.file("data").path,
            "--listen-client-urls", clientURL, "--advertise-client-urls", clientURL,
            "--listen-peer-urls", member.peerURL, "--initial-advertise-peer-urls", member.peerURL,
            "--initial-cluster", cluster.map { "\($0.name)=\($0.peerURL)" }.joined(separator: ","),
            "--initial-cluster-token", cluster[0].peerURL,
            "--listen-metrics-urls", "http://127.0.0.1:\(metricsPort)",
            "--logger", "zap", "--log-outputs", "stderr", "--log-level", "warn",
        ]
        if let certificates {
            all += ["--cert-file", certificates.server.certificate, "--key-file", certificates.server.key]
            if member.security == .mutualTLS {
                // Naming an authority is enough for etcd to demand certificates of clients.
                all += ["--client-cert-auth", "--trusted-ca-file", certificates.certificate]
            }
        }
        process = try SupervisedProcess(
            name: "etcd \(member.name)", log: folder.file("etcd.log"),
            executable: try member.version.program("etcd"), arguments: all + arguments,
            // etcd 3.4 does not start on ARM without it.
            environment: ["ETCD_UNSUPPORTED_ARCH": "arm64"])
        try process.start()
    }

    /// Adds a learner to the cluster, a member without a vote, and waits until it serves.
    public func addLearner() throws -> EtcdServer {
        let learner = Member(
            name: "learner", version: version, security: security, ports: try LoopbackPorts.take(3))
        try etcdctl(["member", "add", learner.name, "--learner", "--peer-urls=\(learner.peerURL)"])
        let server = try EtcdServer(
            learner, of: [member, learner], certificates: certificates,
            arguments: ["--initial-cluster-state", "existing"])
        try server.waitUntilServing()
        return server
    }

    /// Ends it and removes its folder. Its last reference does the same.
    public func stop() {
        process.stop()
        folder.remove()
    }

    /// Kills it with SIGKILL and returns when it is gone; ``restart(waiting:)`` brings it back with its data.
    public func kill() throws {
        try process.kill()
    }

    /// Stops it where it is (SIGSTOP): connections stay, nothing is answered.
    public func freeze() throws {
        try process.freeze()
    }

    /// Lets it go on after ``freeze()``.
    public func thaw() throws {
        try process.thaw()
    }

    /// Kills it, if it runs, and starts it again on the same ports and data.
    ///
    /// - Parameter waiting: Whether to wait until it serves; a member without a quorum does not.
    /// - Throws: As ``waitUntilServing()``.
    public func restart(waiting: Bool = true) throws {
        try process.start()
        if waiting { try waitUntilServing() }
    }

    /// Writes a snapshot of all its keys (`etcdctl snapshot save`) to this file.
    ///
    /// - Throws: As ``etcdctl(_:commonName:stdin:)``.
    public func saveSnapshot(to path: String) throws {
        try etcdctl(["snapshot", "save", path])
    }

    /// Kills it, replaces its data by a snapshot (`etcdctl snapshot restore`), and starts it again on the same ports.
    ///
    /// - Throws: As ``restart(waiting:)``, or when etcdctl fails.
    public func restoreSnapshot(from path: String) throws {
        try kill()
        try FileManager.default.removeItem(at: folder.file("data"))
        _ = try runTool(
            try version.program("etcdctl"),
            [
                "snapshot", "restore", path, "--data-dir", folder.file("data").path, "--name", member.name,
                "--initial-cluster", "\(member.name)=\(member.peerURL)", "--initial-cluster-token", member.peerURL,
                "--initial-advertise-peer-urls", member.peerURL,
            ], environment: ["ETCDCTL_API": "3"])
        try restart()
    }

    /// Waits until it has a leader and answers clients, for 20 seconds at most. An alarm, as of a full quota, does not
    /// matter.
    ///
    /// - Throws: `TestSupportError.serverFailed` when it has ended, `.timedOut`.
    public func waitUntilServing() throws {
        let limit = Duration.seconds(20)
        let deadline = ContinuousClock.now + limit
        while !isServing {
            guard isRunning else { throw TestSupportError.serverFailed(name: "etcd \(member.name)", detail: log) }
            guard deadline > .now else {
                throw TestSupportError.timedOut(what: "the start of etcd \(member.name)", after: limit, detail: log)
            }
            usleep(10_000)
        }
    }

    private var isServing: Bool {
        guard (try? metric("etcd_server_has_leader")) == 1 else { return false }
        guard certificates != nil else { return PlainHTTP.get("/version", port: port) != nil }
        guard let identity = try? tlsArguments(commonName: "root") else { return false }
        let arguments = ["-sf", "--noproxy", "*", "--max-time", "2"] + identity + ["\(clientURL)/version"]
        return (try? runTool("curl", arguments)) != nil
    }

    /// What curl and etcdctl both call the same.
    private func tlsArguments(commonName: String) throws -> [String] {
        guard let certificates else { return [] }
        guard security == .mutualTLS else { return ["--cacert", certificates.certificate] }
        let client = try certificates.client(commonName: commonName)
        return ["--cacert", certificates.certificate, "--cert", client.certificate, "--key", client.key]
    }

    /// Runs etcdctl, API version 3, of the same etcd, on this server and returns what it prints.
    ///
    /// - Parameters:
    ///   - arguments: For example `["get", "--prefix", "/"]`; the connection's are added.
    ///   - commonName: Whose certificate it shows where clients need one; once authentication is on, etcd takes the name
    ///     for the user's.
    ///   - stdin: What it reads, a transaction for example.
    /// - Returns: Its standard output.
    /// - Throws: `TestSupportError.commandFailed` when its status is not 0.
    @discardableResult
    public func etcdctl(_ arguments: [String], commonName: String = "root", stdin: Data? = nil) throws -> String {
        let connection = ["--endpoints", clientURL, "--command-timeout", "10s"]
        return try runTool(
            try version.program("etcdctl"), connection + tlsArguments(commonName: commonName) + arguments,
            environment: ["ETCDCTL_API": "3"], stdin: stdin)
    }
}

extension EtcdServer.Version {
    /// The path, or the name in `PATH`, of this version's `etcd` or `etcdctl`.
    ///
    /// - Throws: `TestSupportError.toolMissing`: without it there is no test, and none is skipped for it.
    func program(_ name: String) throws -> String {
        let folders =
            switch self {
            case .debian34:
                (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":").map(String.init)
            case .pypi35: [BuildProducts.packageRoot.appendingPathComponent(".build/tools/etcd-3.5.1").path]
            }
        let candidates = folders.map { "\($0)/\(name)" }
        guard let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw TestSupportError.toolMissing(self == .debian34 ? name : candidates[0])
        }
        return found
    }
}

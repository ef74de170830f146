import Foundation
import IPAMKit
import TestSupport
import Testing

/// etcd away, silent, or half there; and STATUS, which must not make a node NotReady for it.
@Suite(.needs(.etcd)) struct ReachabilityTests {
    private func network(_ endpoints: [String], version: CNIVersion = .v100, timeout: Double? = nil) async throws
        -> PluginNetwork
    {
        var network = try await PluginNetwork(version: version)
        network.ipam["etcdConfig"] = ["etcdURL": .string(endpoints.joined(separator: ","))]
        if let timeout { network.ipam["timeout"] = .number("\(timeout)") }
        return network
    }

    @Test func unreachableEtcdIsCode11NamingEveryEndpoint() async throws {
        let dead = try (0..<3).map { _ in try MisbehavingServer(.refuse) }
        // At the longest deadline: a refused connection must not be tried until it passes.
        let network = try await network(dead.map(\.url), timeout: 220)
        for command in ["ADD", "DEL"] {
            let answer = try await network.call(command, "c1")
            #expect(answer.failure?.code == 11, "\(answer)")
            #expect(answer.failure?.message.hasPrefix("etcd is not reachable (") == true, "\(answer)")
            for server in dead {
                #expect(answer.failure?.message.contains(server.url) == true, "\(server.url) is missing: \(answer)")
            }
        }
    }

    @Test(arguments: [MisbehavingServer.Mode.swallow, .blackhole])
    func silentEtcdIsCode11AtTheDeadline(mode: MisbehavingServer.Mode) async throws {
        let silent = try MisbehavingServer(mode)
        let answer = try await network([silent.url], timeout: 0.7).add("c1")
        #expect(answer.failure?.code == 11, "\(answer)")
        #expect(answer.failure?.message.hasPrefix("etcd did not answer in time (\(silent.url): ") == true, "\(answer)")
    }

    @Test func whatIsNotEtcdIsCode11() async throws {
        let web = try MisbehavingServer(.garbage(Array("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".utf8)))
        let answer = try await network([web.url], timeout: 2).add("c1")
        #expect(answer.failure?.code == 11, "\(answer)")
        #expect(answer.failure?.message.contains(web.url) == true, "\(answer)")
    }

    @Test(arguments: [("", "etcdserver: user name is empty"), ("wrong", "invalid user ID or password")])
    func refusedUserIsCode11WithEtcdsReason(password: String, reason: String) async throws {
        let etcd = try await EtcdServer.start()
        for command in [["user", "add", "root:right"], ["user", "grant-role", "root", "root"], ["auth", "enable"]] {
            try await etcd.etcdctl(command)
        }
        var network = try await PluginNetwork(in: etcd)
        func add(_ password: String) async throws -> PluginAnswer {
            let user: JSONValue = password.isEmpty ? "" : "root"
            network.ipam["etcdConfig"] = [
                "etcdURL": .string(etcd.clientURL), "etcdUsername": user, "etcdPassword": .string(password),
            ]
            return try await network.add("c1")
        }
        let answer = try await add(password)
        #expect(answer.failure?.code == 11, "\(answer)")
        #expect(answer.failure?.message.hasPrefix("etcd refused the user: ") == true, "\(answer)")
        #expect(answer.failure?.message.contains(reason) == true, "\(answer)")
        #expect(try await add("right").address() == "10.188.0.2")
    }

    @Test(arguments: [MisbehavingServer.Mode.refuse, .swallow, .blackhole, .closeAtOnce])
    func deadFirstEndpointsAreNoObstacle(mode: MisbehavingServer.Mode) async throws {
        let dead = try (0..<2).map { _ in try MisbehavingServer(mode) }
        let network = try await network(dead.map(\.url) + [SharedEtcd.server().clientURL])
        #expect(try await network.add("c1").address() == "10.188.0.2")
        #expect(try await network.delete("c1").isSilentSuccess)
        #expect(try await network.used().isEmpty)
    }

    @Test(arguments: [
        ("etcdTrustedCAFileFile", "/nowhere/ca.pem"), ("etcdCertFile", "/nowhere/etcd.pem"),
    ])
    func missingCertificateFilesAreNamed(key: String, path: String) async throws {
        let etcd = try await EtcdServer.start(security: .tls)
        var network = try await PluginNetwork(in: etcd)
        var settings: JSONObject = [
            "etcdURL": .string(etcd.clientURL),
            "etcdTrustedCAFileFile": .string(try #require(etcd.certificates).certificate),
        ]
        settings[key] = .string(path)
        if key == "etcdCertFile" { settings["etcdKeyFile"] = "/nowhere/etcd-key.pem" }
        network.ipam["etcdConfig"] = .object(settings)
        let answer = try await network.add("c1")
        #expect(answer.failure?.code == 7, "\(answer)")
        #expect(
            answer.failure?.message.hasPrefix("ipam.etcdConfig: \(etcd.clientURL): ") == true, "\(answer)")
        #expect(answer.failure?.message.contains(path) == true, "\(answer)")
    }

    @Test func plainStatusIsFineWithoutEtcdAndWithAFullPool() async throws {
        let dead = try MisbehavingServer(.refuse)
        #expect(try await network([dead.url], version: .v110).call("STATUS").isSilentSuccess)

        let full = try await PluginNetwork(version: .v110, ["subnet": "10.188.0.0/30", "status": "strict"])
        _ = try await full.add("c1").result()
        #expect(try await full.add("c2").failure?.code == 100)
        #expect(try await full.call("STATUS").isSilentSuccess)
    }

    @Test func strictStatusIsCode50WhenEtcdIsDown() async throws {
        let dead = try MisbehavingServer(.refuse)
        var network = try await network([dead.url], version: .v110)
        network.ipam["status"] = "strict"
        let answer = try await network.call("STATUS")
        #expect(answer.failure?.code == 50, "\(answer)")
        #expect(answer.failure?.message.contains(dead.url) == true, "\(answer)")
    }

    @Test func statusRefusesABadConfiguration() async throws {
        let network = try await PluginNetwork(version: .v110, ["subnet": "10.188.0.0/33"])
        #expect(try await network.call("STATUS").failure?.code == 7)
    }
}

import EtcdClient
import Foundation
import HTTPTransport
import TestSupport
import Testing

@Suite(.serialized, .needs(.etcd)) struct AuthTests {
    /// A server whose user `alice` may do everything below /alice/ and nothing else. Its log-ins cost little.
    private func server(
        _ version: EtcdServer.Version, _ security: EtcdServer.Security = .plain, _ arguments: [String] = []
    ) async throws -> EtcdServer {
        let etcd = try await EtcdServer.start(
            version: version, security: security, arguments: ["--bcrypt-cost", "4"] + arguments)
        for command in [
            "user add root:secret", "user grant-role root root", "role add below",
            "role grant-permission below readwrite /alice/ /alice0", "user add alice:secret",
            "user grant-role alice below", "auth enable",
        ] {
            if command == "user grant-role root root" { _ = try? await etcd.etcdctl(["role", "add", "root"]) }
            try await etcd.etcdctl(command.split(separator: " ").map(String.init))
        }
        return etcd
    }

    private func expectAlice(_ client: EtcdClient) async throws {
        _ = try await client.put("/alice/a", "mine")
        #expect(try await client.value("/alice/a") == "mine")
        for error in [
            await #expect(throws: EtcdError.self) { try await client.put("/bob/a") },
            await #expect(throws: EtcdError.self) { try await client.get("/bob/a") },
        ] {
            guard case .permissionDenied = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test(arguments: EtcdServer.Version.allCases)
    func aCertificateNamesTheUser(_ version: EtcdServer.Version) async throws {
        let etcd = try await server(version, .mutualTLS)
        try await expectAlice(try EtcdClient.of(etcd, commonName: "alice"))
        let error = try await #require(throws: EtcdError.self) {
            try await EtcdClient.of(etcd, commonName: "nobody").get("/alice/a")
        }
        #expect(!"\(error)".contains("reachable"), "\(error)")
    }

    @Test(arguments: EtcdServer.Version.allCases)
    func aPasswordNamesTheUser(_ version: EtcdServer.Version) async throws {
        let etcd = try await server(version)
        let alice = try EtcdClient.of(etcd, user: "alice")
        try await expectAlice(alice)
        #expect(try etcd.grpcCalls("Authenticate") == 1)
        for (user, password) in [("alice", "wrong"), ("nobody", "secret")] {
            let error = try await #require(throws: EtcdError.self) {
                try await EtcdClient.of(etcd, user: user, password: password).put("/alice/a", "not mine")
            }
            guard case .unauthenticated = error else {
                Issue.record("\(error)")
                continue
            }
        }
        let error = try await #require(throws: EtcdError.self) { try await EtcdClient.of(etcd).get("/alice/a") }
        guard case .unauthenticated = error else {
            Issue.record("\(error)")
            return
        }
        #expect(try await alice.value("/alice/a") == "mine")
    }

    @Test(arguments: EtcdServer.Version.allCases)
    func aForgottenTokenIsRenewedOnce(_ version: EtcdServer.Version) async throws {
        let etcd = try await server(version)
        let client = try EtcdClient.of(etcd, user: "alice")
        /// Makes etcd forget all tokens; how often somebody has logged in up to then.
        func forgetTokens() async throws -> Int {
            try await etcd.etcdctl(["--user", "root:secret", "auth", "disable"])
            try await etcd.etcdctl(["auth", "enable"])
            return try etcd.grpcCalls("Authenticate")
        }
        _ = try await client.put("/alice/a", "1")
        var before = try await forgetTokens()
        #expect(try await client.value("/alice/a") == "1")
        #expect(try etcd.grpcCalls("Authenticate") == before + 1)
        before = try await forgetTokens()
        let revision = try await client.put("/alice/a", "2")
        #expect(try etcd.grpcCalls("Authenticate") == before + 1)
        #expect(try await client.get("/alice/a").kvs.first?.modRevision == revision)
        before = try await forgetTokens()
        var request = EtcdWatchCreateRequest(key: Array("/alice/a".utf8))
        request.startRevision = revision
        for try await answer in client.watch(request, deadline: soon)
        where !answer.events.isEmpty {
            #expect(answer.events.first?.kv.modRevision == revision)
            break
        }
        #expect(try etcd.grpcCalls("Authenticate") == before + 1)
    }

    @Test func anExpiredTokenIsRenewed() async throws {
        let etcd = try await server(.pypi35, .plain, ["--auth-token-ttl", "1"])
        let client = try EtcdClient.of(etcd, user: "alice")
        _ = try await client.put("/alice/a", "1")
        let before = try etcd.grpcCalls("Authenticate")
        // etcd looks for expired tokens once a second.
        try await Task.sleep(for: .milliseconds(2500))
        #expect(try await client.value("/alice/a") == "1")
        #expect(try etcd.grpcCalls("Authenticate") == before + 1)
    }

    @Test func manyCallsShareOneLogIn() async throws {
        let etcd = try await server(.debian34)
        let client = try EtcdClient.of(etcd, user: "alice")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { _ = try await client.value("/alice/a") } }
            try await group.waitForAll()
        }
        #expect(try etcd.grpcCalls("Authenticate") == 1)
    }

    @Test func aTokenThatIsNeverGoodEndsTheCall() async throws {
        // A changed password does not end the token; a deleted user does, and cannot log in again.
        let etcd = try await server(.debian34)
        let client = try EtcdClient.of(etcd, user: "alice")
        _ = try await client.put("/alice/a", "1")
        try await etcd.etcdctl(["--user", "root:secret", "user", "delete", "alice"])
        let error = try await #require(throws: EtcdError.self) { try await client.get("/alice/a") }
        guard case .unauthenticated = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test(arguments: EtcdServer.Version.allCases)
    func aServerWithoutAuthenticationIgnoresThePassword(_ version: EtcdServer.Version) async throws {
        let etcd = try await EtcdServer.start(version: version, arguments: ["--bcrypt-cost", "4"])
        let client = try EtcdClient.of(etcd, user: "root")
        _ = try await client.put("a", "1")
        #expect(try await client.value("a") == "1")
        #expect(try etcd.grpcCalls("Authenticate") == 1)
        // Switched on later, it counts.
        _ = try? await etcd.etcdctl(["role", "add", "root"])
        for command in [["user", "add", "root:secret"], ["user", "grant-role", "root", "root"], ["auth", "enable"]] {
            try await etcd.etcdctl(command)
        }
        #expect(try await client.value("a") == "1")
        _ = try await client.put("a", "2")
    }

    @Test(arguments: EtcdServer.Version.allCases)
    func watchingWhatIsForbiddenIsDenied(_ version: EtcdServer.Version) async throws {
        let etcd = try await server(version)
        let client = try EtcdClient.of(etcd, user: "alice")
        let error = await #expect(throws: EtcdError.self) {
            for try await _ in client.watch(.init(key: Array("/bob/a".utf8)), deadline: soon) {}
        }
        guard case .permissionDenied = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}

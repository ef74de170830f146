import EtcdClient
import Foundation
import HTTPTransport
import TestSupport
import Testing

@Suite(.serialized) struct KVTests {
    @Test(.needs(.etcd), arguments: EtcdServer.Version.allCases, EtcdServer.Security.allCases)
    func readsWritesAndDeletes(_ version: EtcdServer.Version, _ security: EtcdServer.Security) async throws {
        let etcd = try await EtcdServer.start(version: version, security: security)
        let client = try EtcdClient.of(etcd)
        let first = try await client.put("/a/1", "one")
        _ = try await client.put("/a/2", "zwei ä \u{0}")
        var request = EtcdRangeRequest(key: Array("/a/".utf8))
        request.rangeEnd = Array("/a0".utf8)
        let answer = try await client.range(request, deadline: soon)
        #expect(answer.kvs.map { String(decoding: $0.value, as: UTF8.self) } == ["one", "zwei ä \u{0}"])
        #expect(answer.kvs[0].createRevision == first)
        #expect(answer.count == 2)
        #expect(try await client.deleteRange(.init(key: Array("/a/1".utf8)), deadline: soon).deleted == 1)
        #expect(try await client.value("/a/1") == nil)
        let status = try await client.status(endpoint: 0, deadline: soon)
        #expect(status.version.hasPrefix(version == .debian34 ? "3.4" : "3.5"))
        #expect(status.leader != 0)
        // Nothing of it went over more than the one connection, or twice.
        #expect(try etcd.grpcCalls("Put") == 2)
    }

    @Test(.needs(.etcd), arguments: EtcdServer.Version.allCases)
    func refusalsAreNamed(_ version: EtcdServer.Version) async throws {
        let etcd = try await EtcdServer.start(version: version)
        let client = try EtcdClient.of(etcd)
        func refusal(_ request: EtcdTxnRequest) async throws -> EtcdError {
            try await #require(throws: EtcdError.self) { try await client.txn(request, deadline: soon) }
        }
        func puts(_ keys: [String]) -> EtcdTxnRequest {
            EtcdTxnRequest(success: keys.map { .put(.init(key: Array($0.utf8))) })
        }
        #expect(try await refusal(puts((0..<129).map { "k\($0)" })) == .tooManyOperations)
        #expect(try await client.txn(puts((0..<128).map { "k\($0)" }), deadline: soon).succeeded)
        guard case .rejected(3, let message) = try await refusal(puts(["k", "k"])) else {
            Issue.record("a key put twice was not refused")
            return
        }
        #expect(message.contains("duplicate key"))
        for size in [1_600_000, 3_000_000, 20_000_000] {
            let error = try await #require(throws: EtcdError.self) {
                try await client.put("large", String(repeating: "x", count: size))
            }
            #expect(error == .requestTooLarge, "\(size): \(error)")
        }
        #expect(try await client.value("large") == nil)
        func a(at revision: Int64) -> EtcdRangeRequest {
            var request = EtcdRangeRequest(key: Array("a".utf8))
            request.revision = revision
            return request
        }
        var revision = try await client.put("a")
        for _ in 0..<3 { revision = try await client.put("a") }
        try await etcd.etcdctl(["compact", "\(revision)"])
        await #expect(throws: EtcdError.compacted) {
            try await client.range(a(at: revision - 1), deadline: soon)
        }
        let future = try await #require(throws: EtcdError.self) {
            try await client.range(a(at: revision + 99), deadline: soon)
        }
        guard case .rejected(11, _) = future else {
            Issue.record("\(future)")
            return
        }
    }

    @Test(.needs(.etcd), arguments: EtcdServer.Version.allCases)
    func aFullDatabaseIsNamed(_ version: EtcdServer.Version) async throws {
        let etcd = try await EtcdServer.start(version: version, arguments: ["--quota-backend-bytes", "\(1 << 20)"])
        let client = try EtcdClient.of(etcd)
        let error = try await #require(throws: EtcdError.self) {
            for round in 0..<100 { _ = try await client.put("k\(round)", String(repeating: "x", count: 100_000)) }
        }
        #expect(error == .noSpace)
        #expect(try await client.value("k0") != nil)
        #expect(try await client.deleteRange(.init(key: Array("k0".utf8)), deadline: soon).deleted == 1)
    }

    @Test(.needs(.etcd)) func aNestedTransactionRunsAsWritten() async throws {
        let etcd = try await EtcdServer.start()
        let client = try EtcdClient.of(etcd)
        let inner = EtcdTxnRequest(
            compare: [EtcdCompare(key: Array("a".utf8), .createRevision(0))],
            success: [.put(.init(key: Array("b".utf8)))], failure: [.put(.init(key: Array("c".utf8)))])
        let request = EtcdTxnRequest(
            success: [.put(.init(key: Array("a".utf8), value: Array("new".utf8))), .txn(inner)])
        let answer = try await client.txn(request, deadline: soon)
        #expect(answer.responses.count == 2)
        guard case .txn(let nested) = answer.responses[1] else {
            Issue.record("not the answer of a nested transaction: \(answer.responses[1])")
            return
        }
        #expect(nested.succeeded, "a nested compare sees the state before the transaction")
        #expect(try await client.value("b") != nil)
        #expect(try await client.value("c") == nil)
    }

    @Test func noEndpointIsAnErrorAndNotACrash() async throws {
        let client = EtcdClient.of([])
        await #expect(throws: EtcdError.invalidConfiguration("no etcd endpoint is configured")) {
            try await client.get("a")
        }
        await #expect(throws: EtcdError.invalidConfiguration("no etcd endpoint is configured")) {
            try await client.put("a")
        }
        await #expect(throws: EtcdError.self) {
            for try await _ in client.watch(.init(key: Array("a".utf8)), deadline: soon) {}
        }
    }

    @Test(arguments: ["127.0.0.1:2379", "ftp://127.0.0.1", "http://", "http://a b", "http://127.0.0.1:99999"])
    func anEndpointThatIsNoURLIsNamed(_ endpoint: String) async throws {
        let client = EtcdClient.of([endpoint])
        let error = try await #require(throws: EtcdError.self) { try await client.get("a") }
        guard case .invalidConfiguration(let text) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(text.contains(endpoint))
    }

    @Test(.needs(.etcd)) func aDeadlineFarAwayIsNoTrouble() async throws {
        let etcd = try await EtcdServer.start()
        let client = try EtcdClient.of(etcd)
        for time in [Duration.seconds(86_400), .seconds(86_400 * 365), .seconds(86_400 * 365 * 1000)] {
            #expect(try await client.get("a", within: time).count == 0)
        }
        await #expect(throws: EtcdError.self) { try await client.get("a", within: .seconds(-1)) }
    }
}

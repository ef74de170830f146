import EtcdClient
import Foundation
import HTTPTransport
import TestSupport
import Testing

@Suite(.serialized) struct WatchTests {
    private func request(_ key: String, from revision: Int64 = 0) -> EtcdWatchCreateRequest {
        var request = EtcdWatchCreateRequest(key: Array(key.utf8))
        request.startRevision = revision
        return request
    }

    @Test(.needs(.etcd), arguments: EtcdServer.Version.allCases, [EtcdServer.Security.plain, .tls])
    func bringsEveryEventInOrder(_ version: EtcdServer.Version, _ security: EtcdServer.Security) async throws {
        let etcd = try await EtcdServer.start(version: version, security: security)
        let client = try EtcdClient.of(etcd)
        let first = try await client.put("a", "0")
        let writer = Task {
            for round in 1..<100 { _ = try await client.put("a", "\(round)") }
            _ = try await client.deleteRange(.init(key: Array("a".utf8)), deadline: soon)
        }
        var values: [String] = []
        var isCreated = false
        watching: for try await answer in client.watch(request("a", from: first), deadline: soon) {
            isCreated = isCreated || answer.created
            for event in answer.events {
                if event.kind == .delete { break watching }
                values.append(String(decoding: event.kv.value, as: UTF8.self))
            }
        }
        #expect(isCreated)
        #expect(values == (0..<100).map(String.init))
        try await writer.value
    }

    @Test(.needs(.etcd)) func goesOnAfterTheRevisionSeenLast() async throws {
        let etcd = try await EtcdServer.start()
        let client = try EtcdClient.of(etcd)
        var revisions: [Int64] = []
        for _ in 0..<5 { revisions.append(try await client.put("a")) }
        for try await answer in client.watch(request("a", from: revisions[2] + 1), deadline: soon)
        where !answer.events.isEmpty {
            #expect(answer.events.first?.kv.modRevision == revisions[3])
            break
        }
    }

    @Test(.needs(.etcd), arguments: EtcdServer.Version.allCases)
    func aCompactedStartIsAnError(_ version: EtcdServer.Version) async throws {
        let etcd = try await EtcdServer.start(version: version)
        let client = try EtcdClient.of(etcd)
        var revision = Int64(0)
        for _ in 0..<5 { revision = try await client.put("a") }
        try await etcd.etcdctl(["compact", "\(revision)"])
        await #expect(throws: EtcdError.compacted) {
            for try await _ in client.watch(request("a", from: 2), deadline: soon) {}
        }
    }

    @Test(.needs(.etcd)) func aKilledServerEndsItWithAnError() async throws {
        let etcd = try await EtcdServer.start()
        let client = try EtcdClient.of(etcd)
        let error = await #expect(throws: EtcdError.self) {
            for try await _ in client.watch(request("a"), deadline: soon) { try etcd.kill() }
        }
        guard case .unavailable(let failures) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(failures.map(\.endpoint) == etcd.endpoints)
    }

    @Test func aSilentServerEndsItByItsDeadline() async throws {
        let server = try MisbehavingServer(.swallow)
        let client = EtcdClient.of([server.url])
        await #expect(throws: EtcdError.self) {
            for try await _ in client.watch(request("a"), deadline: .now + .milliseconds(200)) {}
        }
    }

    @Test(.needs(.etcd)) func aDeadEndpointIsPassedOver() async throws {
        let etcd = try await EtcdServer.start()
        let dead = try MisbehavingServer(.refuse)
        for try await answer in EtcdClient.of([dead.url] + etcd.endpoints).watch(request("a"), deadline: soon) {
            #expect(answer.created)
            break
        }
    }

    /// Whichever way its consumer leaves it, etcd sees the watch end.
    @Test(.needs(.etcd)) func isGivenUpWhenItsConsumerStops() async throws {
        let etcd = try await EtcdServer.start()
        let client = try EtcdClient.of(etcd)
        #expect(try etcd.metric("etcd_debugging_mvcc_watcher_total") == 0)
        for try await _ in client.watch(request("a"), deadline: soon) {
            #expect(try etcd.metric("etcd_debugging_mvcc_watcher_total") == 1)
            break
        }
        try await eventually { try etcd.metric("etcd_debugging_mvcc_watcher_total") == 0 }
        let task = Task { for try await _ in client.watch(request("a"), deadline: soon) {} }
        try await eventually { try etcd.metric("etcd_debugging_mvcc_watcher_total") == 1 }
        task.cancel()
        _ = await task.result
        try await eventually { try etcd.metric("etcd_debugging_mvcc_watcher_total") == 0 }
        #expect(try await client.get("a").count == 0)
    }

    @Test(.needs(.etcd)) func anUnreadWatchHoldsNothingUp() async throws {
        let etcd = try await EtcdServer.start()
        let client = try EtcdClient.of(etcd)
        let value = String(repeating: "x", count: 1 << 20)
        for _ in 0..<40 { _ = try await client.put("a", value) }
        var iterator = client.watch(request("a", from: 2), deadline: soon).makeAsyncIterator()
        #expect(try await iterator.next()?.created == true)
        for _ in 0..<20 { #expect(try await client.value("b") == nil) }
        var events = 0
        while events < 40, let answer = try await iterator.next() { events += answer.events.count }
        #expect(events == 40)
    }

    private func eventually(
        _ condition: () throws -> Bool, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try !condition(), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(10)) }
        #expect(try condition(), sourceLocation: sourceLocation)
    }
}

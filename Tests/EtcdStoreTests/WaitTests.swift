import EtcdStore
import Foundation
import Store
import TestSupport
import Testing

@Suite(.serialized, .needs(.etcd)) struct WaitTests {
    @Test(arguments: EtcdServer.Version.allCases) func deletedBefore(_ version: EtcdServer.Version) async throws {
        let etcd = try await EtcdServer.start(version: version)
        let store = EtcdStore.of(etcd.endpoints)
        let revision = try await store.put("lock")
        try await store.delete("lock")
        try await expectAtOnce { try await store.waitUntilAbsent("lock", after: revision, deadline: soon) }
        // Held again, by another: it was deleted in between all the same.
        try await store.put("lock")
        try await expectAtOnce { try await store.waitUntilAbsent("lock", after: revision, deadline: soon) }
    }

    @Test func deletedBeforeAndCompacted() async throws {
        let etcd = try await EtcdServer.start()
        let store = EtcdStore.of(etcd.endpoints)
        let revision = try await store.put("lock")
        try await store.delete("lock")
        let last = try await store.put("lock")
        try await etcd.etcdctl(["compact", "\(last)"])
        try await expectAtOnce { try await store.waitUntilAbsent("lock", after: revision, deadline: soon) }
    }

    @Test(arguments: EtcdServer.Version.allCases) func deletedMeanwhile(_ version: EtcdServer.Version) async throws {
        let etcd = try await EtcdServer.start(version: version)
        let store = EtcdStore.of(etcd.endpoints)
        let revision = try await store.put("lock")
        let isOver = Flag()
        let waiting = Task {
            defer { isOver.set() }
            try await store.waitUntilAbsent("lock", after: revision, deadline: soon)
        }
        try await watched(etcd)
        // Another key, and another value, are no deletion.
        try await store.delete("lock2")
        try await store.put("lock", "renewed")
        #expect(try await store.record("lock")?.value == "renewed")
        #expect(!isOver.isSet, "the lock is still held")
        try await store.delete("lock")
        try await expectAtOnce { try await waiting.value }
    }

    @Test func neverDeletedEndsByTheDeadline() async throws {
        let etcd = try await EtcdServer.start()
        let store = EtcdStore.of(etcd.endpoints)
        let revision = try await store.put("lock")
        let error = try await #require(throws: StoreError.self) {
            try await store.waitUntilAbsent("lock", after: revision, deadline: .now + .milliseconds(2_500))
        }
        guard case .deadlineExceeded(let text) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(text.contains("lock"))
        let past = try await #require(throws: StoreError.self) {
            try await store.waitUntilAbsent("lock", after: revision, deadline: .now - .seconds(1))
        }
        guard case .deadlineExceeded = past else {
            Issue.record("\(past)")
            return
        }
    }

    @Test func aKilledServerComesBack() async throws {
        let etcd = try await EtcdServer.start()
        let store = EtcdStore.of(etcd.endpoints)
        let revision = try await store.put("lock")
        let waiting = Task { try await store.waitUntilAbsent("lock", after: revision, deadline: soon) }
        try await watched(etcd)
        try await etcd.restart()
        try await EtcdStore.of(etcd.endpoints).delete("lock")
        try await waiting.value
        #expect(try await EtcdStore.of(etcd.endpoints).record("lock") == nil)
    }

    @Test func aMemberThatFreezesIsPassedOver() async throws {
        let cluster = try await EtcdCluster.start()
        defer { cluster.stop() }
        let revision = try await EtcdStore.of(cluster.endpoints).put("lock")
        let follower = try #require(cluster.members.first { (try? $0.metric("etcd_server_is_leader")) == 0 })
        let others = cluster.members.filter { $0 !== follower }
        let store = EtcdStore.of([follower.clientURL] + others.map(\.clientURL))
        let waiting = Task { try await store.waitUntilAbsent("lock", after: revision, deadline: soon) }
        try await watched(follower)
        try follower.freeze()
        try await EtcdStore.of(others.map(\.clientURL)).delete("lock")
        try await waiting.value
        try follower.thaw()
    }

    @Test func aCancelledWaitEnds() async throws {
        let etcd = try await EtcdServer.start()
        let store = EtcdStore.of(etcd.endpoints)
        let revision = try await store.put("lock")
        let waiting = Task { try await store.waitUntilAbsent("lock", after: revision, deadline: .now + .seconds(600)) }
        try await watched(etcd)
        waiting.cancel()
        await #expect(throws: StoreError.self) { try await waiting.value }
    }

    // MARK: Changes

    @Test(arguments: EtcdServer.Version.allCases)
    func changeOfAnyOfTheKeysEndsTheWait(_ version: EtcdServer.Version) async throws {
        let etcd = try await EtcdServer.start(version: version)
        let store = EtcdStore.of(etcd.endpoints)
        for key in ["used/1", "used/3", "used/5"] { try await store.put(key) }
        let revision = try await store.put("used/2")
        for change in 0..<2 {
            let waiting = Task {
                try await store.waitForChange(of: ["used/5", "used/1"], after: revision, deadline: soon)
            }
            if change == 0 {
                try await watched(etcd)
                // Keys between them, and around.
                try await store.put("used/3", "other")
                try await store.delete("used/2")
                try await store.put("used/6")
                try await store.put("used/5", "another's")
            }
            // The second time it is known at once.
            try await expectAtOnce { try await waiting.value }
        }
        try await store.delete("used/1")
        try await expectAtOnce { try await store.waitForChange(of: ["used/1"], after: revision, deadline: soon) }
    }

    @Test func changeThatWasCompactedAwayEndsTheWait() async throws {
        let etcd = try await EtcdServer.start()
        let store = EtcdStore.of(etcd.endpoints)
        let revision = try await store.put("used/1")
        try await store.put("used/1", "another's")
        let last = try await store.put("else")
        try await etcd.etcdctl(["compact", "\(last)"])
        try await expectAtOnce {
            try await store.waitForChange(of: ["used/1", "used/2"], after: revision, deadline: soon)
        }
    }

    @Test func noChangeEndsByTheDeadline() async throws {
        let etcd = try await EtcdServer.start()
        let store = EtcdStore.of(etcd.endpoints)
        let revision = try await store.put("used/1")
        let error = try await #require(throws: StoreError.self) {
            try await store.waitForChange(of: ["used/1"], after: revision, deadline: .now + .milliseconds(300))
        }
        guard case .deadlineExceeded = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test func changeIsSeenPastAMemberThatFreezes() async throws {
        let cluster = try await EtcdCluster.start()
        defer { cluster.stop() }
        let revision = try await EtcdStore.of(cluster.endpoints).put("used/1")
        let follower = try #require(cluster.members.first { (try? $0.metric("etcd_server_is_leader")) == 0 })
        let others = cluster.members.filter { $0 !== follower }
        let store = EtcdStore.of([follower.clientURL] + others.map(\.clientURL))
        let waiting = Task { try await store.waitForChange(of: ["used/1"], after: revision, deadline: soon) }
        try await watched(follower)
        try follower.freeze()
        try await EtcdStore.of(others.map(\.clientURL)).delete("used/1")
        try await waiting.value
        try follower.thaw()
    }

    /// Checks that a wait with a deadline in a minute does not end by that.
    private func expectAtOnce(_ wait: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation)
        async throws
    {
        let time = try await ContinuousClock().measure { try await wait() }
        #expect(time < .seconds(30), "it took \(time)", sourceLocation: sourceLocation)
    }

    /// Waits until somebody watches.
    private func watched(_ etcd: EtcdServer) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try etcd.metric("etcd_debugging_mvcc_watcher_total") == 0, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(try etcd.metric("etcd_debugging_mvcc_watcher_total") == 1)
    }
}

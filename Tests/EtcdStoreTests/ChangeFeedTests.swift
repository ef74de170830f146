import EtcdClient
import EtcdStore
import Foundation
import HTTPTransport
import Store
import TestSupport
import Testing

@Suite(.serialized, .needs(.etcd)) struct ChangeFeedTests {
    private static let range = KeyRange(prefix: "k/")

    private func store(_ endpoints: [String], patience: Duration = .milliseconds(300)) -> EtcdStore {
        EtcdStore(
            client: EtcdClient(EtcdConfiguration(endpoints: endpoints), loop: .onOwnThread()), patience: patience)
    }

    /// What `feed` brings until `isEnough`.
    private func collect(
        _ feed: ChangeFeed, until isEnough: @escaping @Sendable ([ChangeBatch]) -> Bool
    ) async throws -> [ChangeBatch] {
        var batches: [ChangeBatch] = []
        if isEnough(batches) { return batches }
        for try await case .changes(let batch) in feed {
            batches.append(batch)
            if isEnough(batches) { break }
        }
        return batches
    }

    @Test(arguments: EtcdServer.Version.allCases, [true, false])
    func bringsEachRevisionWholeWithWhatWasBefore(_ version: EtcdServer.Version, asItHappens: Bool) async throws {
        let etcd = try await EtcdServer.start(version: version)
        let store = store(etcd.endpoints)
        let start = try await store.put("other")
        let feed = store.changes(in: Self.range, after: start)
        let following = asItHappens ? Task { try await collect(feed) { $0.count == 4 } } : nil
        if asItHappens { try await watched(etcd) }
        let first = try await store.put("k/a", "1")
        try await store.put("l/a")
        let second = try await store.commit(
            Transaction(if: [], then: [.put("k/a", "2"), .put("k/b", "3"), .put("l/b", "")]), deadline: soon
        ).revision
        let third = try await store.commit(
            Transaction(if: [], then: [.delete(KeyRange(Key("k/a"))), .put("k/c", "4")]), deadline: soon
        ).revision
        let fourth = try await store.delete("k/c")
        let batches =
            if let following { try await following.value } else { try await collect(feed) { $0.count == 4 } }
        let a1 = Record(key: "k/a", value: "1", created: first, modified: first)
        let a2 = Record(key: "k/a", value: "2", created: first, modified: second)
        let c = Record(key: "k/c", value: "4", created: third, modified: third)
        #expect(
            batches == [
                ChangeBatch(revision: first, changes: [.put(a1, previous: nil)]),
                ChangeBatch(
                    revision: second,
                    changes: [
                        .put(a2, previous: a1),
                        .put(Record(key: "k/b", value: "3", created: second, modified: second), previous: nil),
                    ]),
                ChangeBatch(revision: third, changes: [.delete("k/a", previous: a2), .put(c, previous: nil)]),
                ChangeBatch(revision: fourth, changes: [.delete("k/c", previous: c)]),
            ])
    }

    /// etcd cuts a message of more than two megabytes, and with it a revision, into fragments.
    @Test(arguments: EtcdServer.Version.allCases)
    func aRevisionInFragmentsIsOneBatch(_ version: EtcdServer.Version) async throws {
        let etcd = try await EtcdServer.start(version: version)
        let store = store(etcd.endpoints)
        let value = String(repeating: "x", count: 200_000)
        var last = Revision(0)
        for index in 10..<40 { last = try await store.put("k/\(index)", value) }
        let feed = store.changes(in: Self.range, after: last)
        let live = Task { try await collect(feed) { $0.count == 2 } }
        try await watched(etcd)
        _ = try await store.commit(Transaction(if: [], then: [.delete(Self.range)]), deadline: soon)
        try await store.put("k/a")
        for batches in [
            try await live.value,
            try await collect(store.changes(in: Self.range, after: last)) { $0.count == 2 },
            Array(try await collect(store.changes(in: Self.range, after: 1)) { $0.count == 32 }.suffix(2)),
        ] {
            #expect(batches[0].changes.count == 30)
            #expect(batches[0].changes.allSatisfy { $0.previous?.value.utf8.count == 200_000 })
            #expect(Set(batches[0].changes.map(\.key)).count == 30)
            #expect(batches[1].changes.map(\.key) == ["k/a"])
        }
    }

    /// Of the very revision of a compaction etcd keeps what was put, and not what was deleted: it counts as lost.
    @Test(arguments: EtcdServer.Version.allCases, [true, false])
    func whatWasCompactedIsTold(_ version: EtcdServer.Version, deleting: Bool) async throws {
        let etcd = try await EtcdServer.start(version: version)
        let store = store(etcd.endpoints)
        let first = try await store.put("k/a")
        let compacted = deleting ? try await store.delete("k/a") : try await store.put("k/a")
        let last = try await store.put("k/b")
        try await etcd.etcdctl(["compact", "\(compacted)"])
        for after in [0, first] {
            var iterator = store.changes(in: Self.range, after: after).makeAsyncIterator()
            #expect(try await iterator.next() == .lost(after: after, through: compacted))
            guard case .changes(let batch) = try await iterator.next() else {
                Issue.record("no change")
                return
            }
            #expect(batch.revision == last)
        }
        // Who has seen the revision of the compaction has lost nothing.
        let feed = store.changes(in: Self.range, after: compacted)
        #expect(try await collect(feed) { $0.count == 1 }.map(\.revision) == [last])
    }

    @Test func compactedWhileItWasCutOff() async throws {
        let etcd = try await EtcdServer.start()
        let relay = try await TCPRelay(to: etcd.port)
        let writer = store(etcd.endpoints)
        let first = try await writer.put("k/a")
        let feed = store([relay.url]).changes(in: Self.range, after: first)
        let elements = Task {
            var elements: [ChangeFeed.Element] = []
            for try await element in feed {
                elements.append(element)
                if case .changes = element { break }
            }
            return elements
        }
        try await watched(etcd)
        try await relay.cut()
        try await writer.put("k/a")
        let compacted = try await writer.put("k/a")
        try await etcd.etcdctl(["compact", "\(compacted)"])
        let last = try await writer.delete("k/a")
        try await Task.sleep(for: .milliseconds(300))
        try await relay.mend()
        let seen = try await elements.value
        guard case .interrupted(.unreachable) = seen.first else {
            Issue.record("\(seen)")
            return
        }
        let before = Record(key: "k/a", value: "v", created: first, modified: compacted)
        #expect(
            seen.dropFirst() == [
                .resumed, .lost(after: first, through: compacted),
                .changes(ChangeBatch(revision: last, changes: [.delete("k/a", previous: before)])),
            ])
    }

    /// A cluster that is restored from a backup begins again at an earlier revision.
    @Test func aStoreThatWasSetBackIsTold() async throws {
        let old = try await EtcdServer.start()
        let new = try await EtcdServer.start()
        try await store(new.endpoints).put("k/a")
        let relay = try await TCPRelay(to: new.port)
        for _ in 0..<20 { try await store(old.endpoints).put("k/a") }
        let last = try await store(old.endpoints).put("k/a")
        var iterator = store([relay.url]).changes(in: Self.range, after: last).makeAsyncIterator()
        #expect(try await iterator.next() == .lost(after: last, through: 2))
        let next = try await store(new.endpoints).put("k/a")
        guard case .changes(let batch) = try await iterator.next() else {
            Issue.record("no change")
            return
        }
        #expect(batch.revision == next)
    }

    /// Nothing has to happen in the range for the feed to know that it missed nothing.
    @Test func progressIsToldWhereEtcdTellsIt() async throws {
        let etcd = try await EtcdServer.start(
            version: .pypi35, arguments: ["--experimental-watch-progress-notify-interval", "200ms"])
        let store = store(etcd.endpoints)
        let start = try await store.put("k/a")
        var last = start
        for _ in 0..<5 { last = try await store.put("other") }
        for try await element in store.changes(in: Self.range, after: start) {
            guard case .progress(let revision) = element else {
                Issue.record("\(element)")
                continue
            }
            #expect(revision == last)
            break
        }
    }

    @Test func aMemberThatFreezesIsLeft() async throws {
        let cluster = try await EtcdCluster.start()
        defer { cluster.stop() }
        let follower = try #require(cluster.members.first { (try? $0.metric("etcd_server_is_leader")) == 0 })
        let others = cluster.members.filter { $0 !== follower }
        let writer = store(others.map(\.clientURL))
        let start = try await writer.put("k/a")
        let feed = store([follower.clientURL] + others.map(\.clientURL)).changes(in: Self.range, after: start)
        let following = Task { try await collect(feed) { $0.count == 20 } }
        try await watched(follower)
        var made: [Revision] = []
        for index in 0..<20 {
            if index == 5 { try follower.freeze() }
            if index == 15 { try follower.thaw() }
            made.append(try await writer.put("k/a", "\(index)"))
        }
        #expect(try await following.value.map(\.revision) == made)
    }

    @Test func aSilentConnectionIsLeft() async throws {
        let etcd = try await EtcdServer.start()
        let relay = try await TCPRelay(to: etcd.port)
        let writer = store(etcd.endpoints)
        let start = try await writer.put("k/a")
        let feed = store([relay.url, etcd.clientURL]).changes(in: Self.range, after: start)
        let following = Task { try await collect(feed) { $0.count == 1 } }
        try await watched(etcd)
        try await relay.freeze()
        let made = try await writer.put("k/a")
        #expect(try await following.value.map(\.revision) == [made])
    }

    @Test func isGivenUpWithoutAnErrorWhenItsTaskIsCancelled() async throws {
        let etcd = try await EtcdServer.start()
        let feed = store(etcd.endpoints).changes(in: Self.range, after: 0)
        let following = Task { for try await _ in feed {} }
        try await watched(etcd)
        following.cancel()
        try await following.value
        try await watched(etcd, count: 0)
        // Nor where nothing answers.
        let dead = try MisbehavingServer(.refuse)
        let waiting = store([dead.url]).changes(in: Self.range, after: 0)
        let interrupted = Flag()
        let hopeless = Task { for try await case .interrupted in waiting { interrupted.set() } }
        let deadline = soon
        while !interrupted.isSet, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
        #expect(interrupted.isSet)
        hopeless.cancel()
        try await hopeless.value
    }

    @Test func whoMayNotReadIsTold() async throws {
        let etcd = try await EtcdServer.start()
        for command in [
            ["user", "add", "root:secret"], ["user", "grant-role", "root", "root"], ["user", "add", "guest:secret"],
            ["auth", "enable"],
        ] {
            try await etcd.etcdctl(command)
        }
        var configuration = EtcdConfiguration(endpoints: etcd.endpoints)
        configuration.credentials = .init(user: "guest", password: "secret")
        let guest = EtcdStore(client: EtcdClient(configuration, loop: .onOwnThread()))
        let error = await #expect(throws: StoreError.self) {
            for try await _ in guest.changes(in: Self.range, after: 0) {}
        }
        guard case .denied = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    // MARK: All of it at once

    enum Fault: CaseIterable, Sendable { case cutConnection, silentConnection, killedServer, lostMember }

    /// Whatever breaks while changes go on: the feed is the very list of the changes made.
    @Test(arguments: Fault.allCases, [71, 72] as [UInt64])
    func nothingIsLostOrRepeated(fault: Fault, seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let members = try await EtcdCluster.start(members: fault == .lostMember ? 3 : 1)
        defer { members.stop() }
        let etcd = members.members[0]
        let relay = try await TCPRelay(to: etcd.port)
        let writer = store(members.endpoints)
        let start = try await writer.put("k/start")
        let endpoints =
            switch fault {
            case .cutConnection, .silentConnection: [relay.url]
            case .killedServer: etcd.endpoints
            case .lostMember: members.endpoints
            }
        let feed = store(endpoints).changes(in: Self.range, after: start)
        let following = Task {
            try await collect(feed) { batches in
                batches.last?.changes.contains { $0.key == "k/end" } ?? false
            }
        }
        let breaking = Task { [seed = generator.next()] in
            var generator = SeededGenerator(seed: seed)
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(Int.random(in: 20...300, using: &generator)))
                let pause = Duration.milliseconds(Int.random(in: 0...700, using: &generator))
                switch fault {
                case .cutConnection:
                    try await relay.cut()
                    try? await Task.sleep(for: pause)
                    try await relay.mend()
                case .silentConnection:
                    try await relay.freeze()
                    try? await Task.sleep(for: pause * 3)
                    try await relay.thaw()
                case .killedServer: try await etcd.restart()
                case .lostMember:
                    let victim = members.members[Int.random(in: 0..<3, using: &generator)]
                    try victim.kill()
                    try? await Task.sleep(for: pause)
                    try await victim.restart()
                }
            }
        }
        let end = ContinuousClock.now + .seconds(4)
        while ContinuousClock.now < end {
            var operations: [StoreOperation] = []
            for index in 0..<5 where Int.random(in: 0..<5, using: &generator) < 2 {
                let isDeletion = Bool.random(using: &generator)
                operations.append(
                    isDeletion ? .delete(KeyRange(Key("k/\(index)"))) : .put(Key("k/\(index)"), "\(generator.next())"))
            }
            operations.append(.put("other", ""))
            // A lost answer is nothing to this test: the store itself knows what was done.
            _ = try? await writer.commit(Transaction(if: [], then: operations), deadline: .now + .seconds(3))
            if Int.random(in: 0..<10, using: &generator) == 0 { try await Task.sleep(for: .milliseconds(50)) }
        }
        breaking.cancel()
        _ = await breaking.result
        try await relay.mend()
        _ = try await writer.put("k/end")
        let batches = try await following.value
        let expected = try await changes(of: store(members.endpoints), after: start, to: batches.last?.revision ?? 0)
        #expect(batches.count == expected.count, "\(generator) \(fault)")
        #expect(batches == expected, "\(generator) \(fault)")
        print("\(generator) \(fault): \(batches.count) revisions")
    }

    /// What each revision changed, from the states before and after it.
    private func changes(of store: EtcdStore, after start: Revision, to end: Revision) async throws -> [ChangeBatch] {
        var before = try await state(of: store, at: start)
        var batches: [ChangeBatch] = []
        for revision in stride(from: start + 1, through: end, by: 1) {
            let now = try await state(of: store, at: revision)
            let keys = Set(before.keys).union(now.keys).sorted()
            let changes = keys.compactMap { key -> KeyChange? in
                guard before[key] != now[key] else { return nil }
                return now[key].map { .put($0, previous: before[key]) } ?? .delete(key, previous: before[key])
            }
            if !changes.isEmpty { batches.append(ChangeBatch(revision: revision, changes: changes)) }
            before = now
        }
        return batches
    }

    private func state(of store: EtcdStore, at revision: Revision) async throws -> [Key: Record] {
        let records = try await store.readAll(Self.range, at: revision, deadline: soon).records
        return Dictionary(uniqueKeysWithValues: records.map { ($0.key, $0) })
    }

    /// Waits until so many watch.
    private func watched(_ etcd: EtcdServer, count: Double = 1) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try etcd.metric("etcd_debugging_mvcc_watcher_total") != count, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(try etcd.metric("etcd_debugging_mvcc_watcher_total") == count)
    }
}

import EtcdStore
import Store
import TestSupport
import Testing

@Suite(.serialized, .needs(.etcd)) struct GuardTests {
    @Test(arguments: EtcdServer.Version.allCases) func absent(_ version: EtcdServer.Version) async throws {
        let etcd = try await EtcdServer.start(version: version)
        let store = EtcdStore.of(etcd.endpoints)
        #expect(try await store.holds(.absent("a")))
        try await store.put("a")
        #expect(try await !store.holds(.absent("a")))
        try await store.delete("a")
        #expect(try await store.holds(.absent("a")))
    }

    @Test(arguments: EtcdServer.Version.allCases) func unchanged(_ version: EtcdServer.Version) async throws {
        let etcd = try await EtcdServer.start(version: version)
        let store = EtcdStore.of(etcd.endpoints)
        let first = try await store.put("a")
        try await store.put("b")
        #expect(try await store.holds(.unchanged("a", first)))
        #expect(try await !store.holds(.unchanged("a", first + 1)))
        // The same value again is a change.
        try await store.put("a")
        #expect(try await !store.holds(.unchanged("a", first)))
        let second = try #require(try await store.record("a")).modified
        try await store.delete("a")
        #expect(try await !store.holds(.unchanged("a", second)))
    }

    @Test(arguments: EtcdServer.Version.allCases) func value(_ version: EtcdServer.Version) async throws {
        let etcd = try await EtcdServer.start(version: version)
        let store = EtcdStore.of(etcd.endpoints)
        #expect(try await !store.holds(.value("a", equals: "v")))
        #expect(try await !store.holds(.value("a", equals: "")), "a missing key has no value, not even an empty one")
        try await store.put("a", "")
        #expect(try await store.holds(.value("a", equals: "")))
        try await store.put("a", "v")
        #expect(try await store.holds(.value("a", equals: "v")))
        #expect(try await !store.holds(.value("a", equals: "vv")))
        #expect(try await !store.holds(.value("a", equals: "v"), .value("b", equals: "v")))
        try await store.delete("a")
        #expect(try await !store.holds(.value("a", equals: "v")))
    }

    @Test(arguments: EtcdServer.Version.allCases) func noneNewer(_ version: EtcdServer.Version) async throws {
        let etcd = try await EtcdServer.start(version: version)
        let store = EtcdStore.of(etcd.endpoints)
        let range = KeyRange(prefix: "/p/")
        #expect(try await store.holds(.noneNewer(range, than: 0)), "an empty range has nothing newer")
        let first = try await store.put("/p/a")
        #expect(try await !store.holds(.noneNewer(range, than: first - 1)), "created since")
        #expect(try await store.holds(.noneNewer(range, than: first)))
        let second = try await store.put("/p/b")
        #expect(try await !store.holds(.noneNewer(range, than: first)), "one of two is newer")
        try await store.put("/p/a")
        #expect(try await !store.holds(.noneNewer(range, than: second)), "changed since")
        for key in ["/p", "/p0", "/o/a", "/q/a"] { try await store.put(key) }
        let all = try await store.delete("/p/a")
        #expect(try await store.holds(.noneNewer(range, than: second)), "deleted since does not count")
        #expect(try await store.holds(.noneNewer(range, than: all)))
        try await store.put("/p/a")
        #expect(try await !store.holds(.noneNewer(range, than: all)), "created anew")
        #expect(try await store.holds(.noneNewer(KeyRange("/p/b"), than: second)))
        #expect(try await !store.holds(.noneNewer(KeyRange("/p/b"), than: second - 1)))
        #expect(try await store.holds(.noneNewer(KeyRange("/p/none"), than: 0)))
    }

    /// As the transactions of the pool are built: the compares of an inner one see nothing of the outer one's puts.
    @Test(arguments: EtcdServer.Version.allCases)
    func nestedGuardsSeeTheStateBefore(_ version: EtcdServer.Version) async throws {
        let etcd = try await EtcdServer.start(version: version)
        let store = EtcdStore.of(etcd.endpoints)
        let commit = try await store.commit(
            Transaction(
                if: [.absent("a")],
                then: [
                    .put("a", "1"),
                    .transaction(
                        Transaction(
                            if: [.absent("a"), .noneNewer(KeyRange("a"), than: 0)], then: [.put("b", "absent")],
                            else: [.put("b", "there")])),
                    .transaction(Transaction(if: [.value("a", equals: "1")], then: [.put("c", "1")])),
                    .read(Read("a")),
                ]),
            deadline: soon)
        #expect(commit.succeeded)
        #expect(try await store.record("b")?.value == "absent")
        #expect(try await store.record("c") == nil, "a nested failure does not undo the rest")
        guard commit.results.count == 4, case .transaction(let inner) = commit.results[1],
            case .transaction(let failed) = commit.results[2], case .read(let read) = commit.results[3]
        else {
            Issue.record("\(commit.results)")
            return
        }
        #expect(inner.succeeded && inner.revision == commit.revision)
        #expect(!failed.succeeded && failed.results.isEmpty)
        #expect(read.records.map(\.value) == ["1"])
    }

    @Test func theOtherBranchRunsAndTells() async throws {
        let etcd = try await EtcdServer.start()
        let store = EtcdStore.of(etcd.endpoints)
        for key in ["/p/a", "/p/b", "/q"] { try await store.put(key, "x") }
        let commit = try await store.commit(
            Transaction(
                if: [.absent("/q")], then: [.put("/r", "")],
                else: [.delete(KeyRange(prefix: "/p/")), .read(Read(KeyRange(prefix: "/"), .count)), .put("/s", "")]),
            deadline: soon)
        #expect(!commit.succeeded)
        #expect(commit.results == [.deleted(count: 2), .read(ReadResult(records: [], count: 1)), .put])
        #expect(try await store.record("/r") == nil)
    }
}

extension Key: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self.init(text) }
}

extension KeyRange {
    init(_ key: String) { self.init(Key(key)) }
}

import EtcdStore
import Foundation
import Store
import TestSupport
import Testing

@Suite(.serialized) struct ReadTests {
    @Test(.needs(.etcd), arguments: EtcdServer.Version.allCases)
    func manyQuestionsHaveOneRevision(_ version: EtcdServer.Version) async throws {
        let etcd = try await EtcdServer.start(version: version)
        let store = EtcdStore.of(etcd.endpoints)
        for key in ["/p/a", "/p/b", "/p/c", "/q"] { try await store.put(key, "value of \(key)") }
        let snapshot = try await store.read(
            [
                Read(KeyRange(prefix: "/p/"), limit: 2), Read(KeyRange(prefix: "/p/"), .count), Read("/q"),
                Read("/none"),
                Read(KeyRange(prefix: "/p/"), .keys),
            ],
            deadline: soon)
        #expect(snapshot.revision == 5)
        #expect(snapshot.results.map(\.count) == [3, 3, 1, 0, 3])
        #expect(snapshot.results[0].records.map(\.key.text) == ["/p/a", "/p/b"])
        #expect(snapshot.results[1].records.isEmpty)
        #expect(snapshot.results[2].records.first?.value == "value of /q")
        #expect(snapshot.results[4].records.allSatisfy { $0.value.isEmpty })
        #expect(snapshot.results[4].records.map(\.modified) == [2, 3, 4])
    }

    @Test(.needs(.etcd)) func anOldRevisionIsReadAsItWas() async throws {
        let etcd = try await EtcdServer.start()
        let store = EtcdStore.of(etcd.endpoints)
        let first = try await store.put("a", "1")
        let second = try await store.put("a", "2")
        for reads in [[Read("a")], [Read("a"), Read("b")]] {
            let old = try await store.read(reads, at: first, deadline: soon)
            #expect(old.results[0].records.first?.value == "1")
        }
        try await etcd.etcdctl(["compact", "\(second)"])
        await #expect(throws: StoreError.compacted) { try await store.read([Read("a")], at: first, deadline: soon) }
        await #expect(throws: StoreError.compacted) {
            try await store.read([Read("a"), Read("b")], at: first, deadline: soon)
        }
        await #expect(throws: StoreError.compacted) {
            try await store.readAll(KeyRange(prefix: "a"), at: first, deadline: soon)
        }
    }

    @Test(.needs(.etcd)) func aWholePoolIsReadAtOneRevisionWhileOthersWrite() async throws {
        let etcd = try await EtcdServer.start()
        let store = EtcdStore.of(etcd.endpoints)
        for block in 0..<512 {
            let puts = (0..<128).map { StoreOperation.put(Key("/used/10.\(block / 2).\(block % 2 * 128 + $0)"), "c") }
            _ = try await store.commit(Transaction(if: [], then: puts), deadline: soon)
        }
        let stop = Task {
            let writer = EtcdStore.of(etcd.endpoints)
            var round = 0
            while !Task.isCancelled {
                round += 1
                try await writer.delete("/used/10.\(round % 200).7")
                try await writer.put("/used/10.\(round % 200).7/new")
            }
        }
        for (page, content) in [(10_000, Read.Content.records), (7_777, .keys), (65_536, .keys)] {
            let (records, revision) = try await store.readAll(
                KeyRange(prefix: "/used/"), content, pageSize: page, deadline: soon)
            // Each round takes one key and gives one: of an even revision there are as many as before, else one less.
            #expect([65_535, 65_536].contains(records.count), "\(records.count)")
            #expect(Set(records.map(\.key)).count == records.count)
            #expect(records.allSatisfy { $0.modified <= revision })
            #expect(zip(records, records.dropFirst()).allSatisfy { $0.key < $1.key })
            let again = try await store.readAll(KeyRange(prefix: "/used/"), .keys, at: revision, deadline: soon)
            #expect(again.records.map(\.key) == records.map(\.key))
        }
        stop.cancel()
        _ = await stop.result
    }

    @Test(.needs(.etcd)) func pagesComeOneByOneAtOneRevision() async throws {
        let etcd = try await EtcdServer.start()
        let store = EtcdStore.of(etcd.endpoints)
        for key in 0..<5 { try await store.put("/p/\(key)", "\(key)") }
        let known = try await store.read([Read("/p/0")], deadline: soon).revision
        try await store.put("/p/5", "5")
        var pages: [[String]] = []
        let revision = try await store.forEachPage(
            KeyRange(prefix: "/p/"), at: known, pageSize: 2, deadline: soon
        ) { page in pages.append(page.map(\.value)) }
        #expect(revision == known)
        #expect(pages == [["0", "1"], ["2", "3"], ["4"]])
    }

    @Test(.needs(.etcd)) func pagesOfAnySizeGiveTheSame() async throws {
        let etcd = try await EtcdServer.start()
        let store = EtcdStore.of(etcd.endpoints)
        for key in 0..<20 { try await store.put("/p/\(key)", "\(key)") }
        let whole = try await store.read([Read(KeyRange(prefix: "/p/"))], deadline: soon).results[0].records
        for size in 1...21 {
            #expect(try await store.readAll(KeyRange(prefix: "/p/"), pageSize: size, deadline: soon).records == whole)
        }
        #expect(try await store.readAll(KeyRange(prefix: "/none/"), deadline: soon).records.isEmpty)
        #expect(try await store.readAll(KeyRange("/p/7"), deadline: soon).records.map(\.value) == ["7"])
    }

    /// Somebody else wrote a key that is no text. Reading on from it must not go round in circles.
    @Test(.needs(.etcd)) func aKeyThatIsNotTextEndsTheReading() async throws {
        let etcd = try await EtcdServer.start()
        let store = EtcdStore.of(etcd.endpoints)
        for byte in [0xFE, 0xFF] {
            let octal = String(byte, radix: 8)
            let key = try await runProcess("printf", ["/p/\\\(octal)"], environment: ["PATH": "/usr/bin:/bin"]).stdout
            let put = "{\"key\":\"\(key.base64EncodedString())\",\"value\":\"eA==\"}"
            try await runProcess(
                "curl", ["-sf", "--noproxy", "*", "-d", put, etcd.clientURL + "/v3/kv/put"],
                environment: ["PATH": "/usr/bin:/bin"]
            ).checked()
        }
        let error = try await #require(throws: StoreError.self) {
            try await store.readAll(KeyRange(prefix: "/p/"), pageSize: 1, deadline: soon)
        }
        var pages = 0
        let streamed = try await #require(throws: StoreError.self) {
            _ = try await store.forEachPage(KeyRange(prefix: "/p/"), pageSize: 1, deadline: soon) { _ in pages += 1 }
        }
        #expect(error == .refused("the key /p/\u{FFFD} is not UTF-8 text") && streamed == error)
        #expect(pages == 2, "the second page is where it shows")
        #expect(try await store.readAll(KeyRange(prefix: "/p/"), deadline: soon).records.count == 2)
    }

    @Test func aStoreThatIsGoneIsUnreachable() async throws {
        let server = try MisbehavingServer(.refuse)
        let store = EtcdStore.of([server.url])
        for error in [
            await #expect(throws: StoreError.self) { try await store.read([Read("a")], deadline: soon) },
            await #expect(throws: StoreError.self) { try await store.put("a") },
        ] {
            guard case .unreachable(let text) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(text.contains(server.url))
        }
    }
}

import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// What a revision's changes are called, of the real operations.
@Suite struct NetworkEventTests {
    private let fixed = "10.71.0.0/24 10.71.0.100-10.71.0.200 10.71.0.10-10.71.0.50"
    private let wanted = address("10.71.0.20")

    /// The events of what `body` does on the pool's network, in order.
    private func events(_ pool: TestPool, _ body: () async throws -> Void) async throws -> [NetworkEvent] {
        let store = pool.store()
        let before = try await NetworkDirectory.revision(of: store, deadline: .now + .seconds(60))
        try await body()
        // Nobody is told of a lock.
        try await pool.put([(pool.keys.lock, "1")])
        var events: [NetworkEvent] = []
        for try await case .changes(let batch) in store.changes(in: NetworkEvent.range(of: pool.network), after: before)
        {
            events += NetworkEvent.events(in: batch, of: pool.network)
            if batch.changes.contains(where: { $0.key == pool.keys.lock }) { break }
        }
        _ = try await store.commit(
            Transaction(if: [], then: [.delete(KeyRange(pool.keys.lock))]), deadline: .now + .seconds(60))
        return events
    }

    private func kinds(_ events: [NetworkEvent]) -> [String] {
        events.map { "\($0.kind.rawValue) \($0.address?.description ?? "")" }
    }

    // MARK: Tenancies

    @Test(.needs(.etcd), arguments: EtcdServer.Version.allCases)
    func addressesAreGivenAndFreed(_ version: EtcdServer.Version) async throws {
        let pool = try await TestPool.onEtcd([set("10.65.0.0/24"), set("fd65::/64")], version: version)
        let added = try await events(pool) { _ = try await pool.pool().add(pool.request("c1", "default/db-0")) }
        #expect(kinds(added) == ["configured ", "given 10.65.0.2", "given fd65::2"])
        #expect(added[0].rangeSets == pool.rangeSets && added[0].settings?.hasGoNodes == false)
        for event in added.dropFirst() {
            #expect(event.tenancy?.phrase == "default/db-0 on n1" && event.former == nil)
            #expect(event.tenancy?.attachment?.isFixed == false && event.tenancy?.ifname?.text == "eth0")
        }
        let again = try await events(pool) { _ = try await pool.pool().add(pool.request("c1", "default/db-0")) }
        #expect(again.isEmpty)
        let freed = try await events(pool) {
            let ending = Ending(.collected, at: noon, by: "n1", evidence: "not listed")
            _ = try await pool.pool().delete(reference("c1"), ending: ending)
        }
        #expect(kinds(freed) == ["freed 10.65.0.2", "freed fd65::2"])
        for event in freed {
            #expect(event.tenancy?.phrase == "default/db-0 on n1")
            #expect(event.ending == .collected && event.by == "n1" && event.evidence == "not listed")
        }
        let former = try #require(freed[0].tenancy?.holder)
        #expect(former.isCalled(pod("default/db-0")) && !former.isCalled(pod("default/db-1")))
        #expect(former.namespace?.text == "default")
        #expect(former.node == "n1")
    }

    @Test(.needs(.etcd), arguments: EtcdServer.Version.allCases)
    func aTakeoverIsOneEventThatNamesBoth(_ version: EtcdServer.Version) async throws {
        let pool = try await TestPool.onEtcd([set(fixed), set("fd71::/64")], version: version)
        var node = TestNode(pool: pool, cluster: TestCluster())
        let db = Pod.member("default/db-0", uid: "u1", ip: "10.71.0.20")
        _ = try await node.start("c1", db)
        node.boot = "boot-2"
        let after = try await events(pool) { _ = try await node.start("c2", db) }
        #expect(kinds(after) == ["taken-over 10.71.0.20", "freed fd71::2", "given fd71::3"])
        #expect(after[0].tenancy?.containerID == "c2" && after[0].former?.containerID == "c1")
        #expect(after[0].tenancy?.attachment?.isFixed == true)
        #expect(after[0].former?.phrase == "default/db-0 on n1" && after[0].by == "default/db-0 on n1")
        #expect(after[0].evidence == "its node n1 has rebooted")
        #expect(after[1].ending == .takenOver && after[1].tenancy?.containerID == "c1")
        #expect(after[2].tenancy?.containerID == "c2")
    }

    @Test func whoIsSeenGoneIsSuspectedOnce() async throws {
        let pool = try TestPool([set(fixed)])
        let node = TestNode(pool: pool, cluster: TestCluster())
        _ = try await node.start("c1", Pod.member("default/db-0", uid: "u1", ip: "10.71.0.20"))
        let rebuilt = Pod.member("default/db-0", uid: "u2", ip: "10.71.0.20", node: "n2")
        node.cluster.put(rebuilt)
        let second = node.other("n2")
        let seen = try await events(pool) {
            for seconds: Int64 in [0, 10] {
                _ = await second.refusal("c2", rebuilt, at: noon.advanced(bySeconds: seconds))
            }
        }
        #expect(kinds(seen) == ["suspected 10.71.0.20"])
        #expect(seen.first?.by == "n2" && seen.first?.suspect?.since == noon)
        let taken = try await events(pool) {
            _ = try await second.add("c2", rebuilt, at: noon.advanced(bySeconds: 60))
        }
        #expect(kinds(taken) == ["taken-over 10.71.0.20"])
    }

    @Test func aSandboxWithTheIDOfAFormerOneIsGivenItsAddresses() async throws {
        let pool = try TestPool([set("10.65.0.0/24")])
        _ = try await pool.pool().add(pool.request("c1", "default/a"))
        let after = try await events(pool) {
            var request = try pool.request("c1", "default/a")
            request.holder.boot = "boot-2"
            _ = try await pool.pool().add(request)
        }
        #expect(kinds(after) == ["given 10.65.0.2"])
        #expect(after.first?.tenancy?.attachment?.holder.boot == "boot-2")
        #expect(after.first?.former?.attachment?.holder.boot == nil && after.first?.former != nil)
    }

    // MARK: Reservations

    @Test(.needs(.etcd), arguments: EtcdServer.Version.allCases, [0, 8])
    func reservationsAreMadeChangedAndDropped(_ version: EtcdServer.Version, historyDepth: Int) async throws {
        let pool = try await TestPool.onEtcd([set(fixed)], version: version)
        let on = AddressPool(
            store: pool.store(), network: pool.network, deadline: .now + .seconds(60), historyDepth: historyDepth)
        func reserve(
            _ note: String, expires: Timestamp? = nil, for holder: String = "default/db-0", at: Timestamp = noon
        )
            async throws
        {
            _ = try await on.reserve(
                pool.orders([wanted], for: holder, note: note, expires: expires), rangeSets: pool.rangeSets, now: at)
        }
        func release(force: Bool) async throws {
            _ = try await on.release(
                try await on.planRelease(of: [wanted], force: force),
                ending: Ending(.freed, at: noon, by: "root@admin2"))
        }
        let reserved = try await events(pool) { try await reserve("a") }
        #expect(kinds(reserved) == ["reserved 10.71.0.20"])
        #expect(reserved.first?.reservation?.note == "a" && reserved.first?.by == "root@admin1")
        #expect(reserved.first?.reservation?.holder == .pod(pod("default/db-0")))
        #expect(reserved.first?.reservation?.holder.namespace?.text == "default")
        #expect(try await events(pool) { try await reserve("a") }.isEmpty)
        let updated = try await events(pool) { try await reserve("b", expires: noon) }
        #expect(kinds(updated) == ["updated 10.71.0.20"])
        #expect(updated.first?.reservation?.note == "b")
        // Over an expired one, for another.
        let later = noon.advanced(bySeconds: 3600)
        let replaced = try await events(pool) { try await reserve("c", for: "default/db-1", at: later) }
        #expect(kinds(replaced) == (historyDepth > 0 ? ["expired 10.71.0.20"] : []) + ["reserved 10.71.0.20"])
        if historyDepth > 0 { #expect(replaced[0].reservation?.note == "b" && replaced[1].reservation?.note == "c") }
        let released = try await events(pool) { try await release(force: false) }
        #expect(kinds(released) == ["released 10.71.0.20"])
        #expect(released.first?.reservation?.note == "c")
        #expect(released.first?.by == (historyDepth > 0 ? "root@admin2" : nil))
        // With its user.
        try await reserve("d")
        var request = try pool.request("c1", "default/db-0")
        request.requested = [wanted]
        _ = try await on.add(request)
        let forced = try await events(pool) { try await release(force: true) }
        #expect(kinds(forced) == ["released 10.71.0.20", "freed 10.71.0.20"])
        #expect(forced[1].tenancy?.phrase == "default/db-0 on n1")
        #expect(forced[1].ending == (historyDepth > 0 ? .freed : nil))
    }

    @Test func automaticAddressesAreReservedAndGiven() async throws {
        let pool = try TestPool([set(fixed)])
        let node = TestNode(pool: pool, cluster: TestCluster())
        let made = try await events(pool) {
            _ = try await node.start("c1", Pod.member("default/db-0", uid: "u1", ["kube-ipam.ip": "auto"]))
        }
        let given = try #require(made.last?.address)
        #expect(kinds(made) == ["configured ", "reserved \(given)", "given \(given)"])
        #expect(made[1].reservation?.by == Reservation.automaticAuthor)
    }

    @Test func anExpiredReservationGoesWithTheAddThatNamesItsAddress() async throws {
        let pool = try TestPool([set(fixed)])
        _ = try await pool.pool().reserve(
            pool.orders([wanted], for: "default/db-1", expires: noon), rangeSets: pool.rangeSets, now: noon)
        let after = try await events(pool) {
            var request = try pool.request("c1", "default/db-0", at: noon.advanced(bySeconds: 3600))
            request.requested = [wanted]
            _ = try await pool.pool().add(request)
        }
        #expect(kinds(after) == ["configured ", "expired 10.71.0.20", "given 10.71.0.20"])
        #expect(after[1].reservation?.holder == .pod(pod("default/db-1")) && after[1].by == "default/db-0 on n1")
    }

    // MARK: The Go plugin

    @Test func theGoPluginsRecordsHaveAContainerAlone() async throws {
        let pool = try TestPool([set("10.65.0.0/24")])
        _ = try await pool.pool().add(pool.request("c1"))
        let used = pool.keys.used(address("10.65.0.9"))
        let document = NetworkDocument.serialize(pool.rangeSets)
        let after = try await events(pool) {
            // It rewrites the document, in its own form, on every ADD and DEL.
            try await pool.put([(pool.keys.document, document.replacing(",", with: ", ")), (used, "go1")])
            try await pool.put([(pool.keys.cursor(rangeSet: 0), "10.65.0.9"), (used, "go1")])
            _ = try await pool.store().commit(
                Transaction(if: [], then: [.delete(KeyRange(used))]), deadline: .now + .seconds(60))
        }
        #expect(kinds(after) == ["given 10.65.0.9", "freed 10.65.0.9"])
        for event in after {
            #expect(event.tenancy?.containerID == "go1" && event.tenancy?.attachment == nil && event.ending == nil)
        }
        // DEL of its record here.
        try await pool.put([(used, "go2")])
        let freed = try await events(pool) {
            _ = try await pool.pool().delete(
                reference("go2"), previous: [address("10.65.0.9")], ending: Ending(.deleted, at: noon, by: "n1"))
        }
        #expect(kinds(freed) == ["freed 10.65.0.9"] && freed.first?.ending == .deleted)
    }

    // MARK: The network

    @Test func holdsAndOtherSettingsAreTold() async throws {
        let pool = try TestPool([set("10.65.0.0/24")])
        _ = try await pool.pool().add(pool.request("c1"))
        let settings = #"{"format":1,"goNodes":false,"fixed":[]}"#
        let hold = #"{"format":1,"goNodes":false,"fixed":[],"hold":{"by":"root@a","reason":"backup","since":"x"}}"#
        func write(_ key: Key, _ value: String) async throws -> [NetworkEvent] {
            try await events(pool) { try await pool.put([(key, value)]) }
        }
        let held = try await write(pool.keys.settings, hold)
        #expect(kinds(held) == ["held "] && held.first?.hold?.reason == "backup" && held.first?.by == "root@a")
        #expect(try await write(pool.keys.settings, hold).isEmpty)
        let unheld = try await write(pool.keys.settings, settings)
        #expect(kinds(unheld) == ["unheld "] && unheld.first?.hold?.reason == "backup")
        #expect(
            try await kinds(write(pool.keys.settings, #"{"format":1,"goNodes":true,"fixed":[]}"#)) == ["configured "])
        let broken = try await write(pool.keys.settings, "{")
        #expect(
            kinds(broken) == ["configured "] && broken.first?.evidence?.hasPrefix("its settings cannot be read") == true
        )
        let other = try [set("10.65.0.0/25")]
        let configured = try await write(pool.keys.document, NetworkDocument.serialize(other))
        #expect(kinds(configured) == ["configured "] && configured.first?.rangeSets == other)
        #expect(try await write(pool.keys.document, "[]x").first?.evidence?.hasPrefix("its document cannot be") == true)
    }

    @Test func addThatChangesTheRangesIsOneEventWithItsAuthor() async throws {
        let pool = try TestPool([set("10.65.0.0/24")])
        _ = try await pool.pool().add(pool.request("c1"))
        var request = try pool.request("c2", "default/db-0")
        request.rangeSets = try [set("10.66.0.0/24")]
        let changed = try await events(pool) { _ = try await pool.pool().add(request) }
        #expect(kinds(changed) == ["configured ", "given 10.66.0.2"])
        #expect(changed.first?.rangeSets == request.rangeSets && changed.first?.by == "default/db-0 on n1")
        let held = try await events(pool) {
            _ = try await pool.pool().hold(.init(by: "root@a", reason: "x", since: nil))
        }
        #expect(kinds(held) == ["held "], "what an earlier ADD changed is told once")
    }

    @Test func neighboursInTheOrderOfKeysAreOtherNetworks() throws {
        let range = NetworkEvent.range(of: try NetworkName("k8s"))
        let batch = ChangeBatch(
            revision: 7,
            changes: ["k8s", "k8s-net", "k8s.v2", "k8s0"].map { name in
                .put(
                    Record(key: Key("/etcd-cni/networks/\(name)/used/10.0.0.1"), value: "c", created: 7, modified: 7),
                    previous: nil)
            })
        #expect(batch.changes.map { range.contains($0.key) } == [true, true, true, false])
        #expect(NetworkEvent.events(in: batch, of: try NetworkName("k8s")).map(\.network.text) == ["k8s"])
        #expect(NetworkEvent.events(in: batch).map(\.network.text) == ["k8s", "k8s-net", "k8s.v2", "k8s0"])
    }

    /// A compaction may have taken what was there before.
    @Test func withoutWhatWasBeforeTheHistoryTells() throws {
        let keys = Keyspace(try NetworkName("k8s"))
        var history = History()
        let attachment: JSONObject = [
            "containerID": "c1", "ifname": "eth0", "namespace": "default", "pod": "db-0", "node": "n1",
        ]
        history.record([HistoryEntry(.deleted, at: noon, by: "n1", tenancy: Tenancy(json: attachment))], depth: 8)
        func batch(_ changes: KeyChange...) -> ChangeBatch { ChangeBatch(revision: 9, changes: changes) }
        let used = KeyChange.delete(keys.used(wanted), previous: nil)
        let told = KeyChange.put(
            Record(key: keys.history(wanted), value: history.serialized(), created: 3, modified: 9), previous: nil)
        let freed = NetworkEvent.events(in: batch(used, told))
        #expect(kinds(freed) == ["freed 10.71.0.20"] && freed.first?.tenancy?.phrase == "default/db-0 on n1")
        let unknown = NetworkEvent.events(in: batch(used))
        #expect(kinds(unknown) == ["freed 10.71.0.20"] && unknown.first?.tenancy == nil)
    }
}

import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// What ends a tenancy or changes a reservation says so, in the same transaction.
@Suite struct HistoryTests {
    private let fixed = "10.61.0.0/24 10.61.0.100-10.61.0.200 10.61.0.10-10.61.0.50"
    private let ip = address("10.61.0.20")

    private func node() throws -> TestNode { try TestNode.first([set(fixed)]) }

    private func db(_ uid: String) -> Pod { .member("default/db-0", uid: uid, ip: "10.61.0.20") }

    private func entries(_ pool: TestPool, _ address: IPAddress? = nil) async throws -> [HistoryEntry] {
        try await pool.pool().history(of: address ?? ip).entries
    }

    private func ending(_ event: HistoryEntry.Event = .deleted) -> Ending { Ending(event, at: noon, by: "someone") }

    /// Checks that the newest entry came with the change of `key`, neither before nor after it.
    private func expectWithChange(
        of key: String, _ pool: TestPool, _ event: HistoryEntry.Event, _ address: IPAddress? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let history = pool.keys.history(address ?? ip)
        let record = try #require(
            try await pool.store().read([Read(history)], deadline: .now + .seconds(60)).results[0].records.first,
            sourceLocation: sourceLocation)
        let newest = try History(stored: record.value).entries.first
        #expect(newest?.event == event, sourceLocation: sourceLocation)
        let before = try await pool.contents(at: record.modified - 1)
        let after = try await pool.contents(at: record.modified)
        #expect(before[key] != after[key], "\(key) changed at another revision", sourceLocation: sourceLocation)
    }

    // MARK: Who writes

    @Test func aDeleteSaysWhoHadIt() async throws {
        let node = try node()
        _ = try await node.start("c1", db("u1"))
        #expect(try await entries(node.pool).isEmpty, "an ADD writes none: the attachment is the open entry")
        _ = try await node.pool.pool().delete(reference("c1"), ending: ending())
        try await expectWithChange(of: "used/10.61.0.20", node.pool, .deleted)
        let entry = try #require(try await entries(node.pool).first)
        #expect(entry.by == "someone" && entry.at == noon && entry.tenancy?.phrase == "default/db-0 on n1")
        #expect(entry.tenancy?.holder.uid == "u1" && entry.tenancy?.containerID == "c1")
        #expect(entry.tenancy?.since == noon)
        _ = try await node.pool.pool().delete(reference("c1"), ending: ending())
        #expect(try await entries(node.pool).count == 1, "a repeated DEL ends nothing")
    }

    @Test(arguments: [false, true]) func aDeleteOfAGoRecordSaysItsContainer(byPrevResult: Bool) async throws {
        let pool = try TestPool([set("10.61.0.0/24")])
        try await pool.put([(pool.keys.used(ip), "go1")])
        _ = try await pool.pool().delete(reference("go1"), previous: byPrevResult ? [ip] : [], ending: ending())
        try await expectWithChange(of: "used/10.61.0.20", pool, .deleted)
        #expect(try await entries(pool).first?.tenancy?.phrase == "container go1")
    }

    /// The node n1, where the namespace of the container c1 is gone.
    private static let withoutFirst = NodeView.test("n1", boot: "n1-boot-1") {
        $0 == "/run/netns/c1" ? .absent : .there
    }

    @Test func garbageCollectionSaysIt() async throws {
        let node = try node()
        _ = try await node.start("c1", db("u1"))
        _ = try await node.start("c2", Pod.member("default/db-1", uid: "u2"))
        let freed = try await node.pool.pool().collectGarbage(
            keeping: [], on: Self.withoutFirst, ending: ending(.collected))
        #expect(freed.count == 1)
        try await expectWithChange(of: "used/10.61.0.20", node.pool, .collected)
    }

    @Test func reserveUpdateAndReleaseSayIt_andAnExpiredOneThatIsReplaced() async throws {
        let pool = try TestPool([set("10.61.0.0/24")])
        func reserve(_ holder: String, expires: Timestamp? = nil, at now: Timestamp = noon) async throws {
            _ = try await pool.pool().reserve(
                pool.orders([ip], for: holder, expires: expires), rangeSets: pool.rangeSets, now: now)
        }
        try await reserve("default/db-0")
        try await expectWithChange(of: "reservations/10.61.0.20", pool, .reserved)
        try await reserve("default/db-0", expires: noon)
        try await expectWithChange(of: "reservations/10.61.0.20", pool, .updated)
        try await reserve("default/db-1", at: noon.advanced(bySeconds: 300))
        #expect(try await entries(pool).map(\.event) == [.reserved, .expired, .updated, .reserved])
        let plan = try await pool.pool().planRelease(of: [ip], force: false)
        _ = try await pool.pool().release(plan, ending: ending(.freed))
        try await expectWithChange(of: "reservations/10.61.0.20", pool, .released)
        #expect(try await entries(pool).first?.reservation?.holder == .pod(IPAMKitTests.pod("default/db-1")))
    }

    @Test func aForcedReleaseSaysItOfEveryAddressOfTheAttachment() async throws {
        let pool = try TestPool([set("10.61.0.0/24"), set("fd61::/64")])
        let given = try await pool.pool().add(pool.request("c1", "default/db-0")).addresses
        let plan = try await pool.pool().planRelease(of: [given[0]], force: true)
        _ = try await pool.pool().release(plan, ending: ending(.freed))
        for address in given { try await expectWithChange(of: "used/\(address)", pool, .freed, address) }
    }

    @Test func aTakeoverSaysIt_andSoDoesAnotherSandboxOfTheSameContainerID() async throws {
        var node = try node()
        _ = try await node.start("c1", db("u1"))
        node.gone = ["/run/netns/c1"]
        _ = try await node.start("c2", db("u2"))
        try await expectWithChange(of: "used/10.61.0.20", node.pool, .takenOver)
        node.boot = "boot-2"
        let later = noon.advanced(bySeconds: 60)
        _ = try await node.start("c2", db("u3"), at: later)
        try await expectWithChange(of: "attachments/c2/eth0", node.pool, .takenOver)
        let history = try await node.pool.pool().history(of: ip)
        #expect(history.lines.map { $0.tenancy?.holder.uid } == ["u3", "u2", "u1"])
        #expect(history.lines.map(\.from) == [later, noon, noon] && history.lines.map(\.to) == [nil, later, noon])
    }

    @Test func aRepairSaysIt() async throws {
        let node = try node()
        _ = try await node.start("c1", db("u1"))
        node.cluster.remove(pod("default/db-0"))
        node.cluster.remove(node: "n1")
        func observe() async throws(PodSourceError) -> AuditEvidence {
            .kubernetes(
                ClusterSnapshot(
                    cluster: "c1", pods: try await node.cluster.pods(deadline: .now).items,
                    nodes: try await node.cluster.nodes(deadline: .now).items))
        }
        _ = try await node.other("n2").start("c2", .member("default/web-0", uid: "w", ip: "10.61.0.30", node: "n2"))
        let (report, snapshot) = try await node.pool.pool().audit(configured: nil, observe: observe, now: { noon })
        let findings = report.repairable(including: [], confirmedBy: nil, grace: 60)
        #expect(findings.map(\.address) == [ip], "\(report.findings)")
        _ = try await node.pool.pool().repair(findings, of: snapshot, by: "root@admin1", at: noon)
        try await expectWithChange(of: "used/10.61.0.20", node.pool, .repaired)
        #expect(try await entries(node.pool).first?.by == "root@admin1")
    }

    // MARK: Depth

    private func live(_ pool: TestPool, _ containers: Range<Int>, depth: Int? = nil) async throws {
        let pools = AddressPool(
            store: pool.store(), network: pool.network, deadline: .now + .seconds(60),
            historyDepth: depth ?? History.defaultDepth)
        for index in containers {
            var request = try pool.request("c\(index)", "default/p-\(index)")
            request.requested = [ip]
            _ = try await pools.add(request)
            _ = try await pools.delete(reference("c\(index)"), ending: ending())
        }
    }

    @Test func theNewestEightAreKept() async throws {
        let pool = try TestPool([set("10.61.0.0/24")])
        try await live(pool, 0..<12)
        #expect(
            try await entries(pool).map { $0.tenancy?.containerID }
                == (4..<12).reversed().map { "c\($0)" })
        try await live(pool, 12..<13, depth: 2)
        #expect(try await entries(pool).map { $0.tenancy?.containerID } == ["c12", "c11"])
        try await live(pool, 13..<14, depth: 0)
        #expect(try await entries(pool).count == 2, "none is written, and none removed")
    }

    /// `"historyDepth": 0`: no operation leaves a history.
    @Test func noneIsWrittenWhereNoneIsWanted() async throws {
        let node = try node()
        let network = node.pool.network
        func pool() -> AddressPool {
            AddressPool(
                store: node.pool.store(), network: network, deadline: .now + .seconds(60), historyDepth: 0)
        }
        _ = try await pool().reserve(
            node.pool.orders([ip], for: "default/db-0"), rangeSets: node.pool.rangeSets, now: noon)
        _ = try await node.start("c1", db("u1"))
        _ = try await pool().delete(reference("c1"), ending: ending())
        let plan = try await pool().planRelease(of: [ip], force: true)
        _ = try await pool().release(plan, ending: ending(.freed))
        _ = try await pool().reserve(
            node.pool.orders([ip], for: "", expires: noon), rangeSets: node.pool.rangeSets, now: noon)
        let late = noon.advanced(bySeconds: 400)
        let (report, snapshot) = try await pool().audit(
            configured: nil,
            observe: { () async throws(PodSourceError) in
                .kubernetes(ClusterSnapshot(cluster: "c1", pods: [], nodes: []))
            }, now: { late })
        let outcomes = try await pool().repair(report.findings, of: snapshot, by: "root@a", at: late)
        #expect(outcomes.contains { $0.finding.code == .reservationExpired && $0.isDone }, "\(report.findings)")
        #expect(try await entries(node.pool).isEmpty)
    }

    // MARK: Faults

    enum Change: CaseIterable { case delete, release, reserve }

    /// A history that changed between the read and the commit is added to, not overwritten.
    @Test(arguments: Change.allCases) func whatIsWrittenMeanwhileIsKept(change: Change) async throws {
        let pool = try TestPool([set("10.61.0.0/24")])
        var request = try pool.request("c1", "default/db-0")
        request.requested = [ip]
        if change != .reserve { _ = try await pool.pool().add(request) }
        var between = History()
        between.record([.init(.expired, at: noon, by: "another")], depth: 8)
        let text = between.serialized()
        let history = pool.keys.history(ip)
        let store = FaultyStore(pool.store(), faults: [.meanwhile { try await pool.put([(history, text)]) }])
        switch change {
        case .delete: _ = try await pool.pool(store).delete(reference("c1"), ending: ending())
        case .release:
            let plan = try await pool.pool().planRelease(of: [ip], force: true)
            let changes = try await pool.pool(store).release(plan, ending: ending())
            #expect(changes.allSatisfy { !$0.changedMeanwhile })
        case .reserve:
            _ = try await pool.pool(store).reserve(
                pool.orders([ip], for: "default/db-0"), rangeSets: pool.rangeSets, now: noon)
        }
        #expect(store.remainingFaults == 0)
        let events: [HistoryEntry.Event] = [change == .reserve ? .reserved : .deleted, .expired]
        #expect(try await entries(pool).map(\.event) == events)
    }

    @Test(arguments: [FaultyStore.Fault.loseAnswer, .loseRequest])
    func aLostAnswerLeavesOneEntry(fault: FaultyStore.Fault) async throws {
        let pool = try TestPool([set("10.61.0.0/24")])
        var request = try pool.request("c1", "default/db-0")
        request.requested = [ip]
        _ = try await pool.pool().add(request)
        let store = FaultyStore(pool.store(), faults: [fault])
        _ = try await pool.pool(store).delete(reference("c1"), ending: ending())
        #expect(try await entries(pool).map(\.event) == [.deleted])
    }

    @Test(arguments: ["junk", "{}", "7", #"[{"event":"deleted"}]"#, ""])
    func aDamagedHistoryBlocksNothing(text: String) async throws {
        let pool = try TestPool([set("10.61.0.0/24")])
        var request = try pool.request("c1", "default/db-0")
        request.requested = [ip]
        _ = try await pool.pool().add(request)
        try await pool.put([(pool.keys.history(ip), text)])
        #expect(try await pool.pool().delete(reference("c1"), ending: ending()) == [ip])
        #expect(try await entries(pool).map(\.event) == [.deleted])
        try await pool.put([(pool.keys.history(ip), text)])
        _ = try await pool.pool().reserve(
            pool.orders([ip], for: "default/db-0"), rangeSets: pool.rangeSets, now: noon)
        #expect(try await entries(pool).map(\.event) == [.reserved])
    }

    /// The alarm of a full etcd: 3.4 still takes deletes, and puts that are nested, as those of the history are. 3.5.1
    /// takes no transaction at all.
    @Test(.needs(.etcd)) func aFullEtcdStillFrees() async throws {
        let server = try await EtcdServer.start(version: .debian34, arguments: ["--quota-backend-bytes", "\(1 << 20)"])
        let pool = try TestPool([set("10.61.0.0/24")], on: server)
        _ = try await pool.pool().add(pool.request("c1", "default/db-0"))
        _ = try await pool.pool().add(pool.request("c2", "default/db-1"))
        let large = String(repeating: "x", count: 200 << 10)
        func fill() async throws {
            _ = try await pool.store().commit(
                Transaction(if: [], then: [.put(Key("/fill"), large)]), deadline: .now + .seconds(60))
        }
        await #expect(throws: StoreError.self) { for _ in 0..<64 { try await fill() } }
        #expect(try await pool.pool().delete(reference("c1"), ending: ending()) == [address("10.61.0.2")])
        let plan = try await pool.pool().planRelease(of: [address("10.61.0.3")], force: true)
        let changes = try await pool.pool().release(plan, ending: ending(.freed))
        #expect(changes.allSatisfy { !$0.changedMeanwhile })
        let keys = Set(try await pool.contents().keys)
        #expect(!keys.contains { $0.hasPrefix("used/") || $0.hasPrefix("attachments/") }, "\(keys)")
        await #expect(throws: StoreError.self, "the alarm is still on") { try await fill() }
    }

    enum Freeing: CaseIterable { case delete, garbageCollection, release, repair }

    /// Where the store refuses the history, because it is full or the request too large, the address is freed without.
    @Test(arguments: Freeing.allCases, [FaultyStore.Fault.full, .tooLarge])
    func whatTheStoreRefusesIsFreedWithoutHistory(freeing: Freeing, fault: FaultyStore.Fault) async throws {
        let node = try node()
        _ = try await node.start("c1", db("u1"))
        let store = FaultyStore(node.pool.store(), faults: [fault])
        let pool = node.pool.pool(store)
        switch freeing {
        case .delete: #expect(try await pool.delete(reference("c1"), ending: ending()) == [ip])
        case .garbageCollection:
            _ = try await node.start("c2", Pod.member("default/db-1", uid: "u2"))
            let freed = try await pool.collectGarbage(
                keeping: [], on: Self.withoutFirst, ending: ending(.collected))
            #expect(freed.count == 1)
        case .release:
            let plan = try await pool.planRelease(of: [ip], force: true)
            #expect(try await pool.release(plan, ending: ending(.freed)).allSatisfy { !$0.changedMeanwhile })
        case .repair:
            let (report, snapshot) = try await pool.audit(
                configured: nil,
                observe: { () async throws(PodSourceError) in
                    .kubernetes(
                        ClusterSnapshot(
                            cluster: "c1", pods: [], nodes: [Node(name: "n1", isReady: false, isOutOfService: false)]))
                }, now: { noon })
            let outcomes = try await pool.repair(report.findings, of: snapshot, by: "root@a", at: noon)
            #expect(outcomes.map(\.isDone) == [true], "\(report.findings)")
        }
        #expect(store.remainingFaults == 0)
        let contents = try await node.pool.contents()
        #expect(contents["used/\(ip)"] == nil && !contents.keys.contains { $0.hasPrefix("attachments/c1/") })
        #expect(try await entries(node.pool).isEmpty)
    }

    enum Putting: CaseIterable { case takeover, reserve, adoption, fence }

    /// What puts other keys goes without histories that are too large, too.
    @Test(arguments: Putting.allCases)
    func whatIsTooLargeIsDoneWithoutHistory(putting: Putting) async throws {
        var node = try node()
        _ = try await node.start("c1", db("u1"))
        let store = FaultyStore(node.pool.store(), faults: [.tooLarge])
        let pool = node.pool.pool(store)
        switch putting {
        case .takeover:
            node.gone = ["/run/netns/c1"]
            var request = try node.pool.request("c2", "default/db-0")
            request.annotations = .passed(["kube-ipam.ip": "10.61.0.20"])
            request.holder = Holder(
                pod: IPAMKitTests.pod("default/db-0"), uid: "u1", node: "n1", boot: "n1-boot-1", machine: "machine-n1",
                netns: "/run/netns/c2", cluster: "c1")
            #expect(try await pool.add(request, observer: node.observer()).addresses == [ip])
            #expect(try await node.pool.contents()["used/10.61.0.20"] == "c2")
        case .reserve:
            let changes = try await pool.reserve(
                node.pool.orders([ip], for: "default/db-0"), rangeSets: node.pool.rangeSets, now: noon)
            #expect(changes.map(\.kind) == [.reserved])
            #expect(try await node.pool.contents()["reservations/10.61.0.20"] != nil)
        case .adoption, .fence:
            let unrecorded = address("10.61.0.30")
            var pod = Pod.member("default/db-1", uid: "u2")
            pod.addresses = [unrecorded]
            if putting == .adoption {
                let adoption = try await pool.planAdoption(
                    configured: nil, cluster: "c1", observe: { () async throws(PodSourceError) in Listing([pod]) },
                    now: { noon }
                )
                let outcomes = try await pool.adopt(adoption, by: "root@a", at: noon)
                #expect(outcomes.filter { !$0.step.isConflict }.map(\.isDone) == [true], "\(adoption.steps)")
            } else {
                let (report, snapshot) = try await pool.audit(
                    configured: nil,
                    observe: { () async throws(PodSourceError) in
                        .kubernetes(ClusterSnapshot(cluster: "c1", pods: [pod, db("u1")], nodes: []))
                    }, now: { noon })
                let findings = report.findings.filter { $0.code == .untracked }
                let outcomes = try await pool.repair(findings, of: snapshot, by: "root@a", at: noon)
                #expect(outcomes.map(\.isDone) == [true], "\(report.findings)")
            }
            #expect(try await node.pool.contents()["reservations/10.61.0.30"] != nil)
            #expect(try await entries(node.pool, unrecorded).isEmpty)
        }
        #expect(store.remainingFaults == 0)
        #expect(try await entries(node.pool).isEmpty)
    }

    /// A reservation may be as large as a request may be: then there is no room for the entry that tells of its end.
    @Test(.needs(.etcd)) func aReservationThatIsTooLargeForTheHistoryIsReleasedWithout() async throws {
        let pool = try await TestPool.onEtcd([set("10.61.0.0/24")])
        let note = String(repeating: "n", count: (3 << 19) - 500)
        try await pool.put([(pool.keys.reservation(ip), "{\"note\":\"\(note)\"}")])
        let plan = try await pool.pool().planRelease(of: [ip], force: false)
        let changes = try await pool.pool().release(
            plan, ending: Ending(.freed, at: noon, by: String(repeating: "b", count: 256)))
        #expect(changes.allSatisfy { !$0.changedMeanwhile })
        #expect(try await pool.contents().isEmpty)
        #expect(try await entries(pool).isEmpty)
    }

    /// Many repairs that are too large together are carried out one by one, and remember.
    @Test(.needs(.etcd)) func repairsThatAreTooLargeTogetherKeepTheirHistories() async throws {
        let pool = try await TestPool.onEtcd([set("10.61.0.0/24")])
        let addresses = (20..<24).map { address("10.61.0.\($0)") }
        for address in addresses {
            let note = String(repeating: "n", count: 500_000)
            let reservation = Reservation(for: .anyone, note: note, since: noon, expires: noon)
            try await pool.put([(pool.keys.reservation(address), reservation.json.serialized())])
        }
        try await pool.put([(pool.keys.document, NetworkDocument.serialize(pool.rangeSets))])
        let later = noon.advanced(bySeconds: 3600)
        let (report, snapshot) = try await pool.pool().audit(
            configured: nil,
            observe: { () async throws(PodSourceError) in
                .kubernetes(ClusterSnapshot(cluster: "c1", pods: [], nodes: []))
            }, now: { later })
        let outcomes = try await pool.pool().repair(report.findings, of: snapshot, by: "root@a", at: later)
        #expect(outcomes.map(\.isDone) == [true, true, true, true], "\(report.findings.map(\.code))")
        for address in addresses { #expect(try await entries(pool, address).map(\.event) == [.expired]) }
    }

    // MARK: Reading

    @Test func oneAddressIsOneRead_twoWhereSomebodyHasIt() async throws {
        let pool = try TestPool([set("10.61.0.0/24")])
        try await live(pool, 0..<3)
        let store = FaultyStore(pool.store())
        #expect(try await pool.pool(store).history(of: ip).lines.count == 3)
        #expect(store.reads == 1)
        var request = try pool.request("c9", "default/p-9")
        request.requested = [ip]
        _ = try await pool.pool().add(request)
        let held = FaultyStore(pool.store())
        #expect(try await pool.pool(held).history(of: ip).lines.first?.who == "default/p-9 on n1")
        #expect(held.reads == 2)
    }

    @Test func aNetworksLinesAreNewestFirst_andADamagedHistoryHidesNoOther() async throws {
        let pool = try TestPool([set("10.61.0.0/24")])
        try await live(pool, 0..<2)
        _ = try await pool.pool().add(pool.request("c7", "default/p-7", at: noon.advanced(bySeconds: 9)))
        try await pool.put([(pool.keys.history(address("10.61.0.77")), "junk")])
        let (lines, problems) = try await pool.pool().history { _ in true }
        #expect(lines.map(\.who) == ["default/p-7 on n1", "default/p-1 on n1", "default/p-0 on n1"])
        #expect(problems.count == 1, "\(problems)")
        let some = try await pool.pool().history {
            $0.tenancy?.holder.isCalled(IPAMKitTests.pod("default/p-0")) == true
        }
        #expect(some.lines.count == 1)
        let damaged = try await pool.pool().history(of: address("10.61.0.77"))
        #expect(damaged.lines.isEmpty && damaged.problem != nil)
    }
}

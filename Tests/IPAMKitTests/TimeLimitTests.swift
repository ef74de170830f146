import Testing

@testable import IPAMKit
@testable import Store

/// Operations of many looks and changes: each has its own time, where they have no deadline in common.
@Suite struct TimeLimitTests {
    private let network = NetworkName.named("k8s")
    private let sets: [RangeSet]

    init() throws {
        sets = [try set("10.96.0.0/16")]
    }

    /// A store in memory with a network of `world`.
    private func store(_ world: AuditWorld) async throws -> FaultyStore {
        let memory = MemoryStore()
        for (key, value) in world.records {
            _ = try await memory.commit(Transaction(if: [], then: [.put(key, value)]), deadline: .now)
        }
        return FaultyStore(memory)
    }

    private func pool(_ store: FaultyStore, each: Bool) -> AddressPool {
        each
            ? AddressPool(store: store, network: network, timeout: .seconds(60), historyDepth: 0)
            : AddressPool(store: store, network: network, deadline: .now + .seconds(60), historyDepth: 0)
    }

    /// 100 holders that are gone with their node.
    private var leaks: AuditWorld {
        var world = AuditWorld(network, rangeSets: sets)
        for index in 0..<100 {
            world.record(
                "dead-\(index)", ["10.96.1.\(index)"], pod: "lost/dead-\(index)", uid: "dead-\(index)", node: "n9")
        }
        return world
    }

    private func evidence(_ world: AuditWorld) -> AuditEvidence {
        .kubernetes(ClusterSnapshot(cluster: world.cluster, pods: world.pods, nodes: world.nodes))
    }

    @Test(arguments: [true, false]) func eachBatchOfRepairsHasItsOwnTime(each: Bool) async throws {
        var world = leaks
        world.run("live", ["10.96.0.9"], pod: "live/live-0", uid: "live")
        let store = try await store(world)
        let pool = pool(store, each: each)
        let seen = evidence(world)
        let (report, snapshot) = try await pool.audit(
            configured: sets, observe: { () async throws(PodSourceError) in seen }, now: { noon })
        let findings = report.findings.filter { $0.repair == .free }
        #expect(findings.count == 100, "\(report.findings.map(\.summary))")
        let before = store.deadlines.count
        let outcomes = try await pool.repair(findings, of: snapshot, by: "root@admin1", at: noon)
        #expect(outcomes.allSatisfy { $0.isDone })
        #expect(Set(store.deadlines[before...]).count == (each ? 3 : 1))
    }

    @Test(arguments: [true, false]) func theLookAfterThePodsHasItsOwnTime(each: Bool) async throws {
        var world = leaks
        var stray = Pod.member("live/stray-0", uid: "stray")
        stray.addresses = [address("10.96.7.7")]
        world.pods.append(stray)
        let store = try await store(world)
        let pool = pool(store, each: each)
        let seen = evidence(world)
        let pods = world.pods
        _ = try await pool.audit(
            configured: sets, observe: { () async throws(PodSourceError) in seen }, now: { noon })
        #expect(Set(store.deadlines).count == (each ? 2 : 1), "the store, and the stray pod's address once more")
        let before = store.deadlines.count
        _ = try await pool.planAdoption(
            configured: sets, cluster: "c1", observe: { () async throws(PodSourceError) in Listing(pods) },
            now: { noon })
        #expect(Set(store.deadlines[before...]).count == (each ? 2 : 1))
    }

    @Test(arguments: [true, false]) func eachBatchOfAnAdoptionHasItsOwnTime(each: Bool) async throws {
        var world = AuditWorld(network, rangeSets: sets)
        for index in 0..<100 {
            world.records.append((world.keys.used(address("10.96.1.\(index)")), "go-\(index)"))
            var pod = Pod.member("live/db-\(index)", uid: "db-\(index)")
            pod.addresses = [address("10.96.1.\(index)")]
            world.pods.append(pod)
        }
        let store = try await store(world)
        let pool = pool(store, each: each)
        let pods = world.pods
        let adoption = try await pool.planAdoption(
            configured: sets, cluster: "c1", observe: { () async throws(PodSourceError) in Listing(pods) },
            now: { noon })
        let before = store.deadlines.count
        let outcomes = try await pool.adopt(adoption, by: "root@admin1", at: noon)
        #expect(outcomes.count == 100 && outcomes.allSatisfy { $0.isDone })
        #expect(Set(store.deadlines[before...]).count == (each ? 3 : 1))
    }

    @Test(arguments: [true, false]) func eachReleaseHasItsOwnTime(each: Bool) async throws {
        let store = try await store(leaks)
        let pool = pool(store, each: each)
        let plan = try await pool.planRelease(of: (0..<20).map { address("10.96.1.\($0)") }, force: true)
        let before = store.deadlines.count
        let changes = try await pool.release(plan)
        #expect(changes.count == 20 && changes.allSatisfy { !$0.changedMeanwhile })
        #expect(Set(store.deadlines[before...]).count == (each ? 20 : 1))
    }

    /// An operator may think about a question for longer than an operation may take.
    @Test(arguments: [true, false]) func whatWasPlannedIsCarriedOutInItsOwnTime(each: Bool) async throws {
        let store = try await store(leaks)
        let pool = pool(store, each: each)
        let hold = try await pool.plan(.hold(NetworkSettings.Hold(by: "root@a", reason: "moving", since: nil)))
        let orders = [ReservationOrder(address: address("10.96.2.2"), reservation: Reservation(for: .anyone))]
        let reservations = try await pool.planReservations(orders, rangeSets: sets, now: noon)
        let planned = Set(store.deadlines)
        let before = store.deadlines.count
        try await pool.carryOut(hold)
        try await pool.carryOut(reservations)
        let used = Set(store.deadlines[before...])
        #expect(used.isDisjoint(with: planned) == each && used.count == (each ? 2 : 1))
    }
}

extension NetworkName {
    fileprivate static func named(_ text: String) -> NetworkName {
        guard let name = try? NetworkName(text) else { fatalError("\(text) is no name") }
        return name
    }
}

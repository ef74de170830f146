import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// A large cluster with problems of every kind planted in it, on a real etcd: all of them are found, nothing else is, and a
/// repair frees what leaked and nothing else.
@Suite(.needs(.etcd)) struct AuditClusterTests {
    /// What was planted, as findings are summarised.
    private struct Planted {
        var expected: Set<String> = []
        /// Addresses that a repair with everything included must free, and those that a plain one must.
        var leaked: Set<IPAddress> = []
        var live: Set<IPAddress> = []
    }

    private static let each = 500

    /// The /16 from its bottom: 10,000 pods, then 500 of each kind of problem; what is left is free.
    private func plant(_ world: inout AuditWorld) -> Planted {
        var planted = Planted()
        var next = IPAddress(family: .ipv4, value: address("10.96.0.10").value)
        func take() -> IPAddress {
            // Network, broadcast and gateway of a /16 are not on the way.
            defer { next = next.advanced(by: 1) ?? next }
            return next
        }
        func expect(_ address: IPAddress, _ summary: String) { planted.expected.insert("\(address) \(summary)") }
        for index in 0..<Self.each {
            let address = take()
            // The newer sandbox is on the same node, or on the other one.
            let isSameNode = index.isMultiple(of: 4) || index.isMultiple(of: 3)
            world.record(
                "old-\(index)", ["\(address)"], pod: "ns\(index % 40)/db-\(index)", uid: "uid-\(index)",
                node: "n\(isSameNode ? 1 + index % 2 : 2 - index % 2)")
            expect(address, isSameNode ? "superseded free?" : "superseded none")
            if isSameNode { planted.leaked.insert(address) }
        }
        for index in 0..<10_000 {
            let address = take()
            world.run(
                "live-\(index)", ["\(address)"], pod: "ns\(index % 40)/db-\(index)", uid: "uid-\(index)",
                node: "n\(1 + index % 2)")
            planted.live.insert(address)
        }
        for index in 0..<Self.each {
            // Gone from a node that is ready, and gone with their node.
            for (kind, node, summary) in [("seen", "n1", "leaked free?"), ("dead", "n9", "leaked free")] {
                let address = take()
                world.record(
                    "\(kind)-\(index)", ["\(address)"], pod: "lost/\(kind)-\(index)", uid: "\(kind)-\(index)",
                    node: node)
                expect(address, summary)
                planted.leaked.insert(address)
            }
            var address = take()
            world.record(
                "loose-\(index)", ["\(address)"], pod: "lost/loose-\(index)", uid: "loose-\(index)", usesKeys: false)
            expect(address, "dangling drop-attachment?")
            address = take()
            world.run("bare-\(index)", ["\(address)"], pod: "live/bare-\(index)", uid: "bare-\(index)")
            world.records.removeLast()
            expect(address, "dangling restore")
            address = take()
            world.records.append((world.keys.used(address), "go-\(index)"))
            // Another cluster is on the network, see below: its Go nodes' pods are not seen from here.
            expect(address, "doubtful free?")
            address = take()
            world.record(
                "far-\(index)", ["\(address)"], pod: "far/far-\(index)", uid: "far-\(index)", node: "n7", cluster: nil)
            expect(address, "node-gone none")
            address = take()
            var pod = Pod.member("stray/stray-\(index)", uid: "stray-\(index)")
            pod.addresses = [address]
            world.pods.append(pod)
            expect(address, "untracked fence")
            address = take()
            world.reserve("\(address)", for: "ns/x-\(index)", expires: noon.advanced(bySeconds: -400))
            expect(address, "reservation-expired drop-reservation")
            address = take()
            world.reserve("\(address)", for: "ns/auto-\(index)", by: Reservation.automaticAuthor)
            expect(address, "reservation-orphaned none")
            address = take()
            world.run("twin-\(index)", ["\(address)"], pod: "live/twin-\(index)", uid: "twin-\(index)")
            pod = Pod.member("live/other-\(index)", uid: "other-\(index)", node: "n2")
            pod.addresses = [address]
            world.pods.append(pod)
            expect(address, "duplicate none")
            address = take()
            world.run("taken-\(index)", ["\(address)"], pod: "live/taken-\(index)", uid: "taken-\(index)")
            world.reserve("\(address)", for: "ns/y-\(index)")
            expect(address, "reservation-violated none")
            address = IPAddress(family: .ipv4, value: IPAMKitTests.address("10.97.0.0").value + UInt128(index))
            world.run("out-\(index)", ["\(address)"], pod: "live/out-\(index)", uid: "out-\(index)")
            expect(address, "out-of-range none")
            // Nothing to be found in what belongs to others, or to nobody who could be asked.
            world.record("theirs-\(index)", ["\(take())"], pod: "a/b-\(index)", uid: "theirs-\(index)", cluster: "c9")
            world.record("ctr-\(index)", ["\(take())"])
            world.reserve("\(take())", for: "ns/kept-\(index)")
        }
        for (index, place) in ["10.96.0.0", "10.96.0.1", "10.96.255.255"].enumerated() {
            world.run("edge-\(index)", [place], pod: "live/edge-\(index)", uid: "edge-\(index)")
            expect(IPAMKitTests.address(place), "gateway-in-use none")
        }
        world.records.append((world.keys.lock, "7587"))
        planted.expected.insert("network stale-lock remove-lock?")
        return planted
    }

    private func evidence(_ world: AuditWorld) -> AuditEvidence {
        .kubernetes(ClusterSnapshot(cluster: world.cluster, pods: world.pods, nodes: world.nodes))
    }

    @Test func everyPlantedProblemIsFoundAndNothingElseAndTheRepairFreesWhatLeaked() async throws {
        let etcd = try await TestPool.onEtcd([set("10.96.0.0/16")])
        var world = AuditWorld(etcd.network, rangeSets: etcd.rangeSets)
        let planted = plant(&world)
        try await etcd.put(world.records)
        let evidence = evidence(world)
        func audit(at now: Timestamp) async throws -> (report: AuditReport, snapshot: NetworkSnapshot) {
            try await etcd.pool().audit(
                configured: etcd.rangeSets,
                observe: { () async throws(PodSourceError) -> AuditEvidence in evidence }, now: { now })
        }
        let first = try await audit(at: noon)
        let found = first.report.findings.map(\.summary)
        #expect(Set(found).subtracting(planted.expected) == [], "what was not planted")
        #expect(planted.expected.subtracting(found) == [], "what was not found")
        #expect(found.count == planted.expected.count, "each is found once")
        #expect(first.report.pods == world.pods.count)

        let second = try await audit(at: noon.advanced(bySeconds: 60))
        let repairable = second.report.repairable(including: [], confirmedBy: first.report, grace: 60)
        let before = Set(second.snapshot.used.keys)
        let outcomes = try await etcd.pool().repair(
            repairable, of: second.snapshot, by: "root@admin1", at: noon.advanced(bySeconds: 60))
        // The lock holds what would put a used key; everything else is done.
        #expect(outcomes.filter { !$0.isDone }.allSatisfy { $0.finding.repair == .restore })
        let after = try await etcd.pool().snapshot()
        #expect(before.subtracting(after.used.keys) == planted.leaked, "a repair frees exactly what leaked")
        #expect(planted.live.allSatisfy { after.used[$0] != nil })
        let past = try await etcd.pool().history(of: try #require(planted.leaked.min()))
        #expect(past.entries.map(\.event) == [.repaired])

        // Without the lock and with everything included, only what a person must decide is left.
        let all = Set(AuditCode.allCases)
        for round in 1...2 {
            let earlier = try await audit(at: noon.advanced(bySeconds: Int64(round) * 1000))
            let later = try await audit(at: noon.advanced(bySeconds: Int64(round) * 1000 + 60))
            _ = try await etcd.pool().repair(
                later.report.repairable(including: all, confirmedBy: earlier.report, grace: 60), of: later.snapshot,
                by: "root@admin1", at: noon)
        }
        let last = try await audit(at: noon.advanced(bySeconds: 9000)).report
        #expect(
            last.findings.allSatisfy { $0.repair == .none }, "\(last.findings.filter { $0.repair != .none }.prefix(3))")
        #expect(Set(try await etcd.pool().snapshot().used.keys).isSuperset(of: planted.live))
    }

    /// Another process deletes, adds and reserves while 5,000 leaks are repaired.
    @Test func noLiveAddressIsFreedWhileOthersChangeTheNetworkDuringARepair() async throws {
        let etcd = try await TestPool.onEtcd([set("10.98.0.0/16")])
        var world = AuditWorld(etcd.network, rangeSets: etcd.rangeSets)
        for index in 0..<5000 {
            world.record(
                "leak-\(index)", ["10.98.\(1 + index / 250).\(index % 250)"], pod: "lost/x-\(index)",
                uid: "leak-\(index)",
                node: "n9")
        }
        world.run("anchor", ["10.98.100.1"], pod: "live/anchor-0", uid: "anchor")
        try await etcd.put(world.records)
        let evidence = evidence(world)
        let look = try await etcd.pool().audit(
            configured: nil, observe: { () async throws(PodSourceError) -> AuditEvidence in evidence }, now: { noon })
        #expect(look.report.findings.count == 5000)
        let seed = UInt64.random(in: 0...UInt64.max)
        // Those that come to life, or get another holder, between the look and the repair.
        async let others = withThrowingTaskGroup(of: [IPAddress].self) { group in
            for worker in 0..<4 {
                group.addTask {
                    var generator = SeededGenerator(seed: seed &+ UInt64(worker))
                    var given: [IPAddress] = []
                    let pool = etcd.pool(etcd.store(worker + 1))
                    for step in 0..<60 {
                        let index = Int.random(in: 0..<5000, using: &generator)
                        let place = address("10.98.\(1 + index / 250).\(index % 250)")
                        switch step % 3 {
                        case 0:
                            _ = try await pool.delete(reference("leak-\(index)"))
                            var request = try etcd.request("new-\(worker)-\(step)", "live/new-\(worker)-\(step)")
                            request.requested = [place]
                            if let added = try? await pool.add(request) { given += added.addresses }
                        case 1: given += try await pool.add(etcd.request("dyn-\(worker)-\(step)")).addresses
                        default:
                            _ = try? await pool.reserve(
                                etcd.orders([place], for: "lost/x-\(index)"), rangeSets: etcd.rangeSets, now: noon)
                        }
                    }
                    return given
                }
            }
            return try await group.reduce(into: [IPAddress]()) { $0 += $1 }
        }
        let outcomes = try await etcd.pool().repair(
            look.report.findings, of: look.snapshot, by: "root@admin1", at: noon)
        let given = try await others
        let after = try await etcd.pool().snapshot()
        #expect(given.count > 100)
        for address in given {
            #expect(
                after.used[address]?.value.hasPrefix("leak") == false,
                "seed \(seed): \(address) was taken from its new holder")
        }
        #expect(after.used.values.allSatisfy { !$0.value.hasPrefix("leak-") }, "seed \(seed): what leaked is freed")
        #expect(after.used[address("10.98.100.1")] != nil)
        #expect(outcomes.count == 5000)
    }
}

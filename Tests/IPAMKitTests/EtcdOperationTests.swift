import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// Every operation on a real etcd: it leaves there what it leaves in memory, where the other tests look at its rules.
@Suite(.needs(.etcd)) struct EtcdOperationTests {
    /// In an order in which each finds what it works on.
    private enum Step: CaseIterable {
        case dynamicAdd, fixedAdd, automaticAdd, suspicion, takeover, otherSandboxOfTheSameID
        case delete, deleteOfAGoRecord, garbageCollection
        case reserve, reserveAgain, release, forcedRelease
        case hold, unhold
        case repair, adoption, endOfGoNodes
    }

    @Test(arguments: EtcdServer.Version.allCases)
    func anOperationLeavesTheSameOnEtcdAsInMemory(version: EtcdServer.Version) async throws {
        // An automatic address is any one that is free: there is one.
        let sets = try [
            set("10.74.0.0/24 10.74.0.100-10.74.0.200 10.74.0.20-10.74.0.21"),
            set("fd74::/64 fd74::100-fd74::200 fd74::21-fd74::21"),
        ]
        let pool = try await TestPool.onEtcd(sets, version: version)
        var onEtcd = TestNode(pool: pool, cluster: TestCluster())
        var inMemory = TestNode(pool: try pool.twinInMemory(), cluster: TestCluster())
        var before: [String: String] = [:]
        for step in Step.allCases {
            try await carryOut(step, on: &onEtcd)
            try await carryOut(step, on: &inMemory)
            let after = try await contents(of: onEtcd.pool)
            let expected = try await contents(of: inMemory.pool)
            try #require(after == expected, "after \(step)")
            #expect(after != before, "\(step) has changed nothing")
            try await expectTheSameAnswers(onEtcd.pool, inMemory.pool, after: step)
            before = after
        }
    }

    /// All keys of the network, with the histories. Other tests move the revisions of a shared etcd: a suspect's revision
    /// is left out.
    private func contents(of pool: TestPool) async throws -> [String: String] {
        let ranges = [KeyRange(prefix: pool.keys.document.text + "/"), KeyRange(pool.keys.document)]
        let snapshot = try await pool.store().read(ranges.map { Read($0) }, deadline: .now + .seconds(60))
        return Dictionary(
            uniqueKeysWithValues: snapshot.results.flatMap(\.records).map { record in
                (record.key.text, record.value.replacing(#/"revision":\d+/#, with: #""revision":0"#))
            })
    }

    /// What only reads answers the same, too.
    private func expectTheSameAnswers(_ etcd: TestPool, _ memory: TestPool, after step: Step) async throws {
        func answers(_ pool: TestPool) async throws -> [String] {
            let inventory = try await pool.pool().inventory()
            let history = try await pool.pool().history { _ in true }
            let past = try await pool.pool().history(of: address("10.74.0.20"))
            let networks = try await NetworkDirectory.networks(in: pool.store(), deadline: .now + .seconds(60))
            #expect(networks.contains(pool.network))
            return inventory.entries.map { "\($0.address) \($0.tenancy?.phrase ?? "-")" }
                + (history.lines + past.lines).map { "\($0.eventName) \($0.who)" }
        }
        let (found, expected) = (try await answers(etcd), try await answers(memory))
        #expect(found == expected, "after \(step)")
    }

    private func carryOut(_ step: Step, on node: inout TestNode) async throws {
        let pool = node.pool.pool()
        let keys = node.pool.keys
        let ending = Ending(.deleted, at: noon, by: "n1")
        let later = noon.advanced(bySeconds: 3600)
        let db = pod("default/db-0")
        let fixed = address("10.74.0.20")
        switch step {
        case .dynamicAdd:
            let added = try await node.start("c1", Pod.member("default/x-0", uid: "x0"))
            try await pool.check(reference("c1"), previous: added.addresses, rangeSets: node.pool.rangeSets)
        case .fixedAdd:
            _ = try await node.start("c2", Pod.member("default/db-0", uid: "u1", ip: "10.74.0.20"))
        case .automaticAdd:
            _ = try await node.start("c3", Pod.member("default/web-0", uid: "w0", ip: "auto"))
        case .suspicion:
            let rebuilt = Pod.member("default/db-0", uid: "u2", ip: "10.74.0.20", node: "n2")
            node.cluster.put(rebuilt)
            #expect(await node.other("n2").refusal("c4", rebuilt)?.cniCode == .tryAgainLater)
        case .takeover:
            let rebuilt = Pod.member("default/db-0", uid: "u2", ip: "10.74.0.20", node: "n2")
            _ = try await node.other("n2").add("c4", rebuilt, at: noon.advanced(bySeconds: 60))
        case .otherSandboxOfTheSameID:
            node.boot = "boot-2"
            _ = try await node.start("c1", Pod.member("default/x-0", uid: "x1"), at: later)
        case .delete:
            #expect(try await pool.delete(reference("c1"), ending: ending).count == 2)
        case .deleteOfAGoRecord:
            try await node.pool.put([(keys.used(address("10.74.0.150")), "go1")])
            _ = try await pool.delete(reference("go1"), previous: [address("10.74.0.150")], ending: ending)
        case .garbageCollection:
            let view = NodeView.test("n1", boot: "n1-boot-2") { _ in .absent }
            #expect(try await !pool.collectGarbage(keeping: [], on: view, ending: ending).isEmpty)
        case .reserve, .reserveAgain:
            let orders = try node.pool.orders(
                [address("10.74.0.130"), address("fd74::130")], for: "default/db-1",
                expires: step == .reserve ? nil : later)
            _ = try await pool.reserve(orders, rangeSets: node.pool.rangeSets, now: noon)
        case .release:
            _ = try await pool.release([address("10.74.0.130")], force: false)
        case .forcedRelease:
            _ = try await pool.release([fixed], force: true)
            #expect(try await pool.history(of: fixed).entry.tenancy == nil)
        case .hold:
            _ = try await pool.hold(.init(by: "root@admin1", reason: "moving", since: nil))
        case .unhold:
            _ = try await pool.unhold()
        case .repair:
            let expired = noon.advanced(bySeconds: 7200)
            let (report, snapshot) = try await pool.audit(
                configured: nil,
                observe: { () async throws(PodSourceError) in
                    .kubernetes(ClusterSnapshot(cluster: "c1", pods: [], nodes: []))
                }, now: { expired })
            let outcomes = try await pool.repair(report.findings, of: snapshot, by: "root@admin1", at: expired)
            #expect(outcomes.contains { $0.isDone }, "\(report.findings)")
        case .adoption:
            var stray = Pod(db, uid: "u9", node: "n1")
            stray.addresses = [address("10.74.0.140")]
            let pods = [stray]
            let adoption = try await pool.planAdoption(
                configured: nil, cluster: "c1", observe: { () async throws(PodSourceError) in Listing(pods) },
                now: { noon })
            let outcomes = try await pool.adopt(adoption, by: "root@admin1", at: noon)
            #expect(outcomes.map(\.isDone) == [true])
        case .endOfGoNodes:
            try await node.pool.put([(keys.settings, #"{"format":1,"goNodes":true,"fixed":[]}"#)])
            #expect(try await pool.endGoNodes())
        }
    }
}

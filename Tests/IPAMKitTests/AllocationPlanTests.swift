import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

@Suite struct AllocationPlanTests {
    private func sets(_ count: Int, family: AddressFamily) throws -> [RangeSet] {
        try (0..<count).map { index in
            family == .ipv4 ? try set("10.\(100 + index).0.0/24") : try set("fd00:\(100 + index)::/64")
        }
    }

    /// A plan of so many dynamic sets after so many named ones, with `candidates` for each.
    private func plan(_ pool: EtcdPool, dynamic: Int, container: String, candidates: Int) throws -> AllocationPlan {
        var request = try pool.request(container, "default/db-0")
        request.rangeSets = pool.rangeSets
        let sources = pool.rangeSets.enumerated().map { index, set -> AllocationPlan.Source in
            let space = set.dynamicSpace
            guard index < dynamic else { return .named(space[7], reservation: nil, expired: nil, takeover: nil) }
            return .dynamic(cursor: index, candidates: (0..<UInt128(candidates)).map { space[$0 + 20] })
        }
        return AllocationPlan(
            request: request, claimant: Claimant(request.holder, demand: AddressDemand()),
            state: AllocationState(revision: 0), keys: pool.keys, sources: sources, settings: nil,
            historyDepth: History.defaultDepth)
    }

    /// etcd's rules (checkTxnRequest, checkIntervals) have the last word: every plan is run, at its first level, and
    /// with all candidates but the last taken.
    @Test(arguments: EtcdServer.Version.allCases, [AddressFamily.ipv4, .ipv6])
    func everyPlanFitsIntoOneTransactionOfEtcd(version: EtcdServer.Version, family: AddressFamily) async throws {
        for count in 1...10 {
            for dynamic in [count, count - 1, 0] {
                let pool = try await EtcdPool(try sets(count, family: family), version: version)
                let store = pool.store()
                let plan = try plan(pool, dynamic: dynamic, container: "c1", candidates: 4)
                #expect(plan.transaction.width <= Transaction.maximumWidth, "\(count) sets, \(dynamic) dynamic")
                var last = 0
                while plan.addresses(level: last + 1) != nil { last += 1 }
                for level in 0..<last {
                    for taken in plan.addresses(level: level) ?? [] where dynamic > 0 {
                        guard plan.addresses(level: last)?.contains(taken) == false else { continue }
                        try await pool.put([(pool.keys.used(taken), "other")])
                    }
                }
                let commit = try await store.commit(plan.transaction, deadline: .now + .seconds(60))
                guard case .assigned(let addresses) = plan.outcome(of: commit) else {
                    Issue.record("\(count) sets, \(dynamic) dynamic: \(plan.outcome(of: commit))")
                    continue
                }
                #expect(addresses == plan.addresses(level: last))
                let contents = try await pool.contents()
                for address in addresses { #expect(contents["used/\(address)"] == "c1") }
                #expect(contents["config"] != nil && contents["attachments/c1/eth0"] != nil)
            }
        }
    }

    @Test func whenAllCandidatesAreTakenTheNeighbourhoodIsTold() async throws {
        let pool = try await EtcdPool(try sets(2, family: .ipv4))
        let plan = try plan(pool, dynamic: 2, container: "c1", candidates: 3)
        for level in 0..<3 {
            // One set's candidate is enough to make a level fail.
            let taken = try #require(plan.addresses(level: level))
            try await pool.put([(level == 1 ? pool.keys.reservation(taken[1]) : pool.keys.used(taken[0]), "{}")])
        }
        let before = try await pool.contents()
        let commit = try await pool.store().commit(plan.transaction, deadline: .now + .seconds(60))
        guard case .taken(let neighbourhood) = plan.outcome(of: commit) else {
            Issue.record("\(plan.outcome(of: commit))")
            return
        }
        #expect(neighbourhood.map(\.records.count) == [2, 0, 0, 1])
        #expect(try await pool.contents() == before, "a plan that found no address must not change anything")
    }

    @Test func aHeldLockAndASecondSandboxStopIt() async throws {
        let pool = try await EtcdPool(try sets(1, family: .ipv4))
        let plan = try plan(pool, dynamic: 1, container: "c1", candidates: 4)
        try await pool.put([(pool.keys.lock, "123")])
        let commit = try await pool.store().commit(plan.transaction, deadline: .now + .seconds(60))
        #expect(!commit.succeeded)
        #expect(try await pool.contents() == ["lock": "123"])
    }
}

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
    private func plan(_ pool: TestPool, dynamic: Int, container: String, candidates: Int) throws -> AllocationPlan {
        var request = try pool.request(container, "default/db-0")
        request.rangeSets = pool.rangeSets
        let sources = pool.rangeSets.enumerated().map { index, set -> AllocationPlan.Source in
            let space = set.dynamicSpace
            guard index < dynamic else { return .named(space[7], reservation: nil, expired: nil, takeover: nil) }
            return .dynamic(cursor: index, candidates: (0..<UInt128(candidates)).map { space[$0 + 20] })
        }
        return try AllocationPlan(
            request: request, claimant: Claimant(request.holder, demand: AddressDemand()),
            state: AllocationState(revision: 0), keys: pool.keys, sources: sources, settings: nil)
    }

    /// etcd's rules (checkTxnRequest, checkIntervals) have the last word: every plan is run, at its first level, and
    /// with all candidates but the last taken.
    @Test(.needs(.etcd), arguments: EtcdServer.Version.allCases, [AddressFamily.ipv4, .ipv6])
    func everyPlanFitsIntoOneTransactionOfEtcd(version: EtcdServer.Version, family: AddressFamily) async throws {
        for count in 1...16 {
            for dynamic in [count, count - 1, 0] {
                let pool = try await TestPool.onEtcd(try sets(count, family: family), version: version)
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
        let pool = try TestPool(try sets(2, family: .ipv4))
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
        let pool = try TestPool(try sets(1, family: .ipv4))
        let plan = try plan(pool, dynamic: 1, container: "c1", candidates: 4)
        try await pool.put([(pool.keys.lock, "123")])
        let commit = try await pool.store().commit(plan.transaction, deadline: .now + .seconds(60))
        #expect(!commit.succeeded)
        #expect(try await pool.contents() == ["lock": "123"])
    }

    // MARK: Any plan

    /// A plan of random sources: named, reserved, expired, taken over (from one attachment for several sets, or each from
    /// its own, with up to `others` more addresses), automatic, dynamic.
    private func randomPlan(
        _ network: String, sets count: Int, others: Int, _ generator: inout SeededGenerator
    ) throws -> AllocationPlan {
        let keys = Keyspace(try NetworkName(network))
        let family: AddressFamily = Bool.random(using: &generator) ? .ipv4 : .ipv6
        let sets = try sets(count, family: family)
        var request = AddRequest(
            attachment: try reference("new"), holder: Holder(pod: pod("default/web-6d9b74fd4d-xjhek"), node: "n1"),
            rangeSets: sets, now: noon)
        request.autoLimit = Bool.random(using: &generator) ? 50 : nil
        func record(_ key: Key, _ value: String) -> Record { Record(key: key, value: value, created: 1, modified: 1) }
        let reservation = Reservation(for: try ReservationHolder("default/deploy/web"), by: "root@a", since: noon)
        var state = AllocationState(revision: 1)
        state.histories.depth = Bool.random(using: &generator) ? 8 : 0
        func remember(_ address: IPAddress) {
            let history = record(keys.history(address), "[]")
            state.histories.records[address] = .some(Bool.random(using: &generator) ? history : nil)
        }
        var shared: IPAMKit.Attachment?
        let favourite = Int.random(in: 0..<5, using: &generator)
        let sources = sets.indices.map { index -> AllocationPlan.Source in
            let space = sets[index].dynamicSpace
            let address = space[7]
            let kind = Bool.random(using: &generator) ? favourite : Int.random(in: 0..<5, using: &generator)
            let reserved = record(keys.reservation(address), reservation.json.serialized())
            switch kind {
            case 0: return .dynamic(cursor: index, candidates: (20..<24).map { space[$0] })
            case 1:
                for place in 20..<24 { remember(space[UInt128(place)]) }
                return .automatic(candidates: (20..<24).map { space[$0] }, reservation)
            case 2: return .named(address, reservation: reserved, expired: nil, takeover: nil)
            case 3:
                remember(address)
                return .named(address, reservation: reserved, expired: reservation, takeover: nil)
            default:
                var attachment = IPAMKit.Attachment(
                    addresses: [address], holder: Holder(node: "n2"), since: noon, isFixed: true)
                for other in 0..<Int.random(in: 0...others, using: &generator) {
                    attachment.addresses.append(space[UInt128(30 + other)])
                }
                if let known = shared, Bool.random(using: &generator) { attachment = known }
                shared = attachment
                let container = "c\(attachment.addresses[0])".replacing(":", with: "-")
                for address in attachment.addresses + [address] { remember(address) }
                let id = try? ContainerID(container)
                let suspect = record(keys.suspect(address), "{}")
                return .named(
                    address, reservation: reserved, expired: Bool.random(using: &generator) ? reservation : nil,
                    takeover: id.map { id in
                        Takeover(
                            used: record(keys.used(address), container),
                            tenancy: Tenancy(
                                AttachmentReference(containerID: id, ifname: request.attachment.ifname), attachment,
                                record: record(Key(keys.attachmentsPrefix(of: id) + "eth0"), "{}")),
                            suspect: suspect, evidence: .proven("its node n2 has rebooted"))
                    })
            }
        }
        return try AllocationPlan(
            request: request, claimant: Claimant(request.holder, demand: AddressDemand()), state: state, keys: keys,
            sources: sources, settings: nil)
    }

    /// As many range sets as a configuration may have are always taken; more are, or are refused in words.
    @Test func everyPlanIsNoWiderThanEtcdTakesOrIsRefusedInWords() throws {
        var generator = SeededGenerator()
        var refused = 0
        for round in 0..<600 {
            let count = Int.random(in: 1...(round % 3 == 0 ? 40 : 16), using: &generator)
            do {
                let plan = try randomPlan("net", sets: count, others: 15, &generator)
                #expect(plan.transaction.width <= Transaction.maximumWidth, "\(generator): \(count) sets")
                #expect(plan.addresses(level: 0)?.count == count)
            } catch let error as IPAMError {
                refused += 1
                #expect(count > 16, "\(generator): \(count) sets: \(error)")
                guard case .tooManyOperations(_, let sets, let takeovers, let width) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(sets == count && width > Transaction.maximumWidth)
                #expect(error.cniCode == .invalidNetworkConfig)
                #expect(
                    error.description == "an ADD for \(sets) range sets of network net"
                        + (takeovers > 0 ? " that takes over addresses from \(takeovers) attachments" : "")
                        + " needs a transaction of \(width) operations; etcd allows 128"
                )
            }
        }
        #expect(refused > 0, "\(generator): the widest plans were not among them")
    }

    /// An attachment may list far more addresses than it can have had.
    @Test func aTakeoverFromAnAttachmentOfManyAddressesIsNested() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<100 {
            let plan = try randomPlan("net", sets: 2, others: 200, &generator)
            #expect(plan.transaction.width <= Transaction.maximumWidth)
        }
    }

    /// etcd checks width and keys before it looks at the guards, most of which do not hold here.
    @Test(.needs(.etcd), arguments: EtcdServer.Version.allCases)
    func etcdTakesEveryPlan(version: EtcdServer.Version) async throws {
        let pool = try await TestPool.onEtcd([try set("10.1.0.0/24")], version: version)
        var generator = SeededGenerator()
        for _ in 0..<60 {
            let count = Int.random(in: 10...16, using: &generator)
            let plan = try randomPlan(pool.network.text, sets: count, others: 15, &generator)
            let before = try await pool.contents()
            let commit = try await pool.store().commit(plan.transaction, deadline: .now + .seconds(60))
            let after = try await pool.contents()
            if case .assigned(let addresses) = plan.outcome(of: commit) {
                #expect(addresses.allSatisfy { after["used/\($0)"] == "new" }, "\(generator): \(addresses)")
            } else {
                #expect(after == before, "\(generator)")
            }
        }
    }
}

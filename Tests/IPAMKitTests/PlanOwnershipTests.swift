import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// Reservations that belong to a plan: who may change them, and what the plan drops.
@Suite struct PlanOwnershipTests {
    private let web: PlanName
    private let other: PlanName

    init() throws {
        web = try PlanName("web")
        other = try PlanName("other")
    }

    private func pool() throws -> TestPool { try TestPool([set("10.61.0.0/16"), set("fd61::/64")]) }

    private func order(_ text: String, _ holder: String, _ plan: PlanName?, note: String? = nil) throws
        -> ReservationOrder
    {
        ReservationOrder(
            address: address(text),
            reservation: Reservation(
                for: try ReservationHolder(holder), by: "ann@a", note: note, since: noon, plan: plan))
    }

    private func plan(_ pool: TestPool, _ orders: [ReservationOrder], pruning plan: PlanName? = nil) async throws
        -> ReservePlan
    {
        try await pool.pool().planReservations(
            orders, pruning: plan.map { PlanPruning(of: $0, by: "bob@b") }, rangeSets: pool.rangeSets, now: noon)
    }

    /// The kinds of the changes by address.
    @discardableResult
    private func apply(
        _ pool: TestPool, _ orders: [ReservationOrder], pruning name: PlanName? = nil, store: FaultyStore? = nil
    ) async throws -> [String: ReservationChange.Kind] {
        let plan = try await plan(pool, orders, pruning: name)
        let changes = try await pool.pool(store).carryOut(plan)
        return Dictionary(uniqueKeysWithValues: changes.map { ($0.address.description, $0.kind) })
    }

    private func reservation(_ pool: TestPool, _ text: String) async throws -> Reservation? {
        try await pool.contents()["reservations/\(text)"].map { try Reservation(stored: $0) }
    }

    // MARK: The stored value

    @Test func thePlanIsAMemberOfTheValue_andValuesWithoutItStayReadable() throws {
        let owned = Reservation(for: .anyone, plan: web)
        #expect(owned.json.serialized() == #"{"plan":"web"}"#)
        #expect(try Reservation(stored: #"{"plan":"web"}"#) == owned)
        #expect(try Reservation(stored: #"{"for":"default/db-0"}"#).plan == nil)
        // What no program writes must not keep a pod from its address.
        for value in [#"{"plan":5}"#, #"{"plan":""}"#, #"{"plan":"a b"}"#] {
            #expect(try Reservation(stored: value).plan == nil)
        }
        let entry = HistoryEntry(.released, at: noon, by: nil, reservation: owned)
        #expect(try HistoryEntry(stored: entry.stored).reservation?.plan == web)
    }

    @Test func namesOfPlansAreLikeValuesOfLabels() throws {
        for text in ["a", "web", "team-a.db_2", "9", String(repeating: "x", count: 63)] {
            #expect(try PlanName(text).text == text)
        }
        for text in ["", "-a", "a-", "a b", "a/b", "ä", ".", "a\n", String(repeating: "x", count: 64)] {
            #expect(throws: InvalidPlanName(text: text)) { try PlanName(text) }
        }
    }

    // MARK: Owners

    @Test func aReservationWithoutAPlanIsTakenIn_forTheSameHolderOnly() async throws {
        let pool = try pool()
        try await apply(pool, [order("10.61.0.9", "default/db-0", nil, note: "old")])
        let kinds = try await apply(pool, [order("10.61.0.9", "default/db-0", web)])
        #expect(kinds == ["10.61.0.9": .updated])
        let taken = try await reservation(pool, "10.61.0.9")
        #expect(taken?.plan == web && taken?.note == "old")
        #expect(try await apply(pool, [order("10.61.0.9", "default/db-0", web)]) == ["10.61.0.9": .unchanged])
        // Without a plan, the same order leaves the owner.
        #expect(try await apply(pool, [order("10.61.0.9", "default/db-0", nil)]) == ["10.61.0.9": .unchanged])
        try await apply(pool, [order("10.61.0.10", "default/db-1", nil)])
        let refused = try await plan(pool, [order("10.61.0.10", "default/db-2", web)])
        #expect(refused.conflicts.map(\.description) == ["10.61.0.10 is reserved for default/db-1"])
    }

    @Test func anotherPlansReservationIsAConflictThatNamesThePlan() async throws {
        let pool = try pool()
        try await apply(pool, [order("10.61.0.9", "default/db-0", other)])
        let before = try await pool.contents()
        for holder in ["default/db-0", "default/db-1"] {
            let plan = try await plan(pool, [order("10.61.0.9", holder, web), order("10.61.0.8", holder, web)])
            #expect(
                plan.conflicts.map(\.description) == ["10.61.0.9 is reserved for default/db-0 by plan other"])
            #expect(plan.changes.map(\.address) == [address("10.61.0.8")])
            await #expect(throws: IPAMError.conflicts(plan.conflicts)) { try await pool.pool().carryOut(plan) }
        }
        #expect(try await pool.contents() == before, "all or nothing")
    }

    @Test func aPlanMayGiveItsReservationToAnotherHolder() async throws {
        let pool = try pool()
        try await apply(pool, [order("10.61.0.9", "default/db-0", web, note: "old")])
        #expect(try await apply(pool, [order("10.61.0.9", "default/sts/kv", web)]) == ["10.61.0.9": .updated])
        let keys = Set(try await pool.contents().keys)
        #expect(keys == ["reservations/10.61.0.9", "claims/default/workload/kv/10.61.0.9"])
        #expect(try await reservation(pool, "10.61.0.9")?.note == "old", "what the plan does not name stays")
        let history = try await pool.pool().history(of: address("10.61.0.9")).entries.map(\.event)
        #expect(history == [.reserved, .released, .reserved])
        // A pod that has the address would have another's.
        var request = try pool.request("c1", "default/kv-0")
        request.requested = [address("10.61.0.9")]
        _ = try await pool.pool().add(request)
        let refused = try await plan(pool, [order("10.61.0.9", "default/db-0", web)])
        #expect(
            refused.conflicts.map(\.description) == [
                "10.61.0.9 is reserved for default/sts/kv, and is in use by default/kv-0 on n1"
            ])
    }

    @Test func aChangeByAnotherWhileTheQuestionIsOpenIsNotOverwritten() async throws {
        let pool = try pool()
        try await apply(pool, [order("10.61.0.9", "default/db-0", web, note: "old")])
        let shown = try await plan(pool, [order("10.61.0.9", "default/db-0", web, note: "new")])
        try await apply(pool, [order("10.61.0.9", "default/db-0", web, note: "theirs")])
        let before = try await pool.contents()
        await #expect(throws: IPAMError.outdated(network: pool.network, [address("10.61.0.9")])) {
            try await pool.pool().carryOut(shown)
        }
        #expect(try await pool.contents() == before)
    }

    @Test(arguments: ["default/db-0", "default/db-1"])
    func anOrderKeepsOrRemovesTheNoteAndTheExpiry(holder: String) async throws {
        let pool = try pool()
        let later = noon.advanced(bySeconds: 3600)
        let first = Reservation(
            for: try ReservationHolder("default/db-0"), note: "old", since: noon, expires: later, plan: web)
        let next = Reservation(for: try ReservationHolder(holder), since: noon, plan: web)
        for (removing, note, expires): (Set<ReservationOrder.Part>, String?, Timestamp?) in [
            ([], "old", later), ([.note], nil, later), ([.expiry], "old", nil), ([.note, .expiry], nil, nil),
        ] {
            let ip = address("10.61.0.9")
            if try await reservation(pool, "10.61.0.9") != nil {
                _ = try await pool.pool().release([ip], force: true)
            }
            try await apply(pool, [ReservationOrder(address: ip, reservation: first)])
            try await apply(pool, [ReservationOrder(address: ip, reservation: next, removing: removing)])
            let after = try await reservation(pool, "10.61.0.9")
            #expect(after?.holder == next.holder && after?.note == note && after?.expires == expires, "\(removing)")
        }
    }

    @Test func theHistoryHasTheTimeOfTheConfirmation() async throws {
        let pool = try pool()
        let later = noon.advanced(bySeconds: 90)
        let shown = try await plan(pool, [order("10.61.0.9", "default/db-0", web)])
        _ = try await pool.pool().carryOut(shown.confirmed(at: later))
        #expect(try await pool.pool().history(of: address("10.61.0.9")).entries.map(\.at) == [later])
    }

    // MARK: Pruning

    @Test func whatThePlanStillListsIsNotDropped_evenIfNoPodCanHaveIt() async throws {
        let pool = try pool()
        try await apply(pool, [order("10.61.0.9", "default/db-0", web), order("10.61.0.10", "default/db-1", web)])
        let shown = try await pool.pool().planReservations(
            [], pruning: PlanPruning(of: web, by: nil, keeping: [address("10.61.0.9")]), rangeSets: pool.rangeSets,
            now: noon)
        #expect(shown.changes.map(\.address) == [address("10.61.0.10")])
    }

    @Test func whatThePlanDoesNotListAnyMoreIsDropped_andNothingElse() async throws {
        let pool = try pool()
        try await apply(
            pool,
            [
                order("10.61.0.9", "default/db-0", web), order("fd61::9", "default/db-0", web),
                order("10.61.0.10", "default/sts/kv", web), order("10.61.0.11", "default/db-2", other),
                order("10.61.0.12", "default/db-3", nil),
            ])
        var request = try pool.request("c1", "default/kv-0")
        request.requested = [address("10.61.0.10")]
        _ = try await pool.pool().add(request)
        let orders = try [order("10.61.0.9", "default/db-0", web), order("10.61.0.20", "default/db-4", web)]
        let without = try await plan(pool, orders)
        #expect(without.changes.map(\.kind) == [.unchanged, .reserved])
        let shown = try await plan(pool, orders, pruning: web)
        #expect(shown.changes.map(\.kind) == [.unchanged, .reserved, .dropped, .dropped])
        #expect(shown.changes.compactMap(\.stillUsed?.phrase) == ["default/kv-0 on n1"])
        try await pool.pool().carryOut(shown)
        let keys = Set(try await pool.contents().keys)
        #expect(
            keys.filter { $0.hasPrefix("reservations/") }.sorted() == [
                "reservations/10.61.0.11", "reservations/10.61.0.12", "reservations/10.61.0.20",
                "reservations/10.61.0.9",
            ])
        #expect(!keys.contains { $0.hasPrefix("claims/default/workload/kv/") })
        #expect(keys.contains("used/10.61.0.10"), "the pod keeps its address")
        let last = try await pool.pool().history(of: address("10.61.0.10")).entries.first
        #expect(last?.event == .released && last?.by == "bob@b")
        let again = try await plan(pool, orders, pruning: web)
        #expect(again.isDone && again.changes.count == 2)
        let none = try await plan(pool, [], pruning: web)
        #expect(none.changes.map(\.kind) == [.dropped, .dropped])
        let unknown = try await plan(pool, [], pruning: PlanName("nobody"))
        #expect(unknown.isDone && unknown.changes.isEmpty)
    }

    /// Somebody gives the address to another plan, or takes it away, while the operator reads what would be dropped.
    @Test func whatIsNoLongerThePlansIsNotDropped() async throws {
        let pool = try pool()
        try await apply(pool, [order("10.61.0.9", "default/db-0", web), order("10.61.0.10", "default/db-1", web)])
        let shown = try await plan(pool, [order("10.61.0.20", "default/db-4", web)], pruning: web)
        _ = try await pool.pool().release([address("10.61.0.9"), address("10.61.0.10")], force: false)
        try await apply(pool, [order("10.61.0.9", "default/db-0", other)])
        let before = try await reservation(pool, "10.61.0.9")
        let kinds = try await pool.pool().carryOut(shown).map(\.kind)
        #expect(kinds == [.reserved, .unchanged, .unchanged])
        #expect(try await reservation(pool, "10.61.0.9") == before)
        #expect(try await reservation(pool, "10.61.0.10") == nil)
        #expect(try await reservation(pool, "10.61.0.20") != nil)
    }

    /// Two runs of one plan with different lists must not leave the reservations of both.
    @Test(arguments: [1, 60])
    func aFurtherReservationOfThePlanSinceItWasShownIsNotPassedOver(count: Int) async throws {
        let pool = try pool()
        try await apply(pool, [order("10.61.0.9", "default/db-0", web)])
        let wanted = try (0..<count).map { try order("10.61.1.\($0 + 1)", "default/db-4", web) }
        let shown = try await plan(pool, wanted, pruning: web)
        try await apply(pool, [order("10.61.0.10", "default/db-1", web)])
        let before = try await pool.contents()
        await #expect(throws: IPAMError.outdated(network: pool.network, [address("10.61.0.10")])) {
            try await pool.pool().carryOut(shown)
        }
        #expect(try await pool.contents() == before)
        // A reservation of nobody's plan does not matter.
        let again = try await plan(pool, wanted, pruning: web)
        try await apply(pool, [order("10.61.0.11", "default/db-2", nil)])
        _ = try await pool.pool().carryOut(again)
        for gone in ["10.61.0.9", "10.61.0.10"] { #expect(try await reservation(pool, gone) == nil) }
        for kept in ["10.61.0.11", "10.61.1.\(count)"] { #expect(try await reservation(pool, kept) != nil) }
    }

    @Test func aReservationThatWasChangedSinceItWasShownIsNotDropped() async throws {
        let pool = try pool()
        try await apply(pool, [order("10.61.0.9", "default/db-0", web)])
        let shown = try await plan(pool, [order("10.61.0.20", "default/db-4", web)], pruning: web)
        try await apply(pool, [order("10.61.0.9", "default/db-0", web, note: "keep this")])
        let before = try await pool.contents()
        await #expect(throws: IPAMError.outdated(network: pool.network, [address("10.61.0.9")])) {
            try await pool.pool().carryOut(shown)
        }
        #expect(try await pool.contents() == before, "all or nothing")
    }

    @Test(arguments: [FaultyStore.Fault.loseAnswer, .loseRequest])
    func aLostAnswerIsLookedUp(fault: FaultyStore.Fault) async throws {
        let pool = try pool()
        try await apply(pool, [order("10.61.0.9", "default/db-0", web)])
        let store = FaultyStore(pool.store(), faults: [fault])
        let kinds = try await apply(pool, [order("10.61.0.10", "default/db-0", web)], pruning: web, store: store)
        #expect(kinds == ["10.61.0.10": .reserved, "10.61.0.9": .dropped])
        #expect(
            Set(try await pool.contents().keys) == ["reservations/10.61.0.10", "claims/default/pod/db-0/10.61.0.10"])
    }

    /// Half of them new, half of them dropped: as many as one transaction takes, and more.
    @Test(.needs(.etcd), arguments: EtcdServer.Version.allCases, [512, 1500])
    func aPlanMovesInOneTransactionIfItFits(version: EtcdServer.Version, count: Int) async throws {
        let pool = try await TestPool.onEtcd([set("10.61.0.0/16"), set("fd61::/64")], version: version)
        func orders(_ block: Int) throws -> [ReservationOrder] {
            try (0..<count).map { try order("10.61.\(block + $0 / 250).\($0 % 250 + 1)", "default/deploy/web", web) }
        }
        try await apply(pool, orders(10))
        let shown = try await plan(pool, orders(100), pruning: web)
        var steps: [Int] = []
        try await pool.pool().carryOut(shown) { steps.append($0.count) }
        #expect(steps == (count == 512 ? [1024] : [1024, 1024, 952]))
        let keys = try await pool.contents().keys
        #expect(keys.count { $0.hasPrefix("reservations/10.61.1") } == count)
        #expect(keys.count == 2 * count, "what was dropped has no claims either")
    }
}

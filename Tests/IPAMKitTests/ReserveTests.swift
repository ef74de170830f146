import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

@Suite struct ReserveTests {
    private func pool() throws -> TestPool {
        try TestPool([set("10.60.0.0/16"), set("fd60::/64")])
    }

    private func poolOnEtcd(_ version: EtcdServer.Version = .debian34) async throws -> TestPool {
        try await TestPool.onEtcd([set("10.60.0.0/16"), set("fd60::/64")], version: version)
    }

    private func reserve(
        _ pool: TestPool, _ texts: [String], for holder: String, expires: Timestamp? = nil,
        at now: Timestamp = noon, store: FaultyStore? = nil
    ) async throws -> [ReservationChange.Kind] {
        let orders = try pool.orders(texts.map(address), for: holder, expires: expires)
        return try await pool.pool(store).reserve(orders, rangeSets: pool.rangeSets, now: now).map(\.kind)
    }

    /// Adds at a named address.
    private func add(_ pool: TestPool, _ text: String, _ container: String, _ name: String?, at now: Timestamp = noon)
        async throws
    {
        var request = try pool.request(container, name, at: now)
        request.requested = text.isEmpty ? [] : [address(text)]
        _ = try await pool.pool().add(request)
    }

    @Test func writesTheReservationAndItsClaim() async throws {
        let pool = try pool()
        #expect(try await reserve(pool, ["10.60.0.9", "fd60::9"], for: "default/db-0") == [.reserved, .reserved])
        let value = #"{"for":"default/db-0","by":"root@admin1","since":"\#(noon)"}"#
        #expect(
            try await pool.contents() == [
                "reservations/10.60.0.9": value, "reservations/fd60::9": value,
                "claims/default/pod/db-0/10.60.0.9": "", "claims/default/pod/db-0/fd60::9": "",
            ])
    }

    /// Also if that is not who made the reservation.
    @Test func theHistorySaysWhoChangedAReservation() async throws {
        let pool = try pool()
        #expect(try await reserve(pool, ["10.60.0.9"], for: "default/db-0") == [.reserved])
        let order = ReservationOrder(
            address: address("10.60.0.9"),
            reservation: Reservation(for: .pod(pod("default/db-0")), by: "eve@admin2", note: "x", since: noon))
        _ = try await pool.pool().reserve([order], rangeSets: pool.rangeSets, now: noon)
        let history = try await pool.pool().history(of: address("10.60.0.9"))
        #expect(history.entries.map(\.by) == ["eve@admin2", "root@admin1"])
        #expect(history.entry.reservation?.by == "root@admin1", "who made it stays")
    }

    @Test func again_forTheSameHolderIsSuccess_forAnotherAConflictThatNamesIt() async throws {
        let pool = try pool()
        #expect(try await reserve(pool, ["10.60.0.9"], for: "default/db-0") == [.reserved])
        let before = try await pool.contents()
        #expect(try await reserve(pool, ["10.60.0.9"], for: "default/db-0") == [.unchanged])
        #expect(try await pool.contents() == before)
        for other in ["default/db-1", "default/", "", "default/sts/db"] {
            await #expect(
                throws: IPAMError.conflicts([
                    .init(address: address("10.60.0.9"), problem: "is reserved for default/db-0")
                ])
            ) { _ = try await reserve(pool, ["10.60.0.8", "10.60.0.9"], for: other) }
        }
        #expect(try await pool.contents() == before, "all or nothing: not 10.60.0.8 either")
        let later = noon.advanced(bySeconds: 3600)
        #expect(try await reserve(pool, ["10.60.0.9"], for: "default/db-0", expires: later) == [.updated])
        #expect(try await pool.contents()["reservations/10.60.0.9"]?.contains(later.description) == true)
    }

    /// Each takes four keys: the reservation, its claim, the claim of the one that is replaced, the history.
    @Test(.needs(.etcd), arguments: EtcdServer.Version.allCases)
    func asManyAsATransactionTakesReplaceExpiredOnesOfAnother(version: EtcdServer.Version) async throws {
        let pool = try await poolOnEtcd(version)
        let texts = (0..<AddressPool.reservationLimit).map { "10.60.\(4 + $0 / 256).\($0 % 256)" }
        let soon = noon.advanced(bySeconds: 60)
        #expect(try await reserve(pool, texts, for: "default/db-0", expires: soon).allSatisfy { $0 == .reserved })
        let later = noon.advanced(bySeconds: 3600)
        #expect(try await reserve(pool, texts, for: "default/db-1", at: later).allSatisfy { $0 == .reserved })
        let keys = try await pool.contents().keys
        #expect(keys.count { $0.hasPrefix("claims/default/pod/db-1/") } == texts.count)
        #expect(!keys.contains { $0.hasPrefix("claims/default/pod/db-0/") })
    }

    /// The reservations alone fit into one request of etcd's, and not with what the histories would say of them.
    @Test(.needs(.etcd)) func asManyAsATransactionTakesMayHaveTheLongestNote() async throws {
        let pool = try await poolOnEtcd()
        let addresses = (0..<AddressPool.reservationLimit).map { address("10.60.\(4 + $0 / 256).\($0 % 256)") }
        let note = String(repeating: "n", count: Reservation.longestNote)
        let changes = try await pool.pool().reserve(
            pool.orders(addresses, for: "default/db-0", note: note), rangeSets: pool.rangeSets, now: noon)
        #expect(changes.allSatisfy { $0.kind == .reserved })
        #expect(try await pool.contents().count { $0.value.contains(note) } == addresses.count)
    }

    @Test func anAddressInUseByAnotherIsAConflict_byTheVeryPodItIsNot() async throws {
        let pool = try pool()
        try await add(pool, "10.60.0.9", "c1", "default/db-0")
        try await pool.put([(pool.keys.used(address("10.60.0.10")), "gocontainer")])
        let conflict = IPAMError.conflicts([
            .init(address: address("10.60.0.9"), problem: "is in use by default/db-0 on n1"),
            .init(address: address("10.60.0.10"), problem: "is in use by container gocontainer"),
        ])
        await #expect(throws: conflict) {
            _ = try await reserve(pool, ["10.60.0.9", "10.60.0.10"], for: "default/db-1")
        }
        for holder in ["default/sts/db", "default/db-0"] {
            let other = try self.pool()
            try await add(other, "10.60.0.9", "c1", "default/db-0")
            #expect(try await reserve(other, ["10.60.0.9"], for: holder) == [.reserved])
        }
    }

    @Test func anExpiredReservationIsReplacedTogetherWithItsClaim() async throws {
        let pool = try pool()
        _ = try await reserve(pool, ["10.60.0.9"], for: "default/db-0", expires: noon)
        await #expect(throws: IPAMError.self, "it counts for five more minutes") {
            _ = try await reserve(pool, ["10.60.0.9"], for: "default/web-0", at: noon.advanced(bySeconds: 299))
        }
        let late = noon.advanced(bySeconds: 300)
        #expect(try await reserve(pool, ["10.60.0.9"], for: "default/sts/web", at: late) == [.reserved])
        let keys = Set(try await pool.contents().keys)
        #expect(keys == ["reservations/10.60.0.9", "claims/default/workload/web/10.60.0.9"])
    }

    @Test func aPodGetsWhatIsReservedForItAndAnExpiredOneIsGone() async throws {
        let pool = try pool()
        _ = try await reserve(pool, ["10.60.0.9", "fd60::9"], for: "default/sts/db", expires: noon)
        let given = try await pool.pool().add(pool.request("c1", "default/db-3"))
        #expect(given.addresses == [address("10.60.0.9"), address("fd60::9")])
        // A dynamic ADD passes over a reserved address, expired or not; one that names it takes an expired one over.
        let late = noon.advanced(bySeconds: 300)
        _ = try await pool.pool().delete(reference("c1"))
        try await add(pool, "10.60.0.9", "c2", nil, at: late)
        let keys = Set(try await pool.contents().keys)
        #expect(!keys.contains("reservations/10.60.0.9") && !keys.contains("claims/default/workload/db/10.60.0.9"))
        #expect(keys.contains("reservations/fd60::9") && keys.contains("claims/default/workload/db/fd60::9"))
    }

    @Test(.needs(.etcd), arguments: EtcdServer.Version.allCases)
    func aThousandAndTwentyFourAtOnce(version: EtcdServer.Version) async throws {
        let block = (0..<1024).map { "10.60.\(4 + $0 / 256).\($0 % 256)" }
        let scattered = (0..<1024).map { "10.60.\(8 + $0 % 240).\(7 + $0 / 240)" }
        let six = (0..<1024).map { "fd60::1:\(String($0 + 1, radix: 16))" }
        for texts in [block, scattered, six] {
            let pool = try await poolOnEtcd(version)
            let kinds = try await reserve(pool, texts, for: "default/deploy/web")
            #expect(kinds == Array(repeating: .reserved, count: 1024))
            #expect(try await pool.contents().count == 2048)
            let again = try await reserve(pool, texts, for: "default/deploy/web")
            #expect(again == Array(repeating: .unchanged, count: 1024))
        }
    }

    enum Place: CaseIterable { case scattered, block, ipv6 }

    /// The guards are by key, by block or by the whole network: whatever they are, a change in between is seen.
    @Test(arguments: [1, 30, 31, 200, 1024], Place.allCases)
    func whatChangesInBetweenIsSeen(count: Int, place: Place) async throws {
        let texts = (0..<count).map { index in
            switch place {
            case .scattered: "10.60.\(1 + index % 250).\(9 + index / 250)"
            case .block: "10.60.\(1 + index / 256).\(index % 256)"
            case .ipv6: "fd60::\(String(index + 16, radix: 16))"
            }
        }
        let pool = try pool()
        let last = try #require(texts.last)
        let store = FaultyStore(
            pool.store(),
            faults: [.meanwhile { try await pool.put([(pool.keys.used(address(last)), "intruder")]) }])
        await #expect(
            throws: IPAMError.conflicts([.init(address: address(last), problem: "is in use by container intruder")])
        ) {
            _ = try await reserve(pool, texts, for: "default/db-0", store: store)
        }
        #expect(Set(try await pool.contents().keys) == ["used/\(last)"], "all or nothing")
    }

    /// An address that was reserved for the holder already and is released in between: the order is whole all the same.
    @Test(arguments: [2, 100]) func whatIsReleasedInBetweenIsReservedAgain(count: Int) async throws {
        let pool = try pool()
        let texts = (0..<count).map { "10.60.7.\($0)" }
        _ = try await reserve(pool, [texts[0]], for: "default/db-0")
        let released = address(texts[0])
        let store = FaultyStore(
            pool.store(), faults: [.meanwhile { _ = try await pool.pool().release([released], force: false) }])
        _ = try await reserve(pool, texts, for: "default/db-0", store: store)
        let kept = texts.flatMap { ["reservations/\($0)", "claims/default/pod/db-0/\($0)"] }
        #expect(Set(try await pool.contents().keys) == Set(kept))
    }

    @Test(arguments: [FaultyStore.Fault.loseAnswer, .loseRequest])
    func aLostAnswerIsLookedUp(fault: FaultyStore.Fault) async throws {
        let pool = try pool()
        let store = FaultyStore(pool.store(), faults: [fault, fault])
        let kinds = try await reserve(pool, ["10.60.0.9", "10.60.0.10"], for: "default/db-0", store: store)
        #expect(kinds == [.reserved, .reserved], "what the first try did is what was done")
        #expect(try await pool.contents().count == 4)
    }

    /// Each order is of one holder: at every moment all of an order's addresses are its holder's, or none but those that
    /// the winner has.
    @Test(.needs(.etcd), arguments: [41, 42] as [UInt64]) func concurrentOrdersOfOverlappingSetsAreNeverHalfDone(
        seed: UInt64
    )
        async throws
    {
        var generator = SeededGenerator(seed: seed)
        for count in [3, 40, 400] {
            let pool = try await poolOnEtcd()
            let space =
                (0..<(count * 2)).map { "10.60.\(1 + $0 % 9).\($0 / 9 + 2)" } + (0..<count).map { "fd60::\($0 + 16)" }
            let orders = (0..<8).map { index in
                (holder: "default/db-\(index)", texts: Array(space.shuffled(using: &generator).prefix(count)))
            }
            let won = try await withThrowingTaskGroup(of: (Int, Bool).self) { group in
                for (index, order) in orders.enumerated() {
                    group.addTask {
                        do {
                            _ = try await pool.pool(pool.store(index)).reserve(
                                pool.orders(order.texts.map(address), for: order.holder), rangeSets: pool.rangeSets,
                                now: noon)
                            return (index, true)
                        } catch IPAMError.conflicts {
                            return (index, false)
                        }
                    }
                }
                return try await group.reduce(into: [Int: Bool]()) { $0[$1.0] = $1.1 }
            }
            let contents = try await pool.contents()
            for (index, order) in orders.enumerated() {
                let held = contents.filter { $0.value.contains("\"\(order.holder)\"") }.count
                #expect(held == (won[index] == true ? count : 0), "\(generator), \(count) addresses, \(order.holder)")
            }
            #expect(won.values.contains(true), "\(generator): at least one gets its order")
        }
    }

    @Test func whatNoPodCanHaveIsRefused() async throws {
        let pool = try pool()
        for text in ["10.60.0.0", "10.60.0.1", "10.60.255.255", "fd60::1", "fd60::", "10.61.0.1", "fd61::9"] {
            let error = await #expect(throws: IPAMError.self) { _ = try await reserve(pool, [text], for: "") }
            guard case .notAllowed(address(text), _) = error else {
                Issue.record("\(text): \(String(describing: error))")
                continue
            }
        }
        #expect(try await pool.contents().isEmpty)
    }

    @Test func aDryRunChangesNothing() async throws {
        let pool = try pool()
        let orders = try pool.orders([address("10.60.0.9")], for: "default/db-0")
        let changes = try await pool.pool().reserve(orders, rangeSets: pool.rangeSets, now: noon, dryRun: true)
        #expect(changes.map(\.kind) == [.reserved])
        #expect(try await pool.contents().isEmpty)
    }

    /// The plan has read the history. A pod that came and went since then has changed nothing else.
    @Test func aHistoryThatGrewAfterThePlanKeepsItsEntries() async throws {
        let pool = try pool()
        let orders = try pool.orders([address("10.60.0.9")], for: "default/db-0")
        let plan = try await pool.pool().planReservations(orders, rangeSets: pool.rangeSets, now: noon)
        try await add(pool, "10.60.0.9", "c1", nil)
        _ = try await pool.pool().delete(reference("c1"), ending: Ending(.deleted, at: noon, by: "n1"))
        #expect(try await pool.pool().carryOut(plan).map(\.kind) == [.reserved])
        let events = try await pool.pool().history(of: address("10.60.0.9")).entries.map(\.event)
        #expect(events == [.reserved, .deleted])
    }

    /// Of a plan with many pods, the claims are read after it.
    @Test(arguments: [1, 60]) func aPodThatHasAnotherAddressIsTold(count: Int) async throws {
        let pool = try pool()
        _ = try await reserve(pool, ["10.60.0.9"], for: "default/db-0")
        _ = try await reserve(pool, ["10.60.0.8"], for: "default/other-0")
        var orders: [ReservationOrder] = []
        for index in 0..<count {
            orders += try pool.orders([address("10.60.1.\(index + 1)")], for: "default/db-\(index)")
        }
        let plan = try await pool.pool().planReservations(orders, rangeSets: pool.rangeSets, now: noon)
        let notes = try await pool.pool().notesOnSecondAddresses(of: plan, rangeSets: pool.rangeSets, now: noon)
        #expect(
            notes == [
                "note: default/db-0 also has 10.60.0.9 reserved, and gets the lowest of its addresses that is free: "
                    + "10.60.0.9"
            ])
    }
}

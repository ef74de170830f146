import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// Changes of existing reservations: their expiry, their notes, and nothing else.
@Suite struct AmendmentTests {
    private func pool() throws -> TestPool { try TestPool([set("10.60.0.0/24 - - 10.60.0.200/29")]) }

    private func amend(
        _ pool: TestPool, _ texts: [String], _ amendment: Amendment, at now: Timestamp = noon,
        store: FaultyStore? = nil
    ) async throws -> [ReservationChange] {
        let orders = texts.map { ReservationOrder(address: address($0), amendment: amendment, by: "eve@admin2") }
        let plan = try await pool.pool(store).planAmendments(orders, now: now)
        return try await pool.pool(store).carryOut(plan)
    }

    private func reserve(_ pool: TestPool, _ text: String, for holder: String, expires: Timestamp? = nil) async throws {
        let orders = try pool.orders([address(text)], for: holder, expires: expires)
        _ = try await pool.pool().reserve(orders, rangeSets: pool.rangeSets, now: noon)
    }

    private let later = noon.advanced(bySeconds: 86_400)

    @Test func onlyTheExpiryChanges_andTheHistorySaysWho() async throws {
        let pool = try pool()
        try await reserve(pool, "10.60.0.9", for: "default/db-0")
        let before = try await pool.contents()
        let changes = try await amend(pool, ["10.60.0.9"], .expires(later))
        #expect(changes.map(\.kind) == [.updated])
        #expect(changes[0].previous?.expires == nil && changes[0].reservation.expires == later)
        var after = try await pool.contents()
        let value = try Reservation(stored: #require(after["reservations/10.60.0.9"]))
        #expect(value.holder == .pod(pod("default/db-0")) && value.by == "root@admin1" && value.since == noon)
        after["reservations/10.60.0.9"] = before["reservations/10.60.0.9"]
        #expect(after == before, "the claim stays, and there is no other key")
        let entry = try #require(try await pool.pool().history(of: address("10.60.0.9")).entries.first)
        #expect(entry.event == .updated && entry.by == "eve@admin2" && entry.reservation?.expires == later)
        #expect(try await amend(pool, ["10.60.0.9"], .expires(later)).map(\.kind) == [.unchanged])
        #expect(try await amend(pool, ["10.60.0.9"], .expires(nil)).map(\.kind) == [.updated])
        #expect(try await pool.contents() == before)
    }

    @Test func notesAreSetAndRemoved() async throws {
        let pool = try pool()
        try await reserve(pool, "10.60.0.9", for: "")
        let before = try await pool.contents()
        let set = try await amend(pool, ["10.60.0.9"], .note("printer"))
        #expect(set.map(\.kind) == [.updated] && set[0].reservation.note == "printer")
        #expect(try await amend(pool, ["10.60.0.9"], .note(nil))[0].previous?.note == "printer")
        #expect(try await pool.contents() == before)
    }

    @Test func allOrNothing() async throws {
        let pool = try pool()
        try await reserve(pool, "10.60.0.9", for: "default/db-0")
        let before = try await pool.contents()
        await #expect(throws: IPAMError.notReserved(network: pool.network, [address("10.60.0.10")])) {
            _ = try await amend(pool, ["10.60.0.9", "10.60.0.10"], .expires(later))
        }
        try await pool.put([(pool.keys.reservation(address("10.60.0.11")), #"{"for":"what is this"}"#)])
        await #expect(throws: IPAMError.self) {
            _ = try await amend(pool, ["10.60.0.9", "10.60.0.11"], .expires(later))
        }
        #expect(try await pool.contents()["reservations/10.60.0.9"] == before["reservations/10.60.0.9"])
        #expect(try await pool.contents()["reservations/10.60.0.11"] == #"{"for":"what is this"}"#)
    }

    /// Also one that could not be made now, because its address has been excluded since.
    @Test func reservationOfAnExcludedAddressCanBeChanged() async throws {
        let pool = try pool()
        try await pool.put([(pool.keys.reservation(address("10.60.0.201")), #"{"for":"default/"}"#)])
        #expect(try await amend(pool, ["10.60.0.201"], .note("moved")).map(\.kind) == [.updated])
    }

    @Test func expiredReservationCountsAgain_unlessAnotherPodHasTheAddress() async throws {
        let pool = try pool()
        try await reserve(pool, "10.60.0.9", for: "default/db-0", expires: later)
        let afterwards = later.advanced(bySeconds: 3600)
        let changes = try await amend(pool, ["10.60.0.9"], .expires(afterwards.advanced(bySeconds: 60)), at: afterwards)
        #expect(changes.map(\.kind) == [.updated])
        let given = try await pool.pool().add(pool.request("c1", "default/db-0", at: afterwards)).addresses
        #expect(given == [address("10.60.0.9")])

        try await reserve(pool, "10.60.0.10", for: "default/db-1", expires: later)
        try await pool.put([(pool.keys.used(address("10.60.0.10")), "stranger")])
        await #expect(
            throws: IPAMError.conflicts([
                .init(
                    address: address("10.60.0.10"),
                    problem: "is in use by container stranger, and its reservation for default/db-1 has expired")
            ])
        ) { _ = try await amend(pool, ["10.60.0.10"], .expires(nil), at: afterwards) }
    }

    /// The change that was shown is made, or none.
    @Test func reservationThatHasChangedSinceThePlanIsLeftAlone() async throws {
        let pool = try pool()
        for text in ["10.60.0.9", "10.60.0.10"] { try await reserve(pool, text, for: "default/db-0") }
        let orders = ["10.60.0.9", "10.60.0.10"].map {
            ReservationOrder(address: address($0), amendment: .note("mine"), by: "eve@admin2")
        }
        let shown = try await pool.pool().planAmendments(orders, now: noon)
        _ = try await amend(pool, ["10.60.0.10"], .expires(later))
        let before = try await pool.contents()
        await #expect(throws: IPAMError.outdated(network: pool.network, [address("10.60.0.10")])) {
            _ = try await pool.pool().carryOut(shown)
        }
        #expect(try await pool.contents() == before)
        // A reservation that was dropped is not made again.
        let second = try await pool.pool().planAmendments(orders, now: noon)
        _ = try await pool.pool().release(pool.pool().planRelease(of: [address("10.60.0.9")], force: false))
        await #expect(throws: IPAMError.notReserved(network: pool.network, [address("10.60.0.9")])) {
            _ = try await pool.pool().carryOut(second)
        }
    }

    /// `extend --for` reads the addresses of a holder first: what another holder has by then is not its any more.
    @Test func reservationThatAnotherHolderOrPlanHasByNowIsLeftAlone() async throws {
        let pool = try pool()
        let place = address("10.60.0.9")
        for (expected, isMeant) in [
            (Reservation(for: .pod(pod("default/db-0")), note: "then"), true),
            (Reservation(for: .pod(pod("default/db-1"))), false),
            (Reservation(for: .pod(pod("default/db-0")), plan: try PlanName("web")), false),
        ] {
            try await reserve(pool, "10.60.0.9", for: "default/db-0")
            let order = ReservationOrder(address: place, amendment: .expires(later), expecting: expected, by: "eve")
            if isMeant {
                #expect(try await pool.pool().planAmendments([order], now: noon).changes.map(\.kind) == [.updated])
            } else {
                await #expect(throws: IPAMError.outdated(network: pool.network, [place])) {
                    _ = try await pool.pool().planAmendments([order], now: noon)
                }
            }
        }
        let gone = ReservationOrder(
            address: address("10.60.0.10"), amendment: .expires(later), expecting: Reservation(for: .anyone), by: "eve")
        await #expect(throws: IPAMError.outdated(network: pool.network, [address("10.60.0.10")])) {
            _ = try await pool.pool().planAmendments([gone], now: noon)
        }
    }

    @Test func aStatefulSetIncludesTheReservationsForItsPods() throws {
        let set = try ReservationHolder("default/sts/db")
        for (text, isIncluded) in [
            ("default/sts/db", true), ("default/db-0", true), ("default/db-17", true), ("default/db-01", false),
            ("default/db-x", false), ("default/db-", false), ("default/db", false), ("default/db-0-1", false),
            ("other/db-0", false), ("default/deploy/db", false), ("default/", false), ("", false), ("(nobody)", false),
        ] {
            #expect(set.includes(try ReservationHolder(text)) == isIncluded, "\(text)")
        }
        #expect(!(try ReservationHolder("default/deploy/db").includes(ReservationHolder("default/db-0"))))
        #expect(try ReservationHolder("").includes(ReservationHolder("")))
    }

    @Test func lostAnswerIsNoSecondChange() async throws {
        let pool = try pool()
        try await reserve(pool, "10.60.0.9", for: "default/db-0")
        let store = FaultyStore(pool.store(), faults: [.loseAnswer])
        #expect(try await amend(pool, ["10.60.0.9"], .note("x"), store: store).map(\.kind) == [.updated])
        #expect(try await pool.pool().history(of: address("10.60.0.9")).entries.map(\.event) == [.updated, .reserved])
    }

    /// As many as one transaction takes, on the real thing.
    @Test(.needs(.etcd)) func aThousandAreChangedTogether() async throws {
        let pool = try await TestPool.onEtcd([set("10.60.0.0/16")])
        let addresses = (0..<1024).map { address("10.60.\(1 + $0 / 256).\($0 % 256)") }
        let orders = try pool.orders(addresses, for: "default/db-0")
        _ = try await pool.pool().reserve(orders, rangeSets: pool.rangeSets, now: noon)
        let changes = try await amend(pool, addresses.map(\.description), .expires(later))
        #expect(changes.count == 1024 && changes.allSatisfy { $0.kind == .updated })
        let values = try await pool.contents().filter { $0.key.hasPrefix("reservations/") }
        #expect(values.count == 1024 && values.allSatisfy { $0.value.contains(later.description) })
    }
}

import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

@Suite struct ReleaseTests {
    private func pool() throws -> TestPool {
        try TestPool([set("10.61.0.0/24"), set("fd61::/64")])
    }

    private let four = address("10.61.0.9")
    private let six = address("fd61::9")

    private func reserve(_ pool: TestPool, _ addresses: [IPAddress], for holder: String = "default/db-0") async throws {
        _ = try await pool.pool().reserve(
            try pool.orders(addresses, for: holder), rangeSets: pool.rangeSets, now: noon)
    }

    private func held(_ pool: TestPool) async throws -> Set<String> {
        Set(try await pool.contents().keys.filter { !$0.hasPrefix("lastReserved/") && $0 != "config" })
    }

    private let attached: Set<String> = ["used/10.61.0.9", "used/fd61::9", "attachments/c1/eth0"]
    private let reserved: Set<String> = [
        "reservations/10.61.0.9", "reservations/fd61::9", "claims/default/pod/db-0/10.61.0.9",
        "claims/default/pod/db-0/fd61::9",
    ]

    /// db-0 has both addresses, reserved and in use.
    private func occupied() async throws -> TestPool {
        let pool = try pool()
        try await reserve(pool, [four, six])
        _ = try await pool.pool().add(pool.request("c1", "default/db-0"))
        #expect(try await held(pool) == attached.union(reserved))
        return pool
    }

    @Test func aReservationIsDroppedWithItsClaims_andThePodKeepsItsAddress() async throws {
        let pool = try await occupied()
        let changes = try await pool.pool().release([four, six], force: false)
        #expect(changes.map(\.dropped?.holder.description) == ["default/db-0", "default/db-0"])
        #expect(changes.map(\.stillUsed?.containerID) == ["c1", "c1"])
        #expect(try await held(pool) == attached)
        await #expect(
            throws: IPAMError.conflicts([
                .init(address: four, problem: "is in use by default/db-0 on n1")
            ])
        ) { _ = try await pool.pool().release([four], force: false) }
        #expect(try await held(pool) == attached)
    }

    @Test func forceFreesAllThatTheAttachmentHolds_andTellsIt() async throws {
        let pool = try await occupied()
        try await pool.put([(pool.keys.suspect(six), "{}")])
        let changes = try await pool.pool().release([four], force: true)
        #expect(changes.map(\.address) == [four, six])
        #expect(changes.map(\.freed?.containerID) == ["c1", "c1"])
        #expect(changes.map { $0.dropped == nil } == [false, true], "the other address stays reserved")
        #expect(try await held(pool) == ["reservations/fd61::9", "claims/default/pod/db-0/fd61::9"])
    }

    @Test func forceOnBothAddressesOfAnAttachmentReportsEachOnce() async throws {
        let pool = try await occupied()
        let dry = try await pool.pool().release([six, four, four], force: true, dryRun: true)
        #expect(try await held(pool) == attached.union(reserved))
        let changes = try await pool.pool().release([six, four, four], force: true)
        #expect(changes == dry)
        #expect(changes.map(\.address) == [six, four])
        #expect(try await held(pool).isEmpty)
    }

    @Test func theGoPluginsRecordsAreFreedToo() async throws {
        let pool = try pool()
        try await pool.put([(pool.keys.used(four), "gocontainer"), (pool.keys.suspect(four), "{}")])
        await #expect(throws: IPAMError.self) { _ = try await pool.pool().release([four], force: false) }
        let changes = try await pool.pool().release([four], force: true)
        #expect(changes.map(\.freed?.containerID) == ["gocontainer"])
        #expect(try await held(pool).isEmpty)
    }

    @Test func whatIsNeitherReservedNorUsedIsAnError_andNothingIsDone() async throws {
        let pool = try await occupied()
        await #expect(throws: IPAMError.nothingToRelease(network: pool.network, [address("10.61.0.77")])) {
            _ = try await pool.pool().release([four, address("10.61.0.77")], force: true)
        }
        #expect(try await held(pool) == attached.union(reserved))
    }

    @Test func moreAddressesThanOneReadTakesAreReleased() async throws {
        let pool = try pool()
        let many = (10..<200).map { address("10.61.0.\($0)") }
        try await reserve(pool, many)
        let changes = try await pool.pool().release(many, force: false)
        #expect(changes.count == 190 && changes.allSatisfy { !$0.changedMeanwhile })
        #expect(try await held(pool).isEmpty)
    }

    // MARK: Faults

    @Test func aReservationThatChangedMeanwhileIsLeftAlone() async throws {
        let pool = try pool()
        try await reserve(pool, [four, six])
        let key = pool.keys.reservation(four)
        let store = FaultyStore(
            pool.store(), faults: [.meanwhile { try await pool.put([(key, #"{"for":"default/db-9"}"#)]) }])
        let changes = try await pool.pool(store).release([four, six], force: false)
        #expect(changes.map(\.changedMeanwhile) == [true, false])
        #expect(changes.map { $0.dropped == nil } == [true, false])
        #expect(try await pool.contents()["reservations/10.61.0.9"] == #"{"for":"default/db-9"}"#)
    }

    /// The reservation and the use of an address are released by one transaction: both or none.
    @Test func anAttachmentThatChangedMeanwhileIsLeftAlone() async throws {
        let pool = try await occupied()
        let store = FaultyStore(
            pool.store(),
            faults: [
                .meanwhile {
                    _ = try await pool.pool().delete(reference("c1"))
                    var request = try pool.request("c1", "default/db-0")
                    request.holder.node = "n2"
                    _ = try await pool.pool().add(request)
                }
            ])
        let changes = try await pool.pool(store).release([four], force: true)
        #expect(changes.map(\.changedMeanwhile) == [true])
        #expect(changes.map { $0.dropped == nil && $0.freed == nil } == [true])
        #expect(try await held(pool) == attached.union(reserved))
    }

    @Test(arguments: [FaultyStore.Fault.loseAnswer, .loseRequest])
    func aLostAnswerIsLookedUp(fault: FaultyStore.Fault) async throws {
        let pool = try await occupied()
        let store = FaultyStore(pool.store(), faults: [fault, fault])
        let changes = try await pool.pool(store).release([four, six], force: true)
        #expect(changes.allSatisfy { !$0.changedMeanwhile && $0.dropped != nil && $0.freed != nil }, "\(changes)")
        #expect(try await held(pool).isEmpty)
        #expect(store.remainingFaults == 0)
    }

    /// A person may look at the question for a while: what is freed is what was shown, not who came later.
    @Test func aPlanFreesNobodyWhoCameAfterIt() async throws {
        let pool = try await occupied()
        let plan = try await pool.pool().planRelease(of: [four], force: true)
        _ = try await pool.pool().delete(reference("c1"))
        var request = try pool.request("c2", "default/db-0")
        request.requested = [four]
        _ = try await pool.pool().add(request)
        let changes = try await pool.pool().release(plan)
        #expect(changes.map(\.changedMeanwhile) == [true])
        #expect(try await pool.pool().history(of: four).entry.tenancy?.containerID == "c2")
    }

    @Test func whatIsNoLongerMeantIsPassedOver() async throws {
        let pool = try await occupied()
        let plan = try await pool.pool().planRelease(of: [four, six], force: true) { $0.address == six }
        #expect(plan.addresses == [six])
    }

    @Test func aReleaseByAnotherMeanwhileIsTold() async throws {
        let pool = try pool()
        try await reserve(pool, [four])
        let store = FaultyStore(
            pool.store(),
            faults: [.meanwhile { _ = try await pool.pool().release([address("10.61.0.9")], force: false) }])
        let changes = try await pool.pool(store).release([four], force: false)
        #expect(changes.map(\.changedMeanwhile) == [true])
    }

    /// The plan has read the history. A pod that came and went since then has changed nothing else.
    @Test func aHistoryThatGrewAfterThePlanKeepsItsEntries() async throws {
        let pool = try pool()
        try await reserve(pool, [four])
        let plan = try await pool.pool().planRelease(of: [four], force: false)
        _ = try await pool.pool().add(pool.request("c1", "default/db-0"))
        _ = try await pool.pool().delete(reference("c1"), ending: Ending(.deleted, at: noon, by: "n1"))
        let changes = try await pool.pool().carryOut(plan, ending: Ending(.freed, at: noon, by: "root@admin1"))
        #expect(changes.map(\.changedMeanwhile) == [false])
        let events = try await pool.pool().history(of: four).entries.map(\.event)
        #expect(events == [.released, .deleted, .reserved])
    }
}

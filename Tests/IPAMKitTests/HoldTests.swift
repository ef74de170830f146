import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

@Suite struct HoldTests {
    private let hold = NetworkSettings.Hold(by: "root@admin1", reason: "moving", since: noon.description)

    private func pool(go: Bool = false) async throws -> TestPool {
        let pool = try TestPool([set("10.60.0.0/24")])
        if go {
            try await pool.put([(pool.keys.document, NetworkDocument.serialize(pool.rangeSets))])
        } else {
            _ = try await pool.pool().add(pool.request("c1"))
        }
        return pool
    }

    private func settings(_ pool: TestPool) async throws -> String? { try await pool.contents()["config"] }

    @Test func aHeldNetworkRefusesAddsAndLetsDeletesGo_untilItIsLifted() async throws {
        let pool = try await pool()
        let before = try await settings(pool)
        #expect(try await pool.pool().hold(hold).kind == .held)
        await #expect(throws: IPAMError.onHold(network: pool.network, hold)) {
            _ = try await pool.pool().add(pool.request("c2"))
        }
        #expect(try await pool.pool().delete(reference("c1")) == [address("10.60.0.2")])
        #expect(try await pool.pool().unhold() == HoldChange(kind: .lifted, hold: hold))
        #expect(try await settings(pool) == before)
        #expect(try await pool.pool().add(pool.request("c2")).addresses == [address("10.60.0.3")])
    }

    @Test func again_forTheSameReasonIsUnchanged_forAnotherSaysWhoHoldsIt() async throws {
        let pool = try await pool()
        _ = try await pool.pool().hold(hold)
        let held = try await settings(pool)
        let again = NetworkSettings.Hold(by: "bob@b", reason: "moving", since: "2046-01-01T00:00:00Z")
        #expect(try await pool.pool().hold(again) == HoldChange(kind: .unchanged, hold: hold))
        await #expect(throws: IPAMError.onHold(network: pool.network, hold)) {
            _ = try await pool.pool().hold(.init(by: "bob@b", reason: "other", since: nil))
        }
        #expect(try await settings(pool) == held)
        _ = try await pool.pool().unhold()
        #expect(try await pool.pool().unhold() == HoldChange(kind: .unchanged, hold: nil))
    }

    /// A network without settings may have Go nodes, and goes on having them.
    @Test func settingsOfAGoNetworkAreMade_andUnknownMembersAreKept() async throws {
        let pool = try await pool(go: true)
        let range = range("10.60.0.10-10.60.0.20")
        let set = try set("10.60.0.0/24 - 10.60.0.10-10.60.0.20 10.60.0.64/28,10.60.0.80")
        _ = try await pool.pool().hold(hold, rangeSets: [set])
        let made = try NetworkSettings(stored: #require(try await settings(pool)))
        #expect(made.hasGoNodes && made.hold == hold && made.fixed == [range])
        #expect(made.excluded.map(\.description) == ["10.60.0.64-10.60.0.80"])
        try await pool.put([(pool.keys.settings, #"{"format":1,"goNodes":true,"later":{"a":[1]},"fixed":[]}"#)])
        _ = try await pool.pool().hold(hold)
        #expect(try await settings(pool)?.contains(#""later":{"a":[1]}"#) == true)
        _ = try await pool.pool().unhold()
        #expect(try await settings(pool) == #"{"format":1,"goNodes":true,"later":{"a":[1]},"fixed":[]}"#)
    }

    @Test func anUnknownNetworkIsNotMade() async throws {
        let pool = try TestPool([set("10.60.0.0/24")])
        await #expect(throws: IPAMError.unknownNetwork(pool.network)) { _ = try await pool.pool().hold(hold) }
        await #expect(throws: IPAMError.unknownNetwork(pool.network)) { _ = try await pool.pool().unhold() }
        #expect(try await pool.contents().isEmpty)
    }

    @Test func settingsThatCannotBeReadAreNotOverwritten() async throws {
        let pool = try await pool()
        try await pool.put([(pool.keys.settings, #"{"format":2}"#)])
        await #expect(throws: IPAMError.self) { _ = try await pool.pool().hold(hold) }
        #expect(try await settings(pool) == #"{"format":2}"#)
    }

    @Test(arguments: [FaultyStore.Fault.loseAnswer, .loseRequest])
    func aLostAnswerIsLookedUp(fault: FaultyStore.Fault) async throws {
        let pool = try await pool()
        #expect(try await pool.pool(FaultyStore(pool.store(), faults: [fault])).hold(hold).kind == .held)
        #expect(try await pool.pool(FaultyStore(pool.store(), faults: [fault])).unhold().kind == .lifted)
    }

    @Test func whatAnotherWritesMeanwhileIsKept() async throws {
        let pool = try await pool()
        let store = FaultyStore(
            pool.store(),
            faults: [
                .meanwhile { try await pool.put([(pool.keys.settings, #"{"format":1,"goNodes":true,"fixed":[]}"#)]) }
            ])
        _ = try await pool.pool(store).hold(hold)
        let made = try NetworkSettings(stored: #require(try await settings(pool)))
        #expect(made.hasGoNodes && made.hold == hold)
        let other = FaultyStore(
            pool.store(), faults: [.meanwhile { _ = try await pool.pool().unhold() }])
        #expect(try await pool.pool(other).unhold().kind == .unchanged, "another has lifted it")
    }

    @Test func aDryRunChangesNothing() async throws {
        let pool = try await pool()
        let before = try await pool.contents()
        #expect(try await pool.pool().hold(hold, dryRun: true).kind == .held)
        #expect(try await pool.contents() == before)
    }
}

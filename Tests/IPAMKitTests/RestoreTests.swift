import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// Restoring a network: what is planned, and what it leaves at every moment.
@Suite struct RestoreTests {
    private static let hold = NetworkSettings.Hold(by: "root@a", reason: "restored", since: noon.description)

    private func plan(_ text: String, _ pool: TestPool) async throws -> RestorePlan {
        let (header, entries) = try BackupFileTests.entries(text)
        var rest = entries[...]
        return try await pool.pool().planRestore(of: header) { rest.popFirst() }
    }

    /// Everything but what a restore keeps, and without the hold.
    private func comparable(_ pool: TestPool) async throws -> [String: String] {
        var contents = try await pool.contents().filter {
            !$0.key.hasPrefix("lastReserved/") && !$0.key.hasPrefix("suspects/")
        }
        if let text = contents["config"] {
            var settings = try NetworkSettings(stored: text)
            settings.setHold(nil)
            contents["config"] = settings.serialized()
        }
        return contents
    }

    private func pool(_ count: Int = 4) async throws -> TestPool {
        let pool = try TestPool([set("10.60.0.0/24"), set("fd60::/64")])
        for index in 0..<count { _ = try await pool.pool().add(pool.request("c\(index)", "default/web-\(index)")) }
        let orders = try pool.orders([address("10.60.0.77")], for: "default/db-0")
        _ = try await pool.pool().reserve(orders, rangeSets: pool.rangeSets, now: noon)
        return pool
    }

    @Test func anEmptyStoreGetsEveryKeyAndAHold() async throws {
        let pool = try await pool()
        let text = try await BackupFileTests.text(of: pool)
        let twin = try pool.twinInMemory()
        let plan = try await plan(text, twin)
        #expect(plan.newer.isEmpty && plan.changes.allSatisfy { $0.action == .add })
        #expect(try await twin.pool().carryOut(plan, hold: Self.hold).isEmpty)
        var expected = try await pool.contents()
        let config = try NetworkSettings(stored: try #require(try await twin.contents()["config"]))
        #expect(config.hold == Self.hold)
        expected["config"] = try await twin.contents()["config"]
        #expect(try await twin.contents() == expected)
        #expect(try await comparable(twin) == comparable(pool))
        #expect(try await self.plan(text, twin).isEmpty)
        await #expect(throws: IPAMError.onHold(network: pool.network, Self.hold)) {
            _ = try await twin.pool().add(twin.request("c9"))
        }
    }

    @Test func whatIsNewerIsNamed_keptTogether_orOverwritten() async throws {
        let pool = try await pool()
        let text = try await BackupFileTests.text(of: pool)
        let before = try await comparable(pool)
        // A pod came, a pod went and its address was given again, and a key was lost.
        let came = try await pool.pool().add(pool.request("c9", "default/new-0")).addresses
        _ = try await pool.pool().delete(reference("c1"))
        try await pool.put([(pool.keys.used(address("10.60.0.3")), "c8")])
        _ = try await pool.store().commit(
            Transaction(if: [], then: [.delete(KeyRange(pool.keys.reservation(address("10.60.0.77"))))]),
            deadline: .now + .seconds(60))
        let plan = try await plan(text, pool)
        let newer = Set(plan.newer.map { String($0.key.text.dropFirst(pool.keys.document.text.count + 1)) })
        #expect(newer == Set(came.map { "used/\($0)" } + ["attachments/c9/eth0", "used/10.60.0.3"]))

        // The attachment of c1 is not restored either: another container has its address.
        let kept = plan.keepingNewer
        #expect(kept.newer.isEmpty && kept.changes.allSatisfy { $0.action == .add })
        #expect(kept.changes.map(\.kind) == [.reservation])

        let store = FaultyStore(pool.store())
        #expect(try await pool.pool(store).carryOut(plan, hold: Self.hold).isEmpty)
        #expect(try await comparable(pool) == before)
    }

    @Test func theLockHistoriesAndCursorsStay_andSuspectsOfChangedHoldersGo() async throws {
        let pool = try await pool()
        let text = try await BackupFileTests.text(of: pool)
        let history = pool.keys.history(address("10.60.0.77"))
        let cursor = pool.keys.cursor(rangeSet: 0)
        let stays: [(Key, String)] = [(pool.keys.lock, "123"), (history, "[]"), (cursor, "10.60.0.200")]
        try await pool.put(
            stays + [
                (pool.keys.used(address("10.60.0.2")), "other"),
                (pool.keys.suspect(address("10.60.0.2")), #"{"revision":3,"since":"2026-11-23T02:00:00Z"}"#),
                (pool.keys.suspect(address("10.60.0.4")), #"{"revision":3,"since":"2026-11-23T02:00:00Z"}"#),
            ])
        _ = try await pool.pool().carryOut(try await plan(text, pool), hold: Self.hold)
        for (key, value) in stays {
            let record = try await pool.store().read([Read(key)], deadline: .now + .seconds(60)).results[0].records
            #expect(record.map(\.value) == [value], "\(key)")
        }
        let contents = try await pool.contents()
        #expect(contents["suspects/10.60.0.2"] == nil && contents["suspects/10.60.0.4"] != nil)
        #expect(contents["used/10.60.0.2"] == "c0")
    }

    @Test func aHoldOfAnOperatorStaysAsItIs() async throws {
        let pool = try await pool()
        let text = try await BackupFileTests.text(of: pool)
        let moving = NetworkSettings.Hold(by: "bob@b", reason: "moving", since: noon.description)
        _ = try await pool.pool().hold(moving)
        _ = try await pool.pool().delete(reference("c1"))
        let plan = try await plan(text, pool)
        #expect(plan.settings.isEmpty && plan.hold == moving)
        #expect(try await pool.pool().carryOut(plan, hold: Self.hold).isEmpty)
        #expect(try NetworkSettings(stored: try #require(try await pool.contents()["config"])).hold == moving)
    }

    @Test func aChangeAfterThePlanIsLeftAlone() async throws {
        let pool = try await pool()
        let text = try await BackupFileTests.text(of: pool)
        try await pool.put([(pool.keys.used(address("10.60.0.2")), "other")])
        _ = try await pool.pool().delete(reference("c1"))
        let plan = try await plan(text, pool)
        try await pool.put([(pool.keys.used(address("10.60.0.2")), "third")])
        let outdated = try await pool.pool().carryOut(plan, hold: Self.hold)
        #expect(outdated.map(\.key) == [pool.keys.used(address("10.60.0.2"))])
        let contents = try await pool.contents()
        #expect(contents["used/10.60.0.2"] == "third" && contents["used/10.60.0.3"] == "c1")

        // The settings have changed: nothing is done.
        _ = try await pool.pool().delete(reference("c2"))
        let second = try await self.plan(text, pool)
        _ = try await pool.pool().unhold()
        let now = try await pool.contents()
        await #expect(throws: IPAMError.outdated(network: pool.network, [])) {
            _ = try await pool.pool().carryOut(second, hold: Self.hold)
        }
        #expect(try await pool.contents() == now)
    }

    @Test func lostAnswersDoNotMatter() async throws {
        let pool = try await pool(60)
        let text = try await BackupFileTests.text(of: pool)
        let twin = try pool.twinInMemory()
        let store = FaultyStore(twin.store(), faults: [.loseAnswer, .loseRequest, .loseAnswer, .loseRequest])
        #expect(try await twin.pool(store).carryOut(try await plan(text, twin), hold: Self.hold).isEmpty)
        #expect(store.remainingFaults == 0)
        #expect(try await comparable(twin) == comparable(pool))
    }

    /// 300 containers have exchanged their addresses in a circle: all of them belong together.
    @Test func moreThanOneTransactionTakesIsRestoredInSteps() async throws {
        let pool = try await pool(0)
        func world(_ shift: Int) -> [(Key, String)] {
            (0..<300).flatMap { index -> [(Key, String)] in
                let four = "10.60.\(index / 200).\(index % 200 + 2)"
                let six = "fd60::\(String((index + shift) % 300 + 2, radix: 16))"
                let attachment = #"{"addresses":["\#(four)","\#(six)"],"fixed":false}"#
                return [
                    (Key("\(pool.keys.attachmentsPrefix)c\(index)/eth0"), attachment),
                    (pool.keys.used(address(four)), "c\(index)"), (pool.keys.used(address(six)), "c\(index)"),
                ]
            }
        }
        try await pool.put(world(0))
        let text = try await BackupFileTests.text(of: pool)
        let before = try await comparable(pool)
        try await pool.put(world(1))
        let plan = try await plan(text, pool)
        #expect(plan.units.count == 1 && plan.changes.count == 600)
        #expect(try await pool.pool().carryOut(plan, hold: Self.hold).isEmpty)
        #expect(try await comparable(pool).filter { $0.key != "config" } == before)
    }

    // MARK: Any state, at any moment

    /// What is wrong with a keyspace: an address of an attachment that is not used by its container, or that two have.
    private func problems(_ contents: [String: String]) -> [String] {
        var problems: [String] = []
        var holders: [String: String] = [:]
        for (key, value) in contents where key.hasPrefix("attachments/") {
            let container = String(key.split(separator: "/")[1])
            guard let attachment = try? Attachment(stored: value) else {
                problems.append("\(key) is damaged")
                continue
            }
            for address in attachment.addresses.map(\.description) {
                if contents["used/\(address)"] != container {
                    problems.append("\(address) of \(key) is not used by it")
                }
                if let other = holders.updateValue(key, forKey: address) {
                    problems.append("\(address) has two holders: \(key), \(other)")
                }
            }
        }
        return problems
    }

    private func live(_ pool: TestPool, _ steps: Int, _ generator: inout SeededGenerator) async throws {
        for _ in 0..<steps {
            let container = "c\(Int.random(in: 0..<12, using: &generator))"
            if Int.random(in: 0..<3, using: &generator) == 0 {
                _ = try await pool.pool().delete(reference(container))
            } else {
                // The pool may be full.
                _ = try? await pool.pool().add(pool.request(container, "default/\(container)"))
            }
        }
    }

    /// A restore that a full store, or a change of the settings, may stop.
    private func carryOutOrStop(_ plan: RestorePlan, _ pool: AddressPool) async throws {
        let result: Result<[RestoreChange], IPAMError>
        do throws(IPAMError) {
            result = .success(try await pool.carryOut(plan, hold: Self.hold))
        } catch {
            result = .failure(error)
        }
        guard case .failure(let error) = result else { return }
        switch error {
        case .store(.full), .outdated: return
        default: throw error
        }
    }

    /// Pods come and go before the plan, between the plan and its transactions, and in between; it is stopped, and run again.
    @Test(arguments: (0..<UInt64(Repetitions.of(12))).map { 7 + $0 }, [false, true])
    func whatIsConsistentStaysSo_whilePodsComeAndGo(seed: UInt64, keepsNewer: Bool) async throws {
        var generator = SeededGenerator(seed: seed)
        let pool = try TestPool([
            set("10.61.0.0/28 10.61.0.2-10.61.0.12"), set("fd61::/64 fd61::2-fd61::c"),
        ])
        try await live(pool, 20, &generator)
        let text = try await BackupFileTests.text(of: pool)
        try await live(pool, 20, &generator)
        let start = try await pool.store().read([Read(Key("/"))], deadline: .now + .seconds(60)).revision
        for round in 0..<4 {
            var plan = try await plan(text, pool)
            if keepsNewer { plan = plan.keepingNewer }
            let doomed = "c\(Int.random(in: 0..<12, using: &generator))"
            let late = FaultyStore.Fault.meanwhile { _ = try await pool.pool().delete(reference(doomed)) }
            // Ends the restore before one of its transactions.
            let faults: [FaultyStore.Fault] = round < 3 ? [late, late, .full] : []
            let store = FaultyStore(pool.store(), faults: faults)
            try await carryOutOrStop(plan, pool.pool(store))
        }
        let end = try await pool.store().read([Read(Key("/"))], deadline: .now + .seconds(60)).revision
        for revision in start...end {
            let problems = problems(try await pool.contents(at: revision))
            #expect(problems.isEmpty, "\(generator) revision \(revision): \(problems)")
        }
        if !keepsNewer {
            let (_, entries) = try BackupFileTests.entries(text)
            let used = entries.filter { $0.key.text.hasPrefix(pool.keys.usedPrefix) }.count
            #expect(try await pool.contents().keys.count { $0.hasPrefix("used/") } == used, "\(generator)")
        }
    }
}

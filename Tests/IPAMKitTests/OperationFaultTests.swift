import Synchronization
import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

@Suite struct OperationFaultTests {
    private func pool() throws -> TestPool { try TestPool([set("10.62.0.0/24"), set("fd62::/64")]) }

    @Test func anUncontendedAddIsOneReadAndOneCommit_andADeleteLikewise() async throws {
        let pool = try pool()
        for (index, name) in ["default/db-0", nil].enumerated() {
            let store = FaultyStore(pool.store())
            _ = try await pool.pool(store).add(pool.request("c\(index)", name))
            #expect((store.reads, store.commits) == (1, 1))
        }
        for index in 0..<2 {
            let store = FaultyStore(pool.store())
            #expect(try await pool.pool(store).delete(reference("c\(index)")).count == 2)
            #expect((store.reads, store.commits) == (1, 1))
        }
        let unknown = FaultyStore(pool.store())
        #expect(try await pool.pool(unknown).delete(reference("c0")).isEmpty)
        #expect((unknown.reads, unknown.commits) == (1, 0))
    }

    @Test(arguments: [FaultyStore.Fault.loseAnswer, .loseRequest], 1...3)
    func anAddWhoseAnswersAreLostIsDoneOnce(fault: FaultyStore.Fault, count: Int) async throws {
        let pool = try pool()
        let store = FaultyStore(pool.store(), faults: Array(repeating: fault, count: count))
        let given = try await pool.pool(store).add(pool.request("c1", "default/db-0")).addresses
        #expect(given.count == 2)
        let contents = try await pool.contents()
        #expect(
            contents.filter { $0.key.hasPrefix("used/") }
                == Dictionary(uniqueKeysWithValues: given.map { ("used/\($0)", "c1") }))
        #expect(contents.keys.filter { $0.hasPrefix("attachments/") } == ["attachments/c1/eth0"])
        #expect(try await pool.pool().add(pool.request("c1", "default/db-0")).addresses == given)
    }

    @Test(arguments: [FaultyStore.Fault.loseAnswer, .loseRequest])
    func aDeleteWhoseAnswerIsLostIsDone(fault: FaultyStore.Fault) async throws {
        let pool = try pool()
        _ = try await pool.pool().add(pool.request("c1", "default/db-0"))
        _ = try await pool.pool().add(pool.request("c2", "default/db-1"))
        let store = FaultyStore(pool.store(), faults: [fault])
        _ = try await pool.pool(store).delete(reference("c1"))
        let contents = try await pool.contents()
        #expect(!contents.values.contains("c1") && contents["attachments/c1/eth0"] == nil)
        #expect(contents.values.filter { $0 == "c2" }.count == 2)
    }

    /// A store that cannot be asked any more cannot say either whether the change was made.
    @Test func aLostAnswerStaysALostAnswerIfTheStoreIsGoneAfterIt() async throws {
        let pool = try pool()
        let store = FaultyStore(pool.store(), faults: [.loseAnswerAndGoAway])
        let result = await #expect(throws: IPAMError.self) {
            try await pool.pool(store).add(pool.request("c1", "default/db-0"))
        }
        #expect(
            result.map { if case .store(.outcomeUnknown) = $0 { true } else { false } } == true,
            "\(String(describing: result))")
        #expect(try await pool.contents().keys.contains("attachments/c1/eth0"), "it was made")
    }

    @Test func aLostAnswerStaysALostAnswerIfTheTaskIsCancelled() async throws {
        let pool = try pool()
        let store = FaultyStore(pool.store(), faults: [.loseAnswerAndCancel])
        let task = Task { try await pool.pool(store).add(pool.request("c1", "default/db-0")) }
        let result = await #expect(throws: IPAMError.self) { try await task.value }
        #expect(
            result.map { if case .store(.outcomeUnknown) = $0 { true } else { false } } == true,
            "\(String(describing: result))")
    }

    @Test func anAddressReservedBetweenReadAndCommitIsNotGivenOut() async throws {
        let pool = try pool()
        let next = address("10.62.0.2")
        let store = FaultyStore(
            pool.store(),
            faults: [
                .meanwhile {
                    _ = try await pool.pool().reserve(
                        pool.orders([next], for: "default/db-9"), rangeSets: pool.rangeSets, now: noon)
                }
            ])
        let given = try await pool.pool(store).add(pool.request("c1", "default/db-0"))
        #expect(!given.addresses.contains(next))
    }

    @Test func aReservationForThePodMadeBetweenReadAndCommitIsHonoured() async throws {
        let pool = try pool()
        let kept = address("10.62.0.77")
        let store = FaultyStore(
            pool.store(),
            faults: [
                .meanwhile {
                    _ = try await pool.pool().reserve(
                        pool.orders([kept], for: "default/sts/db"), rangeSets: pool.rangeSets, now: noon)
                }
            ])
        let given = try await pool.pool(store).add(pool.request("c1", "default/db-0"))
        #expect(given.addresses.first == kept)
    }

    /// Freed by force between the reads of a repeated ADD, and given to another: the ADD gets another address.
    @Test func aRepeatedAddWhoseAddressWasFreedMeanwhileStartsAgain() async throws {
        let pool = try pool()
        _ = try await pool.pool().add(pool.request("c1", "default/db-0"))
        let given = try await pool.pool(DeletingStore(pool, andGiving: address("10.62.0.2")))
            .add(pool.request("c1", "default/db-0"))
        #expect(given.addresses.first != address("10.62.0.2"))
        #expect(try await pool.contents()["used/10.62.0.2"] == "c9")
    }

    @Test func theLookAndItsAttachmentsAreOfOneRevision() async throws {
        let pool = try pool()
        _ = try await pool.pool().add(pool.request("c1", "default/db-0"))
        let seen = try await pool.pool(DeletingStore(pool)).history(of: address("10.62.0.2")).entry
        #expect(seen.tenancy?.holder.pod == pod("default/db-0"), "not a container that nobody knows")
    }

    /// Deletes c1 between the first and the second read, and gives an address of it to c9.
    private final class DeletingStore: Store {
        private let pool: TestPool
        private let real: any Store
        private let given: IPAddress?
        private let isDone = Mutex(false)

        init(_ pool: TestPool, andGiving given: IPAddress? = nil) {
            self.pool = pool
            self.given = given
            real = pool.store()
        }

        func read(_ reads: [Read], at revision: Revision?, deadline: ContinuousClock.Instant)
            async throws(StoreError) -> Snapshot
        {
            let snapshot = try await real.read(reads, at: revision, deadline: deadline)
            let isFirst = isDone.withLock { isDone in
                defer { isDone = true }
                return !isDone
            }
            guard isFirst else { return snapshot }
            do {
                _ = try await pool.pool().delete(reference("c1"))
                guard let given else { return snapshot }
                var request = try pool.request("c9", nil)
                request.requested = [given]
                _ = try await pool.pool().add(request)
            } catch {
                throw .refused("\(error)")
            }
            return snapshot
        }

        func commit(_ transaction: Transaction, deadline: ContinuousClock.Instant) async throws(StoreError) -> Commit {
            try await real.commit(transaction, deadline: deadline)
        }

        func waitUntilAbsent(_ key: Key, after revision: Revision, deadline: ContinuousClock.Instant)
            async throws(StoreError)
        {
            try await real.waitUntilAbsent(key, after: revision, deadline: deadline)
        }

        func waitForChange(of keys: [Key], after revision: Revision, deadline: ContinuousClock.Instant)
            async throws(StoreError)
        {
            try await real.waitForChange(of: keys, after: revision, deadline: deadline)
        }

        func changes(in range: KeyRange, after revision: Revision) -> ChangeFeed {
            real.changes(in: range, after: revision)
        }
    }
}

import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// The store in memory does what etcd does: the same random transactions, with the same outcomes and contents.
@Suite(.needs(.etcd)) struct MemoryStoreTests {
    private let deadline = ContinuousClock.now + .seconds(60)
    private let keys = (0..<6).map { Key("/p/\($0)") }

    /// A pool on an etcd of its own, which ends with it.
    private func etcd(_ version: EtcdServer.Version) async throws -> TestPool {
        try TestPool([set("10.81.0.0/24")], on: try await EtcdServer.start(version: version))
    }

    @Test(arguments: EtcdServer.Version.allCases)
    func randomTransactionsHaveTheSameOutcomeAsOnEtcd(version: EtcdServer.Version) async throws {
        var generator = SeededGenerator()
        let etcd = try await etcd(version)
        let real = etcd.store()
        let memory = MemoryStore()
        var revisions: [Revision] = [1]
        for step in 0..<400 {
            let transaction = Self.transaction(keys, revisions, depth: 0, used: Used(), &generator)
            let expected = try await real.commit(transaction, deadline: deadline)
            let found = try await memory.commit(transaction, deadline: deadline)
            try #require(found == expected, "seed \(generator.seed), step \(step): \(transaction)")
            revisions.append(expected.revision)
            let reads = [
                Read(KeyRange(prefix: "/p/")), Read(KeyRange(prefix: "/p/"), .keys, limit: 2),
                Read(KeyRange(prefix: "/p/"), .count), Read(KeyRange(from: keys[1], to: keys[4])), Read(keys[2]),
            ]
            for revision in [nil, revisions.randomElement(using: &generator)] {
                let now = try await real.read(reads, at: revision, deadline: deadline)
                try #require(
                    try await memory.read(reads, at: revision, deadline: deadline) == now,
                    "seed \(generator.seed), step \(step), revision \(revision ?? 0)")
            }
        }
        // The feeds tell the same of all that.
        let last = try #require(revisions.last)
        var expected: [ChangeBatch] = []
        for try await case .changes(let batch) in real.changes(in: KeyRange(prefix: "/p/"), after: 1) {
            expected.append(batch)
            if batch.revision == last { break }
        }
        var found: [ChangeBatch] = []
        for try await case .changes(let batch) in memory.changes(in: KeyRange(prefix: "/p/"), after: 1) {
            found.append(batch)
        }
        #expect(found == expected, "seed \(generator.seed)")
        withExtendedLifetime(etcd) {}
    }

    private enum Verdict { case taken, refused, tooLarge }

    private func verdict(on transaction: Transaction, by store: any Store) async throws -> Verdict {
        do {
            _ = try await store.commit(transaction, deadline: deadline)
            return .taken
        } catch StoreError.refused {
            return .refused
        } catch StoreError.tooLarge {
            return .tooLarge
        }
    }

    /// Keys that are put twice, or put and deleted: whether etcd takes that depends on where in the transaction it is.
    @Test(arguments: EtcdServer.Version.allCases)
    func aKeyIsNotChangedTwiceWhereEtcdDoesNotTakeIt(version: EtcdServer.Version) async throws {
        var generator = SeededGenerator()
        let etcd = try await etcd(version)
        let real = etcd.store()
        let memory = MemoryStore()
        var verdicts: [Verdict: Int] = [:]
        for step in 0..<800 {
            let transaction = Self.transaction(Array(keys.prefix(2)), [1], depth: 0, used: nil, &generator)
            let expected = try await verdict(on: transaction, by: real)
            verdicts[expected, default: 0] += 1
            #expect(
                try await verdict(on: transaction, by: memory) == expected,
                "seed \(generator.seed), step \(step): \(transaction)")
        }
        #expect(verdicts[.taken, default: 0] > 40 && verdicts[.refused, default: 0] > 40, "\(verdicts)")
        withExtendedLifetime(etcd) {}
    }

    @Test(arguments: EtcdServer.Version.allCases)
    func whatIsTooWideOrTooLargeForEtcdIsRefused(version: EtcdServer.Version) async throws {
        let etcd = try await etcd(version)
        let real = etcd.store()
        let memory = MemoryStore()
        func chain(_ depth: Int) -> Transaction {
            Transaction(if: [.absent(Key("/a"))], then: depth == 1 ? [] : [.transaction(chain(depth - 1))])
        }
        func puts(_ count: Int) -> Transaction {
            Transaction(if: [], then: [], else: (0..<count).map { .put(Key("/b/\($0)"), "") })
        }
        func value(_ bytes: Int) -> Transaction {
            Transaction(if: [], then: [.put(Key("/c"), String(repeating: "x", count: bytes))])
        }
        let cases: [(Transaction, Verdict)] = [
            (chain(128), .taken), (chain(129), .tooLarge), (puts(128), .taken), (puts(129), .tooLarge),
            (value(Transaction.maximumBytes - 1_000), .taken), (value(Transaction.maximumBytes), .tooLarge),
        ]
        for (index, (transaction, expected)) in cases.enumerated() {
            #expect(try await verdict(on: transaction, by: real) == expected, "etcd, case \(index)")
            #expect(try await verdict(on: transaction, by: memory) == expected, "memory, case \(index)")
        }
        withExtendedLifetime(etcd) {}
    }

    @Test(arguments: EtcdServer.Version.allCases)
    func aWaitEndsAtOnceIfItHasHappenedAlready(version: EtcdServer.Version) async throws {
        let key = Key("/a")
        let etcd = try await etcd(version)
        let stores: [any Store] = [etcd.store(), MemoryStore()]
        for store in stores {
            let put = try await store.commit(Transaction(if: [], then: [.put(key, "1")]), deadline: deadline)
            await #expect(throws: StoreError.self) {
                try await store.waitForChange(of: [key], after: put.revision, deadline: .now + .milliseconds(50))
            }
            await #expect(throws: StoreError.self) {
                try await store.waitUntilAbsent(key, after: put.revision, deadline: .now + .milliseconds(50))
            }
            _ = try await store.commit(Transaction(if: [], then: [.delete(KeyRange(key))]), deadline: deadline)
            try await store.waitForChange(of: [Key("/b"), key], after: put.revision, deadline: deadline)
            try await store.waitUntilAbsent(key, after: put.revision, deadline: deadline)
        }
        withExtendedLifetime(etcd) {}
    }

    /// Keys that are changed already: etcd takes none twice.
    private final class Used {
        var keys: Set<Key> = []
    }

    /// - Parameter used: nil lets keys be changed twice.
    private static func transaction(
        _ keys: [Key], _ revisions: [Revision], depth: Int, used: Used?, _ generator: inout SeededGenerator
    ) -> Transaction {
        func key() -> Key { keys.randomElement(using: &generator) ?? keys[0] }
        func condition() -> Guard {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: .absent(key())
            case 1: .unchanged(key(), revisions.suffix(8).randomElement(using: &generator) ?? 1)
            case 2: .value(key(), equals: String(Int.random(in: 0..<3, using: &generator)))
            default:
                .noneNewer(KeyRange(prefix: "/p/"), than: revisions.suffix(3).randomElement(using: &generator) ?? 1)
            }
        }
        func operations() -> [Operation] {
            (0..<Int.random(in: 0..<3, using: &generator)).compactMap { _ in
                let key = key()
                switch Int.random(in: 0..<4, using: &generator) {
                case 0 where used?.keys.insert(key).inserted ?? true:
                    return .put(key, String(Int.random(in: 0..<3, using: &generator)))
                case 1 where used == nil && Bool.random(using: &generator):
                    return .delete(KeyRange(from: key, to: keys[keys.count - 1]))
                case 1 where used?.keys.insert(key).inserted ?? true: return .delete(KeyRange(key))
                case 2 where depth < 2:
                    return .transaction(transaction(keys, revisions, depth: depth + 1, used: used, &generator))
                default: return .read(Read(key))
                }
            }
        }
        return Transaction(
            if: (0..<Int.random(in: 0..<3, using: &generator)).map { _ in condition() }, then: operations(),
            else: operations())
    }
}

import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// The store in memory does what etcd does: the same random transactions, with the same outcomes and contents.
@Suite struct MemoryStoreTests {
    @Test(arguments: EtcdServer.Version.allCases)
    func randomTransactionsHaveTheSameOutcomeAsOnEtcd(version: EtcdServer.Version) async throws {
        var generator = SeededGenerator()
        let etcd = try await EtcdServer.start(version: version)
        let pool = try EtcdPool([set("10.81.0.0/24")], on: etcd)
        let real = pool.store()
        let memory = MemoryStore()
        let deadline = ContinuousClock.now + .seconds(60)
        let keys = (0..<6).map { Key("/p/\($0)") }
        var revisions: [Revision] = [1]
        for step in 0..<400 {
            let transaction = Self.transaction(keys, revisions, depth: 0, used: Used(), &generator)
            let expected = try await real.commit(transaction, deadline: deadline)
            let found = try await memory.commit(transaction, deadline: deadline)
            try #require(found == expected, "seed \(generator.seed), step \(step): \(transaction)")
            revisions.append(expected.revision)
            let reads = [
                Read(KeyRange(prefix: "/p/")), Read(KeyRange(prefix: "/p/"), .keys, limit: 2),
                Read(KeyRange(prefix: "/p/"), .count),
            ]
            let now = try await real.read(reads, at: nil, deadline: deadline)
            try #require(
                try await memory.read(reads, at: nil, deadline: deadline) == now, "seed \(generator.seed), step \(step)"
            )
        }
    }

    /// Keys that are changed already: etcd takes none twice.
    private final class Used {
        var keys: Set<Key> = []
    }

    private static func transaction(
        _ keys: [Key], _ revisions: [Revision], depth: Int, used: Used, _ generator: inout SeededGenerator
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
                case 0 where used.keys.insert(key).inserted:
                    return .put(key, String(Int.random(in: 0..<3, using: &generator)))
                case 1 where used.keys.insert(key).inserted: return .delete(KeyRange(key))
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

import Synchronization

@testable import Store

/// A store in memory with etcd's semantics, for properties that take thousands of runs. `MemoryStoreTests` compares it with
/// etcd itself.
final class MemoryStore: Store {
    private struct State {
        var revision: Revision = 1
        var records: [Key: Record] = [:]
        var history: [Revision: [Key: Record]] = [:]
    }

    private let state = Mutex(State())

    func read(_ reads: [Read], at revision: Revision?, deadline: ContinuousClock.Instant) async throws(StoreError)
        -> Snapshot
    {
        let (now, records) = state.withLock { state in
            (state.revision, revision.flatMap { $0 == state.revision ? nil : state.history[$0] } ?? state.records)
        }
        return Snapshot(revision: now, results: reads.map { Self.answer($0, records) })
    }

    private static func answer(_ read: Read, _ records: [Key: Record]) -> ReadResult {
        let found =
            read.range.end == nil
            ? records[read.range.start].map { [$0] } ?? []
            : records.values.filter { read.range.contains($0.key) }.sorted { $0.key < $1.key }
        switch read.content {
        case .count: return ReadResult(records: [], count: found.count)
        case .records: return ReadResult(records: Array(found.prefix(read.limit ?? found.count)), count: found.count)
        case .keys:
            let keys = found.prefix(read.limit ?? found.count).map {
                Record(key: $0.key, value: "", created: $0.created, modified: $0.modified, lease: $0.lease)
            }
            return ReadResult(records: Array(keys), count: found.count)
        }
    }

    func commit(_ transaction: Transaction, deadline: ContinuousClock.Instant) async throws(StoreError) -> Commit {
        guard transaction.width <= Transaction.maximumWidth else { throw .tooLarge("the transaction is too wide") }
        return state.withLock { state in
            let before = state.records
            let next = state.revision + 1
            var changed = false
            let outcome = Self.run(transaction, before, &state.records, at: next, &changed)
            if changed {
                state.history[state.revision] = before
                state.revision = next
            }
            return Self.stamped(outcome, state.revision)
        }
    }

    /// All guards see `before`, however deep they are.
    private static func run(
        _ transaction: Transaction, _ before: [Key: Record], _ records: inout [Key: Record], at revision: Revision,
        _ changed: inout Bool
    ) -> Commit {
        let holds = transaction.guards.allSatisfy { Self.holds($0, before) }
        var results: [OperationResult] = []
        for operation in holds ? transaction.then : transaction.otherwise {
            switch operation {
            case .put(let key, let value):
                let created = records[key]?.created ?? revision
                records[key] = Record(key: key, value: value, created: created, modified: revision)
                changed = true
                results.append(.put)
            case .delete(let range):
                let keys = records.keys.filter { range.contains($0) }
                for key in keys { records[key] = nil }
                changed = changed || !keys.isEmpty
                results.append(.deleted(count: keys.count))
            case .read(let read): results.append(.read(answer(read, records)))
            case .transaction(let inner):
                results.append(.transaction(run(inner, before, &records, at: revision, &changed)))
            }
        }
        return Commit(revision: 0, succeeded: holds, results: results)
    }

    private static func holds(_ condition: Guard, _ records: [Key: Record]) -> Bool {
        switch condition {
        case .absent(let key): records[key] == nil
        case .unchanged(let key, let revision): records[key]?.modified == revision
        case .value(let key, let value): records[key]?.value == value
        case .noneNewer(let range, let revision):
            records.values.allSatisfy { !range.contains($0.key) || $0.modified <= revision }
        }
    }

    private static func stamped(_ commit: Commit, _ revision: Revision) -> Commit {
        Commit(
            revision: revision, succeeded: commit.succeeded,
            results: commit.results.map { result in
                if case .transaction(let inner) = result { .transaction(stamped(inner, revision)) } else { result }
            })
    }

    /// Nobody follows what is not tested here: a feed that ends at once.
    func changes(in range: KeyRange, after revision: Revision) -> ChangeFeed {
        ChangeFeed { nil }
    }

    func waitUntilAbsent(_ key: Key, after revision: Revision, deadline: ContinuousClock.Instant)
        async throws(StoreError)
    {
        throw .deadlineExceeded("\(key) was still there at the deadline")
    }

    func waitForChange(of keys: [Key], after revision: Revision, deadline: ContinuousClock.Instant)
        async throws(StoreError)
    {
        throw .deadlineExceeded("\(keys) had not changed by the deadline")
    }
}

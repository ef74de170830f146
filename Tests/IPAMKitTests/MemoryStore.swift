import Glibc
import Synchronization

@testable import Store

/// A store in memory with etcd's semantics and limits, for tests that need no etcd. `MemoryStoreTests` compares it with
/// etcd itself.
///
/// Nothing really waits in memory: a wait whose condition does not hold yet lets the test's clock go on, and ends as at its
/// deadline unless something was planned before that. A feed of changes ends with the last one that was made.
final class MemoryStore: Store {
    private let contents: Mutex<MemoryContents>
    private let clock: TestClock

    init(clock: TestClock = TestClock()) {
        self.clock = clock
        contents = Mutex(MemoryContents())
    }

    /// A store of its own that begins with all that `other` has, its former revisions included.
    init(copying other: MemoryStore) {
        clock = TestClock()
        contents = Mutex(other.contents.withLock { $0 })
    }

    /// The newest revision.
    var revision: Revision { contents.withLock { $0.revision } }

    /// All records, by their keys.
    var records: [Key: Record] { contents.withLock { $0.records } }

    /// What the newest revision changed; nil if nothing was ever changed.
    var lastBatch: ChangeBatch? { contents.withLock { $0.batches.last } }

    /// Whether `key`, which existed at `revision`, has been deleted since.
    func isAbsent(_ key: Key, after revision: Revision) -> Bool {
        contents.withLock { $0.isAbsent(key, after: revision) }
    }

    /// Whether one of `keys` has been put or deleted after `revision`.
    func hasChanged(_ keys: [Key], after revision: Revision) -> Bool {
        contents.withLock { contents in keys.contains { contents.hasChanged($0, since: revision) } }
    }

    func read(_ reads: [Read], at revision: Revision?, deadline: ContinuousClock.Instant) async throws(StoreError)
        -> Snapshot
    {
        // Other tasks may come in between, as while etcd is asked.
        await Task.yield()
        return contents.withLock { contents in
            Snapshot(revision: contents.revision, results: reads.map { contents.answer($0, at: revision) })
        }
    }

    func commit(_ transaction: Transaction, deadline: ContinuousClock.Instant) async throws(StoreError) -> Commit {
        try transaction.requireWithinLimits()
        await Task.yield()
        return contents.withLock { $0.commit(transaction) }
    }

    func changes(in range: KeyRange, after revision: Revision) -> ChangeFeed {
        let last = Mutex(revision)
        return ChangeFeed { [self] in
            last.withLock { last in
                for batch in contents.withLock({ $0.batches }) where batch.revision > last {
                    last = batch.revision
                    let changes = batch.changes.filter { range.contains($0.key) }
                    if !changes.isEmpty { return .changes(ChangeBatch(revision: batch.revision, changes: changes)) }
                }
                return nil
            }
        }
    }

    func waitUntilAbsent(_ key: Key, after revision: Revision, deadline: ContinuousClock.Instant)
        async throws(StoreError)
    {
        guard await wait(until: deadline, for: { $0.isAbsent(key, after: revision) }) else {
            throw .deadlineExceeded("\(key) was still there at the deadline")
        }
    }

    func waitForChange(of keys: [Key], after revision: Revision, deadline: ContinuousClock.Instant)
        async throws(StoreError)
    {
        guard
            await wait(until: deadline, for: { contents in keys.contains { contents.hasChanged($0, since: revision) } })
        else { throw .deadlineExceeded("\(keys) had not changed by the deadline") }
    }

    /// False if the deadline has come first.
    private func wait(until deadline: ContinuousClock.Instant, for condition: (MemoryContents) -> Bool) async -> Bool {
        repeat {
            if contents.withLock({ condition($0) }) { return true }
        } while await clock.goOn(until: deadline)
        return false
    }
}

/// The keys of a ``MemoryStore`` as they are, and as they were at each revision.
private struct MemoryContents {
    /// What a key had until a revision changed it; nil if it was not there.
    private struct Former {
        let until: Revision
        let record: Record?
    }

    private(set) var revision: Revision = 1
    private(set) var records: [Key: Record] = [:]
    /// All changes, one batch for each revision.
    private(set) var batches: [ChangeBatch] = []
    /// In their order.
    private var keys: [Key] = []
    /// By key, oldest first.
    private var formers: [Key: [Former]] = [:]

    func hasChanged(_ key: Key, since revision: Revision) -> Bool {
        formers[key]?.last.map { $0.until > revision } ?? false
    }

    func isAbsent(_ key: Key, after revision: Revision) -> Bool {
        records[key].map { $0.created > revision } ?? true
    }

    // MARK: Reading

    func answer(_ read: Read, at revision: Revision?) -> ReadResult {
        let found =
            if let revision, revision < self.revision { records(in: read.range, at: revision) } else {
                records(in: read.range)
            }
        if read.content == .count { return ReadResult(records: [], count: found.count) }
        var some = Array(found.prefix(read.limit ?? found.count))
        if read.content == .keys {
            some = some.map {
                Record(key: $0.key, value: "", created: $0.created, modified: $0.modified, lease: $0.lease)
            }
        }
        return ReadResult(records: some, count: found.count)
    }

    private func records(in range: KeyRange) -> [Record] {
        guard let end = range.end else { return records[range.start].map { [$0] } ?? [] }
        return keys[index(of: range.start)..<max(index(of: range.start), index(of: end))].compactMap { records[$0] }
    }

    private func records(in range: KeyRange, at revision: Revision) -> [Record] {
        Set(keys).union(formers.keys).filter { range.contains($0) }.sorted().compactMap { key in
            if let former = formers[key]?.first(where: { $0.until > revision }) { former.record } else { records[key] }
        }
    }

    /// Where the key is in ``keys``, or would be.
    private func index(of key: Key) -> Int {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle].precedes(key) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: Changing

    /// The branches of a transaction that run.
    private struct Chosen {
        let holds: Bool
        let operations: [Operation]
        /// Of the nested transactions among the operations, in their order.
        let nested: [Chosen]
    }

    mutating func commit(_ transaction: Transaction) -> Commit {
        let chosen = choose(transaction)
        var changes: [KeyChange] = []
        let commit = run(chosen, as: revision + 1, &changes)
        guard !changes.isEmpty else { return Self.stamped(commit, revision) }
        revision += 1
        batches.append(ChangeBatch(revision: revision, changes: changes))
        return Self.stamped(commit, revision)
    }

    /// All guards see what was before the transaction, however deep they are.
    private func choose(_ transaction: Transaction) -> Chosen {
        let holds = transaction.guards.allSatisfy(holds)
        let operations = holds ? transaction.then : transaction.otherwise
        let nested = operations.compactMap { if case .transaction(let inner) = $0 { choose(inner) } else { nil } }
        return Chosen(holds: holds, operations: operations, nested: nested)
    }

    private func holds(_ condition: Guard) -> Bool {
        switch condition {
        case .absent(let key): records[key] == nil
        case .unchanged(let key, let revision): records[key]?.modified == revision
        case .value(let key, let value): records[key]?.value == value
        case .noneNewer(let range, let revision): records(in: range).allSatisfy { $0.modified <= revision }
        }
    }

    private mutating func run(_ chosen: Chosen, as revision: Revision, _ changes: inout [KeyChange]) -> Commit {
        var results: [OperationResult] = []
        var nested = chosen.nested[...]
        for operation in chosen.operations {
            switch operation {
            case .put(let key, let value):
                put(key, value, nil, as: revision, &changes)
                results.append(.put)
            case .putBytes(let key, let value):
                let text = String(validating: value, as: UTF8.self)
                put(
                    key, text ?? String(decoding: value, as: UTF8.self), text == nil ? value : nil, as: revision,
                    &changes)
                results.append(.put)
            case .delete(let range):
                let found = records(in: range)
                for record in found {
                    set(record.key, nil, as: revision)
                    changes.append(.delete(record.key, previous: record))
                }
                results.append(.deleted(count: found.count))
            case .read(let read): results.append(.read(answer(read, at: nil)))
            case .transaction: results.append(.transaction(run(nested.removeFirst(), as: revision, &changes)))
            }
        }
        return Commit(revision: 0, succeeded: chosen.holds, results: results)
    }

    private mutating func put(
        _ key: Key, _ value: String, _ undecodable: [UInt8]?, as revision: Revision, _ changes: inout [KeyChange]
    ) {
        let former = records[key]
        let record = Record(
            key: key, value: value, undecodable: undecodable, created: former?.created ?? revision, modified: revision)
        set(key, record, as: revision)
        changes.append(.put(record, previous: former))
    }

    private mutating func set(_ key: Key, _ record: Record?, as revision: Revision) {
        let former = records[key]
        records[key] = record
        formers[key, default: []].append(Former(until: revision, record: former))
        guard (former == nil) != (record == nil) else { return }
        let place = index(of: key)
        if record == nil { keys.remove(at: place) } else { keys.insert(key, at: place) }
    }

    private static func stamped(_ commit: Commit, _ revision: Revision) -> Commit {
        Commit(
            revision: revision, succeeded: commit.succeeded,
            results: commit.results.map { result in
                if case .transaction(let inner) = result { .transaction(stamped(inner, revision)) } else { result }
            })
    }
}

extension Key {
    /// `<` with memcmp(3): builds that are not optimised take long over the generic comparison.
    fileprivate func precedes(_ other: Key) -> Bool {
        let order = text.utf8.withContiguousStorageIfAvailable { mine in
            other.text.utf8.withContiguousStorageIfAvailable { others -> Bool in
                guard let first = mine.baseAddress, let second = others.baseAddress else {
                    return mine.count < others.count
                }
                let order = memcmp(first, second, min(mine.count, others.count))
                return order == 0 ? mine.count < others.count : order < 0
            }
        }
        return (order ?? nil) ?? (self < other)
    }
}

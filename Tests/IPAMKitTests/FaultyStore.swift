import Store
import Synchronization

/// A real store whose commits go wrong as a test says, and which counts what is asked of it.
final class FaultyStore: Store {
    enum Fault: Sendable {
        /// The transaction runs, and its answer is lost.
        case loseAnswer
        /// The same, and no read succeeds after it.
        case loseAnswerAndGoAway
        /// The same as ``loseAnswer``, and the task that waits is cancelled.
        case loseAnswerAndCancel
        /// The transaction is lost, and nobody can tell.
        case loseRequest
        /// The store takes no more data: it refuses the transaction.
        case full
        /// The store refuses the transaction because the request is too large.
        case tooLarge
        /// Someone else does this between the read and the commit.
        case meanwhile(@Sendable () async throws -> Void)
    }

    private struct State {
        var reads = 0
        var commits = 0
        var deadlines: [ContinuousClock.Instant] = []
        var faults: [Fault] = []
        var isGone = false
    }

    private let real: any Store
    private let state = Mutex(State())

    var reads: Int { state.withLock(\.reads) }
    var commits: Int { state.withLock(\.commits) }
    /// Until when each read and each commit had time, in their order.
    var deadlines: [ContinuousClock.Instant] { state.withLock(\.deadlines) }
    /// Those that no commit has met yet.
    var remainingFaults: Int { state.withLock(\.faults.count) }

    init(_ real: any Store, faults: [Fault] = []) {
        self.real = real
        state.withLock { $0.faults = faults }
    }

    func read(_ reads: [Read], at revision: Revision?, deadline: ContinuousClock.Instant) async throws(StoreError)
        -> Snapshot
    {
        let isGone = state.withLock { state in
            state.reads += 1
            state.deadlines.append(deadline)
            return state.isGone
        }
        if isGone { throw .unreachable("it has gone away") }
        return try await real.read(reads, at: revision, deadline: deadline)
    }

    func commit(_ transaction: Transaction, deadline: ContinuousClock.Instant) async throws(StoreError) -> Commit {
        let fault = state.withLock { state in
            state.commits += 1
            state.deadlines.append(deadline)
            return state.faults.isEmpty ? nil : state.faults.removeFirst()
        }
        switch fault {
        case nil: break
        case .full: throw .full("database space exceeded")
        case .tooLarge: throw .tooLarge("the request is larger than etcd allows")
        case .loseRequest: throw .outcomeUnknown("the request was lost")
        case .loseAnswer:
            _ = try await real.commit(transaction, deadline: deadline)
            throw .outcomeUnknown("the answer was lost")
        case .loseAnswerAndGoAway:
            _ = try await real.commit(transaction, deadline: deadline)
            state.withLock { $0.isGone = true }
            throw .outcomeUnknown("the answer was lost")
        case .loseAnswerAndCancel:
            _ = try await real.commit(transaction, deadline: deadline)
            withUnsafeCurrentTask { $0?.cancel() }
            throw .outcomeUnknown("the answer was lost")
        case .meanwhile(let change):
            do {
                try await change()
            } catch {
                throw .refused("the change in between failed: \(error)")
            }
        }
        return try await real.commit(transaction, deadline: deadline)
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

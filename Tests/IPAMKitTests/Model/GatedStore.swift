@testable import Store

/// What an operation asks of the store next. Each is one step: nothing else happens while it is carried out.
enum StoreCall: Sendable {
    case read([Read], Revision?)
    case commit(Transaction)
    /// Ends when the key, which was there at the revision, is gone.
    case untilAbsent(Key, Revision)
    /// Ends when one of the keys has changed since the revision.
    case untilChanged([Key], Revision)

    /// For a schedule that people read.
    var phrase: String {
        switch self {
        case .read: "reads"
        case .commit: "commits"
        case .untilAbsent: "has waited for the lock"
        case .untilChanged: "has waited for the holder"
        }
    }
}

/// The store as one operation of a model sees it: before each call the operation waits until it is its turn.
struct GatedStore: Store {
    /// What becomes of a call.
    enum Turn: Sendable {
        case carriedOut
        /// The transaction is carried out, and its answer is lost.
        case answerLost
        /// The transaction does not arrive, and nobody can tell.
        case requestLost
        /// The time for waiting is over.
        case timedOut
        /// The run is over: the operation has to end without touching the store.
        case abandoned
    }

    let run: ModelRun
    let operation: Int

    private func turn(_ call: StoreCall) async throws(StoreError) -> Turn {
        let turn = await run.turn(of: operation, for: call)
        if case .abandoned = turn { throw .unreachable("the run is over") }
        return turn
    }

    func read(_ reads: [Read], at revision: Revision?, deadline: ContinuousClock.Instant) async throws(StoreError)
        -> Snapshot
    {
        _ = try await turn(.read(reads, revision))
        let snapshot = try await run.store.read(reads, at: revision, deadline: deadline)
        run.note(snapshot, of: operation)
        return snapshot
    }

    func commit(_ transaction: Transaction, deadline: ContinuousClock.Instant) async throws(StoreError) -> Commit {
        let turn = try await turn(.commit(transaction))
        let transaction = run.mutated(transaction, of: operation)
        if case .requestLost = turn {
            run.note("lost", of: operation)
            throw .outcomeUnknown("the request was lost")
        }
        let commit = try await run.store.commit(transaction, deadline: deadline)
        if case .answerLost = turn {
            run.note("lost", of: operation)
            throw .outcomeUnknown("the answer was lost")
        }
        run.note(commit, of: operation)
        return commit
    }

    func waitUntilAbsent(_ key: Key, after revision: Revision, deadline: ContinuousClock.Instant)
        async throws(StoreError)
    {
        try await wait(.untilAbsent(key, revision), deadline)
    }

    func waitForChange(of keys: [Key], after revision: Revision, deadline: ContinuousClock.Instant)
        async throws(StoreError)
    {
        try await wait(.untilChanged(keys, revision), deadline)
    }

    private func wait(_ call: StoreCall, _ deadline: ContinuousClock.Instant) async throws(StoreError) {
        let turn = try await turn(call)
        if case .timedOut = turn {
            run.note("timed out", of: operation)
            await run.letTimePass(for: operation, until: deadline)
            throw .deadlineExceeded("nothing had changed by the deadline")
        }
        run.note("waited", of: operation)
    }

    func changes(in range: KeyRange, after revision: Revision) -> ChangeFeed {
        run.store.changes(in: range, after: revision)
    }
}

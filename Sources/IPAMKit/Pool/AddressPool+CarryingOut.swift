import Store

/// One round of an operation: it reads, plans and commits.
struct Round: Sendable {
    /// The pool to read with. It writes no histories if the store had no room for them.
    fileprivate(set) var pool: AddressPool
    /// True for the first round.
    fileprivate(set) var isFirst = true
    /// True if the answer to an earlier round's transaction was lost: it may have been carried out.
    fileprivate(set) var isUnanswered = false
}

/// The result of a round's planning.
enum Planned<Plan, Outcome> {
    /// Nothing is left to do.
    case done(Outcome)
    /// Something has changed since it was read: begin another round.
    case outdated
    /// Commit this transaction.
    case commit(Transaction, Plan)
}

extension AddressPool {
    /// The number of rounds. A round fails if others change what its plan is based on.
    private static let attempts = 64

    /// Plans and commits until a plan holds. Every change of the store goes through this loop, except for the record of a
    /// suspect (``attempt(_:)``).
    ///
    /// If the store refuses a transaction because of its size, or because the store is full, the next rounds write no
    /// histories: the change itself matters more than the record of it.
    ///
    /// - Parameters:
    ///   - whenFull: whether a full store accepts the transaction if it writes no histories. A full store accepts no
    ///     puts.
    ///   - whenTooLarge: whether to go on without histories if the request is too large.
    ///   - plan: reads and plans; after a lost answer it also finds out whether the change was carried out.
    ///   - outcome: interprets the answer; nil begins another round.
    /// - Throws: ``IPAMError``, `contention` if no plan held.
    func carryOut<Plan, Outcome>(
        withoutHistoryWhenFull whenFull: Bool, whenTooLarge: Bool = true,
        plan: (Round) async throws(IPAMError) -> Planned<Plan, Outcome>,
        outcome: (Plan, Commit) async throws(IPAMError) -> Outcome?
    ) async throws(IPAMError) -> Outcome {
        var round = Round(pool: self)
        for _ in 0..<Self.attempts {
            let planned: Planned<Plan, Outcome>
            do throws(IPAMError) {
                planned = try await plan(round)
            } catch {
                throw round.isUnanswered ? error.afterLostAnswer : error
            }
            round.isFirst = false
            switch planned {
            case .done(let outcome): return outcome
            case .outdated: continue
            case .commit(let transaction, let plan):
                do throws(IPAMError) {
                    guard let commit = try await commit(transaction) else {
                        round.isUnanswered = true
                        continue
                    }
                    if let outcome = try await outcome(plan, commit) { return outcome }
                } catch .store(.full) where whenFull && round.pool.historyDepth > 0 {
                    round.pool = withoutHistory
                } catch .store(.tooLarge) where whenTooLarge && round.pool.historyDepth > 0 {
                    round.pool = withoutHistory
                } catch {
                    throw round.isUnanswered ? error.afterLostAnswer : error
                }
            }
        }
        throw .contention(network: keys.network)
    }

    /// Runs `transaction`; nil if its answer was lost.
    private func commit(_ transaction: Transaction) async throws(IPAMError) -> Commit? {
        do throws(StoreError) {
            return try await store.commit(transaction, deadline: deadline)
        } catch .outcomeUnknown(let problem) {
            // A task that is cancelled cannot find out any more whether the change was made.
            if clock() >= deadline || Task.isCancelled { throw .store(.outcomeUnknown(problem)) }
            return nil
        } catch {
            throw .store(error)
        }
    }

    /// Commits a transaction whose failure does no harm.
    func attempt(_ transaction: Transaction) async throws(IPAMError) {
        _ = try await commit(transaction)
    }

    // MARK: Changes that were planned before

    /// The most changes in one transaction. Nested siblings do not add up in etcd's count of operations, but their
    /// histories add to the size of a request.
    private static let changesAtOnce = 40

    /// Carries out `changes`, each if nothing has changed that it was planned on; a history may have changed. If the
    /// store refuses several changes together, they are tried one by one.
    ///
    /// - Parameters:
    ///   - skipsRefused: whether to skip a change that the store refuses, and go on with the others.
    ///   - known: histories that have been read already, for the first attempt.
    ///   - progress: receives the indexes of the changes that are through, and for each whether it was carried out.
    /// - Returns: whether each change was carried out.
    /// - Throws: ``IPAMError``; what was carried out before stays so, and `progress` has received it.
    @discardableResult
    func carryOut(
        _ changes: [Change], skipsRefused: Bool = false, histories known: [IPAddress: Record?] = [:],
        progress: (Range<Int>, [Bool]) -> Void = { _, _ in }
    ) async throws(IPAMError) -> [Bool] {
        var done: [Bool] = []
        while done.count < changes.count {
            let batch = Self.batch(changes[done.count...])
            let outcomes = try await renewed.carryOutOrSplit(batch, skipsRefused: skipsRefused, known)
            progress(done.count..<done.count + batch.count, outcomes)
            done += outcomes
        }
        return done
    }

    /// The changes that fit into one transaction. Two changes of one address do not: etcd refuses a key that is put
    /// twice.
    private static func batch(_ rest: ArraySlice<Change>) -> [Change] {
        var batch: [Change] = []
        var touched: Set<IPAddress> = []
        for change in rest.prefix(changesAtOnce) {
            let addresses = change.parts.map(\.address)
            guard touched.isDisjoint(with: addresses) else { break }
            touched.formUnion(addresses)
            batch.append(change)
        }
        return batch
    }

    private func carryOutOrSplit(_ batch: [Change], skipsRefused: Bool, _ known: [IPAddress: Record?])
        async throws(IPAMError) -> [Bool]
    {
        var done = [Bool?](repeating: nil, count: batch.count)
        do throws(IPAMError) {
            try await carryOutTogether(batch, known, &done)
        } catch {
            guard case .store(let refusal) = error, refusal.isOfContents else { throw error }
            guard batch.count > 1 || skipsRefused, skipsRefused || refusal.isOfSize else { throw error }
            for index in batch.indices where done[index] == nil && batch.count > 1 {
                done[index] =
                    try await renewed.carryOutOrSplit([batch[index]], skipsRefused: skipsRefused, [:]) == [true]
            }
        }
        return done.map { $0 ?? false }
    }

    /// Carries out changes in one transaction.
    ///
    /// - Parameters:
    ///   - known: histories that have been read already.
    ///   - done: gets for each change whether it was carried out; nil if that is open when an error is thrown.
    private func carryOutTogether(_ batch: [Change], _ known: [IPAddress: Record?], _ done: inout [Bool?])
        async throws(IPAMError)
    {
        var last: Histories?
        // Changes that are too large together are tried one by one before one of them is made without its history.
        try await carryOut(
            withoutHistoryWhenFull: batch.allSatisfy(\.onlyDeletes), whenTooLarge: batch.count == 1,
            plan: { (round) throws(IPAMError) -> Planned<(indexes: [Int], histories: Histories), Void> in
                if round.isUnanswered {
                    for index in batch.indices where done[index] == nil {
                        if try await round.pool.holds(batch[index].trace) { done[index] = true }
                    }
                }
                let wanted = batch.indices.filter { done[$0] == nil }.flatMap { batch[$0].addressesWithHistory }
                let histories = try await round.pool.histories(of: wanted, known: round.isFirst ? known : [:])
                // A change that failed although its histories are unchanged is outdated.
                if let last {
                    for index in batch.indices where done[index] == nil {
                        let isSame = batch[index].addressesWithHistory.allSatisfy {
                            last.records[$0] == histories.records[$0]
                        }
                        if isSame { done[index] = false }
                    }
                }
                last = nil
                let rest = batch.indices.filter { done[$0] == nil }
                guard !rest.isEmpty else { return .done(()) }
                let transactions = rest.map { batch[$0].transaction(keys, histories) }
                let whole =
                    transactions.count == 1
                    ? transactions[0] : Transaction(if: [], then: transactions.map(Operation.transaction))
                return .commit(whole, (rest, histories))
            },
            outcome: { plan, commit in
                let succeeded = plan.indexes.count == 1 ? [commit.succeeded] : commit.results.map(\.isCarriedOut)
                for (index, success) in zip(plan.indexes, succeeded) where success { done[index] = true }
                last = plan.histories
                return done.contains(nil) ? nil : ()
            })
    }

    /// Whether all of `guards` hold now.
    private func holds(_ guards: [Guard]) async throws(IPAMError) -> Bool {
        guard !guards.isEmpty else { return false }
        return try await commit(Transaction(if: guards, then: []))?.succeeded ?? false
    }
}

extension OperationResult {
    /// Whether this is the result of a nested transaction whose guards held.
    fileprivate var isCarriedOut: Bool {
        if case .transaction(let nested) = self { nested.succeeded } else { false }
    }
}

extension StoreError {
    /// Whether the request was too large.
    fileprivate var isOfSize: Bool { if case .tooLarge = self { true } else { false } }

    /// Whether the store refused the contents of the transaction, and may accept others.
    fileprivate var isOfContents: Bool {
        switch self {
        case .refused, .tooLarge, .full: true
        case .unreachable, .deadlineExceeded, .outcomeUnknown, .denied, .compacted, .invalidConfiguration: false
        }
    }
}

extension IPAMError {
    /// The error if the answer to an earlier transaction was lost: a store that cannot be asked cannot say either whether that
    /// was carried out.
    fileprivate var afterLostAnswer: IPAMError {
        switch self {
        case .store(.unreachable(let problem)), .store(.deadlineExceeded(let problem)): .store(.outcomeUnknown(problem))
        default: self
        }
    }
}

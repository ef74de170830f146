@testable import IPAMKit
@testable import Store

/// What happens next in a run of a scenario.
enum Choice: Hashable, Sendable {
    /// The operation makes its next call.
    case step(Int)
    /// The operation stops for ever.
    case crash(Int)
    /// The operation's transaction is carried out, and its answer is lost.
    case loseAnswer(Int)
    /// The operation's transaction does not arrive, and it cannot tell.
    case loseRequest(Int)
    /// The operation has waited in vain.
    case timeOut(Int)
    /// The lease of a Go process ends, and its lock with it.
    case endLease(Int)

    var isFault: Bool {
        switch self {
        case .crash, .loseAnswer, .loseRequest: true
        case .step, .timeOut, .endLease: false
        }
    }

    var operation: Int {
        switch self {
        case .step(let index), .crash(let index), .loseAnswer(let index), .loseRequest(let index), .timeOut(let index),
            .endLease(let index):
            index
        }
    }
}

/// The network as it was parsed, by what has led to it: the same states come again and again.
final class StateCache {
    var states: [Int: NetworkState] = [:]
}

/// One run of a scenario: the operations stand at their gates, and go on one call at a time as they are told to.
///
/// Why `@unchecked Sendable` is sound: the thread that calls ``perform(_:)`` is the only one that touches a run. The
/// operations run on its executor, and so on that thread.
final class ModelRun: @unchecked Sendable {
    private struct Slot {
        var pending: (call: StoreCall, gate: UnsafeContinuation<GatedStore.Turn, Never>)?
        /// A hash of all that it has been answered: the rest of what it does follows from that.
        var answers = 0
        var outcome: ModelOperation.Outcome?
        var isDead = false
        /// Whether it was told that an answer, or a request, was lost: it does not know any more what it has done.
        var isUncertain = false
        /// Whether there was no room at a moment since its first call; nil before that.
        var hasSeenFull: Bool?
        /// Whether the last step of the run was a change that it made; at the beginning, true for all.
        var hasJustChanged = true
        /// Whether what it is to bring about was so at a moment since its first call.
        var hasSeenEffect = false
        let clock = TestClock()
    }

    let scenario: Scenario
    let store: MemoryStore
    /// The guards that are left out of all transactions.
    private let dropped: OperationGuard?
    private let attachmentsBefore: [Key: String]
    /// The guards that were sent.
    private(set) var guards: Set<OperationGuard> = []
    private let executor = StepExecutor()
    private let cache: StateCache
    private var slots: [Slot] = []
    private var tasks: [Task<Void, Never>] = []
    private var isAbandoned = false
    private var isFaulty = false
    /// A hash of all changes of the store.
    private var changes = 0
    private var revision: Revision
    private(set) var state: NetworkState
    /// What was found to be wrong.
    private(set) var problem: String?

    init(_ scenario: Scenario, from prepared: MemoryStore, dropping dropped: OperationGuard?, _ cache: StateCache) {
        self.scenario = scenario
        self.dropped = dropped
        self.cache = cache
        store = MemoryStore(copying: prepared)
        attachmentsBefore = scenario.attachments
        revision = store.revision
        state = Self.state(0, store, scenario, cache)
        problem = scenario.problem(state)
        for (index, operation) in scenario.operations.enumerated() {
            slots.append(Slot())
            let clock = slots[index].clock
            let pool = AddressPool(
                store: GatedStore(run: self, operation: index), network: scenario.pool.network,
                deadline: clock.now + .seconds(60)
            ) { clock.now }
            tasks.append(
                Task(executorPreference: executor) { [self] in
                    do {
                        slots[index].outcome = try await operation.body(pool, clock)
                    } catch let error as IPAMError {
                        slots[index].outcome = .refused(error)
                    } catch let error as StoreError {
                        slots[index].outcome = .refused(.store(error))
                    } catch {
                        problem = "\(operation.name): \(error)"
                    }
                })
        }
        executor.run()
    }

    private static func state(_ changes: Int, _ store: MemoryStore, _ scenario: Scenario, _ cache: StateCache)
        -> NetworkState
    {
        if let known = cache.states[changes] { return known }
        let state = NetworkState(store.records, scenario.pool.keys, spaces: scenario.spaces)
        cache.states[changes] = state
        return state
    }

    // MARK: The gates

    func turn(of index: Int, for call: StoreCall) async -> GatedStore.Turn {
        if isAbandoned { return .abandoned }
        precondition(slots[index].pending == nil, "an operation asks the store for one thing at a time")
        return await withUnsafeContinuation { slots[index].pending = (call, $0) }
    }

    func note(_ answer: some Hashable, of index: Int) {
        var hasher = Hasher()
        hasher.combine(slots[index].answers)
        hasher.combine(answer)
        slots[index].answers = hasher.finalize()
    }

    func letTimePass(for index: Int, until deadline: ContinuousClock.Instant) async {
        _ = await slots[index].clock.goOn(until: deadline)
    }

    func mutated(_ transaction: Transaction, of index: Int) -> Transaction {
        guard !scenario.operations[index].isSequence else { return transaction }
        let operation = scenario.operations[index].kind
        let keys = scenario.pool.keys
        let isTrace = transaction.then.isEmpty && transaction.otherwise.isEmpty
        func kind(_ condition: Guard) -> GuardKind { isTrace ? .trace : GuardKind(condition, keys) }
        guard let dropped else {
            for condition in transaction.allGuards { guards.insert(OperationGuard(operation, kind(condition))) }
            return transaction
        }
        return dropped.operation == operation ? transaction.dropping { kind($0) == dropped.kind } : transaction
    }

    // MARK: Choices

    /// What can happen next, without faults.
    var choices: [Choice] {
        var choices: [Choice] = []
        var waiting: [Int] = []
        for (index, slot) in slots.enumerated() where !slot.isDead {
            guard let pending = slot.pending else { continue }
            switch pending.call {
            case .read, .commit: choices.append(.step(index))
            case .untilAbsent(let key, let revision):
                if store.isAbsent(key, after: revision) { choices.append(.step(index)) } else { waiting.append(index) }
            case .untilChanged(let keys, let revision):
                if store.hasChanged(keys, after: revision) {
                    choices.append(.step(index))
                } else {
                    waiting.append(index)
                }
            }
        }
        for (index, operation) in scenario.operations.enumerated()
        where operation.kind == .go && state.lock == ModelOperation.lease {
            if slots[index].isDead || scenario.goOutlivesItsLease { choices.append(.endLease(index)) }
        }
        return choices.isEmpty ? waiting.map(Choice.timeOut) : choices
    }

    /// What can go wrong next.
    ///
    /// When an operation stops makes no difference but for the changes that it has made by then, and nothing that others do
    /// depends on it. So it is enough that it stops before its first call, and right after each change; to stop right before
    /// a change is to stop after the one before it. After its last change only its caller knows less.
    var faults: [Choice] {
        guard !isFaulty else { return [] }
        return slots.indices.flatMap { index -> [Choice] in
            guard !slots[index].isDead, let pending = slots[index].pending else { return [] }
            let stops = slots[index].hasJustChanged ? [Choice.crash(index)] : []
            guard case .commit = pending.call, scenario.operations[index].kind != .go else { return stops }
            return stops + [.loseAnswer(index), .loseRequest(index)]
        }
    }

    /// - Returns: whether nothing in the store has changed.
    func perform(_ choice: Choice) -> Bool {
        let index = choice.operation
        let former = state
        if choice.isFault { isFaulty = true }
        switch choice {
        case .step: resume(index, .carriedOut)
        case .timeOut: resume(index, .timedOut)
        case .loseAnswer:
            slots[index].isUncertain = true
            resume(index, .answerLost)
        case .loseRequest:
            slots[index].isUncertain = true
            resume(index, .requestLost)
        case .crash: slots[index].isDead = true
        case .endLease:
            let lock = scenario.pool.keys.lock
            _ = try? executor.result { [store] in
                try await store.commit(Transaction(if: [], then: [.delete(KeyRange(lock))]), deadline: .now)
            }
        }
        let isUnchanged = store.revision == revision
        for other in slots.indices { slots[other].hasJustChanged = other == index && !isUnchanged }
        if !isUnchanged {
            revision = store.revision
            var hasher = Hasher()
            hasher.combine(changes)
            hasher.combine(store.lastBatch)
            changes = hasher.finalize()
            state = Self.state(changes, store, scenario, cache)
            for other in slots.indices where slots[other].hasSeenFull != nil { look(other) }
            if problem == nil {
                problem =
                    scenario.problem(state)
                    ?? scenario.problem(from: former, to: state, by: scenario.operations[index], attachmentsBefore)
            }
        }
        if problem == nil, slots[index].outcome != nil, !slots[index].isDead {
            problem = problemOfOutcome(index)
        }
        return isUnchanged
    }

    private func resume(_ index: Int, _ turn: GatedStore.Turn) {
        look(index)
        let pending = slots[index].pending
        slots[index].pending = nil
        pending?.gate.resume(returning: turn)
        executor.run()
        if slots[index].pending == nil, slots[index].outcome == nil, problem == nil {
            problem = "\(scenario.operations[index].name) waits for something else than the store"
        }
    }

    /// Notes what an operation that has begun may tell of.
    private func look(_ index: Int) {
        slots[index].hasSeenFull = state.isFull || slots[index].hasSeenFull == true
        if scenario.operations[index].effect?(state) == true { slots[index].hasSeenEffect = true }
    }

    /// Whether nothing can happen any more.
    var isOver: Bool { slots.allSatisfy { $0.outcome != nil || $0.isDead } && choices.isEmpty }

    /// Two runs with equal hashes go on alike.
    var hash: Int { hash(crashing: nil) }

    /// The hash of the state after a crash.
    func hash(crashing victim: Int?) -> Int {
        var hasher = Hasher()
        hasher.combine(changes)
        hasher.combine(isFaulty || victim != nil)
        for (index, slot) in slots.enumerated() {
            if slot.isDead || index == victim {
                hasher.combine(0)
            } else if let outcome = slot.outcome {
                hasher.combine(1)
                hasher.combine(outcome)
                hasher.combine(slot.isUncertain)
            } else {
                hasher.combine(2)
                hasher.combine(slot.answers)
                hasher.combine(slot.hasSeenFull)
                hasher.combine(slot.hasSeenEffect)
            }
        }
        return hasher.finalize()
    }

    func phrase(_ choice: Choice) -> String {
        let name = scenario.operations[choice.operation].name
        switch choice {
        case .step(let index): return "\(name) \(slots[index].pending?.call.phrase ?? "ends")"
        case .crash: return "\(name) stops for ever"
        case .loseAnswer: return "\(name) commits and gets no answer"
        case .loseRequest: return "\(name) commits, which is lost"
        case .timeOut: return "\(name) has waited in vain"
        case .endLease: return "the lease of \(name) ends"
        }
    }

    // MARK: The outcomes

    /// Whether what an operation told its caller is so, at the moment of its last call.
    private func problemOfOutcome(_ index: Int) -> String? {
        let operation = scenario.operations[index]
        guard let outcome = slots[index].outcome else { return nil }
        switch (operation.kind, outcome) {
        case (.add, .added(let addresses)): return problemOfAdded(operation, addresses)
        case (.add, .refused(let error)):
            if case .exhausted = error, slots[index].hasSeenFull == false {
                return "\(operation.name) found no free address although there always was one"
            }
            if slots[index].isUncertain, case .store(.outcomeUnknown) = error { return nil }
            guard let attachment = operation.attachment,
                !scenario.mayDangle.contains(attachment.containerID.text)
            else { return nil }
            let isShared = scenario.operations.indices.contains {
                $0 != index && scenario.operations[$0].attachment == attachment
            }
            let key = scenario.pool.keys.attachment(attachment)
            let wasThere = scenario.pool.memory?.records[key] != nil
            guard !isShared, !wasThere, state.attachments[key] != nil else { return nil }
            return "\(operation.name) failed and holds an address: \(error)"
        case (.delete, .done):
            guard let attachment = operation.attachment else { return nil }
            let isThere = state.attachments[scenario.pool.keys.attachment(attachment)] != nil
            return isThere ? "\(operation.name) succeeded and the attachment is there" : nil
        case (_, .changed):
            return slots[index].hasSeenEffect || operation.effect == nil
                ? nil : "\(operation.name) told of a change that was never made"
        case (.delete, .refused(let error)), (.collect, .refused(let error)):
            return "\(operation.name) failed: \(error)"
        default: return nil
        }
    }

    private func problemOfAdded(_ operation: ModelOperation, _ addresses: [IPAddress]) -> String? {
        guard let attachment = operation.attachment else { return nil }
        let held = state.attachments[scenario.pool.keys.attachment(attachment)]
        guard held?.attachment.addresses == addresses else {
            return "\(operation.name) was answered \(addresses), and holds \(held?.attachment.addresses ?? [])"
        }
        for address in addresses where state.container(address) != attachment.containerID.text {
            return "\(operation.name) was answered \(address), which is \(state.container(address) ?? "nobody")'s"
        }
        return nil
    }

    /// The ADDs that succeeded, and whose addresses nobody may have ended since.
    private var lasting: [(operation: ModelOperation, addresses: [IPAddress])] {
        scenario.operations.enumerated().compactMap { index, operation in
            guard operation.kind == .add, case .added(let addresses)? = slots[index].outcome,
                let container = operation.attachment?.containerID.text,
                !scenario.mayDangle.contains(container), !scenario.goOutlivesItsLease,
                !scenario.operations.contains(where: { $0.ends.contains(container) })
            else { return nil }
            return (operation, addresses)
        }
    }

    /// What is wrong at the end; nil if nothing is.
    func problemAtEnd() -> String? {
        for (operation, addresses) in lasting {
            if let problem = problemOfAdded(operation, addresses) { return "at the end: \(problem)" }
        }
        let known = scenario.operations.compactMap(\.pod) + scenario.pods
        var reporting = known
        for (operation, addresses) in lasting {
            for pod in reporting.indices where reporting[pod].uid == operation.pod?.uid {
                reporting[pod].addresses += addresses
            }
        }
        let allowed = scenario.findings.union([.leaked, .superseded])
        for (pods, phrase) in [(reporting, "all pods live"), (known, "no pod reports"), ([], "all pods are gone")] {
            // The same pod may have two sandboxes.
            var distinct: [String: Pod] = [:]
            for pod in pods { distinct[pod.uid, default: pod].addresses = Array(Set(pod.addresses)) }
            do {
                for code in try audit(Array(distinct.values)) where !allowed.contains(code) {
                    return "the audit finds \(code.rawValue) where \(phrase)"
                }
            } catch {
                return "the audit failed: \(error)"
            }
        }
        return nil
    }

    private func audit(_ pods: [Pod]) throws -> Set<AuditCode> {
        let nodes = ["n1", "n2"].map { Node(name: $0, isReady: true, isOutOfService: false) }
        let pool = AddressPool(store: store, network: scenario.pool.network, deadline: .now + .seconds(60))
        let snapshot = try executor.result { try await pool.snapshot() }
        let evidence = AuditEvidence.kubernetes(ClusterSnapshot(cluster: "c1", pods: pods, nodes: nodes))
        let audit = Audit(snapshot, evidence: evidence, configured: scenario.pool.rangeSets, now: noon)
        return Set(audit.report().findings.map(\.code))
    }

    /// What has become of the operations, and what the store has at last, as a hash.
    var end: Int {
        var hasher = Hasher()
        for (key, record) in store.records.sorted(by: { $0.key < $1.key }) {
            hasher.combine(key)
            hasher.combine(record.value)
        }
        for slot in slots {
            hasher.combine(slot.isDead)
            hasher.combine(slot.outcome)
        }
        return hasher.finalize()
    }

    /// Ends the operations, wherever they are.
    func abandon() {
        isAbandoned = true
        for index in slots.indices {
            let pending = slots[index].pending
            slots[index].pending = nil
            pending?.gate.resume(returning: .abandoned)
        }
        executor.run()
    }
}

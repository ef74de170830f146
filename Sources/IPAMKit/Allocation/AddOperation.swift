import Store

extension AddressPool {
    /// Gives an attachment one address of each range set, or returns those that it already has.
    ///
    /// Costs one read and one transaction if no other ADD contends and the neighbourhood of the cursor is not full. If
    /// Kubernetes has to be asked for the pod, that happens at the same time. Another read is needed for addresses that
    /// are not known from the start (reserved ones, and those that annotations in Kubernetes name), and one for the
    /// holder of an address that is in use.
    ///
    /// If the holder of an address is about to go, the ADD waits for it, at most for the request's `waitForRelease`;
    /// the deadline moves by the time waited. The wait is one watch of the store.
    ///
    /// - Parameter observer: judges the holder of a fixed address that is taken.
    /// - Throws: ``IPAMError``; then no address was recorded, unless the error is ``StoreError/outcomeUnknown(_:)``, or
    ///   a deadline that passed after an answer was lost.
    public func add(_ request: AddRequest, observer: Observer = Observer()) async throws(IPAMError) -> Added {
        try await AddOperation(pool: self, request: request, observer: observer).run()
    }
}

/// One ADD: reads, plans, commits, and begins again if other ADDs were quicker or if the holder that it waited for has
/// gone.
struct AddOperation: Sendable {
    private(set) var pool: AddressPool
    private(set) var request: AddRequest
    let observer: Observer

    /// - Parameter request: what is asked for. The path of a network namespace is not recorded if this process cannot
    ///   see the namespace, or if the path means a different namespace to every process: one day it would be taken for
    ///   gone.
    init(pool: AddressPool, request: AddRequest, observer: Observer) {
        self.pool = pool
        self.observer = observer
        var request = request
        if let netns = request.holder.netns {
            let isOneForAll =
                netns.hasPrefix("/") && !netns.hasPrefix("/proc/self/") && !netns.hasPrefix("/proc/thread-self/")
            if isOneForAll, let node = observer.node, case .namespace(let inode, _) = node.namespace(netns) {
                request.holder.inode = inode
            } else if !isOneForAll || observer.node != nil {
                request.holder.netns = nil
            }
        }
        self.request = request
    }

    var keys: Keyspace { pool.keys }
    var sets: [RangeSet] { request.numberedRangeSets.map(\.set) }
    var eligibility: AddressEligibility { AddressEligibility(network: keys.network, sets: sets) }
    var rules: AllocationRules { AllocationRules(eligibility: eligibility, now: request.now) }

    func run() async throws(IPAMError) -> Added {
        var operation = self
        var waited = Duration.zero
        var left = request.waitForRelease
        while true {
            var memory = AddMemory(mayWait: left > .zero)
            do throws(IPAMError) {
                var added = try await operation.attempt(&memory)
                added.waited = waited
                return added
            } catch {
                guard case .heldForNow = error, left > .zero, let wait = memory.wait else { throw error }
                let began = operation.pool.clock()
                guard try await operation.pool.wait(wait, atMost: left, now: observer.now()) else {
                    // No holder goes in time: try once more, without waiting.
                    left = .zero
                    continue
                }
                let time = operation.pool.clock() - began
                waited += time
                left -= time
                operation.pool = operation.pool.withDeadline(movedBy: time)
                // The tenancy that is recorded begins after the wait.
                operation.request.now = request.now.advanced(bySeconds: waited.components.seconds)
            }
        }
    }

    /// The ADD up to the point where it would have to wait for a holder.
    private func attempt(_ memory: inout AddMemory) async throws(IPAMError) -> Added {
        var (claimant, state) = try await begin()
        let named = try rules.named(by: claimant.demand, runtime: request.requested, of: request.holder.pod)
        memory.hints = Array(repeating: nil, count: named.count)
        return try await pool.carryOut(
            withoutHistoryWhenFull: false,
            plan: { (round) throws(IPAMError) -> Planned<Plan, Added> in
                var operation = self
                operation.pool = round.pool
                return try await operation.plan(named, isFirst: round.isFirst, &claimant, &state, &memory)
            },
            outcome: { (plan, commit) throws(IPAMError) -> Added? in
                switch plan {
                case .repeat(let added): return commit.succeeded ? added : nil
                case .give(let plan):
                    switch plan.outcome(of: commit) {
                    case .assigned(let addresses): return try added(addresses, by: plan)
                    case .changed: return nil
                    case .taken(let neighbourhood):
                        memory.hints = try await findFree(for: plan, neighbourhood)
                        return nil
                    }
                }
            })
    }

    /// What one round of an ADD has planned.
    enum Plan {
        /// The attachment exists: the parts of it that are missing or out of date are written.
        case `repeat`(Added)
        case give(AllocationPlan)
    }

    private func added(_ addresses: [IPAddress], by plan: AllocationPlan) throws(IPAMError) -> Added {
        let claimant = plan.claimant
        var added = Added(assignments: try assignments(addresses, claimant), holder: claimant.holder)
        for case .named(let address, _, _, let takeover?) in plan.sources {
            added.takeovers.append(takeover.report(of: address))
        }
        added.annotationProblem = annotationProblem(claimant)
        added.clusterProblem = claimant.clusterProblem
        added.rangesChange = plan.rangesChange
        return added
    }

    func annotationProblem(_ claimant: Claimant) -> String? {
        claimant.demand.others.problem(on: request.attachment.ifname)
    }

    /// Reads and plans the transaction. For the first round the reading has been done by ``begin()``.
    private func plan(
        _ named: [Named?], isFirst: Bool, _ claimant: inout Claimant, _ state: inout AllocationState,
        _ memory: inout AddMemory
    ) async throws(IPAMError) -> Planned<Plan, Added> {
        if !isFirst || !claimant.owners.allSatisfy({ state.claims[$0] != nil }) {
            state = try await readState(of: claimant)
        }
        if let record = state.attachment {
            return try await planRepeat(of: record, state, claimant)
        }
        let settings = try pool.settings(state.settings)
        if let hold = settings?.hold { throw .onHold(network: keys.network, hold) }
        if let lock = state.lock {
            try await wait(for: lock, since: state.revision)
            // Waiting may have taken long: a holder that was gone may be back.
            memory.verdicts = []
            memory.livePods = nil
            return .outdated
        }
        try await requireDirected(claimant.demand)
        let mayHaveGoNodes = settings?.hasGoNodes ?? (state.document != nil)
        var context = AddContext(claimant: claimant, state: state, mayHaveGoNodes: mayHaveGoNodes)
        try await readAddresses(
            claimed(named, context), withHistories: knownAddresses(of: claimant), &context.state)
        let named = try settle(named, context)
        if try dependsOnOwner(named, context) {
            claimant = try await confirmed(claimant)
            // The claims of an owner that the pod's name does not reveal have not been read yet.
            guard claimant.owners.allSatisfy({ state.claims[$0] != nil }) else { return .outdated }
            context.claimant = claimant
        }
        memory.isOutOfDate = false
        let sources: [AllocationPlan.Source]
        do throws(IPAMError) {
            sources = try await self.sources(named, &context, &memory)
        } catch {
            if memory.isOutOfDate { return .outdated }
            throw error
        }
        state = context.state
        let plan = try AllocationPlan(
            request: request, claimant: claimant, state: state, keys: keys, sources: sources, settings: settings)
        try requirePresentable(plan)
        return .commit(plan.transaction, .give(plan))
    }

    // MARK: Result

    /// Each address with its prefix length and gateway, in the order of the range sets.
    func assignments(_ addresses: [IPAddress], _ claimant: Claimant) throws(IPAMError) -> [Assignment] {
        var assignments: [Assignment] = []
        for address in addresses {
            guard let range = eligibility.owner(of: address)?.range else {
                throw .notAllowed(
                    address, "is held by this container already and lies in no subnet of the configuration any more")
            }
            do throws(AnnotationError) {
                assignments.append(try claimant.demand.assignment(of: address, in: range))
            } catch {
                throw .annotation(claimant.holder.pod, error)
            }
        }
        return assignments
    }

    /// Checks the requested netmasks and gateways before anything is recorded.
    private func requirePresentable(_ plan: AllocationPlan) throws(IPAMError) {
        guard plan.claimant.demand.asksForPresentation else { return }
        var level = 0
        while let addresses = plan.addresses(level: level) {
            _ = try assignments(addresses, plan.claimant)
            level += 1
        }
    }

    // MARK: The Go plugin's lock

    func wait(for lock: Record, since revision: Revision) async throws(IPAMError) {
        do throws(StoreError) {
            try await pool.store.waitUntilAbsent(lock.key, after: revision, deadline: pool.deadline)
        } catch .deadlineExceeded {
            throw .locked(network: keys.network, lease: lock.value)
        } catch {
            throw .store(error)
        }
    }
}

/// What one round of an ADD works on.
struct AddContext {
    var claimant: Claimant
    var state: AllocationState
    /// True while nodes may run the Go plugin. It records no fixed address, so Kubernetes has to be asked whether a pod
    /// has one.
    let mayHaveGoNodes: Bool
}

/// What one round of an ADD leaves for the next. Arrays, because the first dictionary of each kind costs a process 0.1
/// ms.
struct AddMemory {
    /// Free addresses for each dynamic range set whose candidates were all taken.
    var hints: [[IPAddress]?] = []
    /// The verdicts on holders, each with the attachment that was judged.
    var verdicts: [(attachment: Record?, verdict: HolderVerdict)] = []
    /// The live pods that have addresses, with these addresses; nil until they had to be listed.
    var livePods: [(pod: Pod, addresses: [IPAddress])]?
    /// True if the holder of an address has changed since it was read, so that the round's plan is worthless.
    var isOutOfDate = false
    /// False if the time for waiting is used up.
    let mayWait: Bool
    /// The holders to wait for; nil if no holder is about to go.
    private(set) var wait: ReleaseWait?

    init(mayWait: Bool) {
        self.mayWait = mayWait
    }

    /// Adds the holder with the used key `key` to ``wait``, see ``ReleaseWait/add(_:at:until:)``.
    mutating func wait(for key: Key, at revision: Revision, until time: Timestamp?) {
        var wait = self.wait ?? ReleaseWait(at: revision)
        wait.add(key, at: revision, until: time)
        self.wait = wait
    }
}

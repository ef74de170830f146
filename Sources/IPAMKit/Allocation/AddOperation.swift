import Store

extension AddressPool {
    /// Gives an attachment one address of each range set, or returns those that it already has.
    ///
    /// Costs one read and one transaction where nobody contends, the neighbourhood of the cursor is not full and no
    /// fixed address is asked for. Kubernetes, where it has to be asked for the pod, is asked at the same time.
    ///
    /// An address that is held by one that is about to go is waited for, at most for the request's `waitForRelease`; the
    /// deadline moves by as much. The wait is one watch of the store.
    ///
    /// - Parameter observer: what judges the holder of a fixed address that is taken.
    /// - Throws: ``IPAMError``; then no address was recorded, unless the error is the store's
    ///   ``StoreError/outcomeUnknown(_:)`` or a deadline after a lost answer.
    public func add(_ request: AddRequest, observer: Observer = Observer()) async throws(IPAMError) -> Added {
        try await AddOperation(pool: self, request: request, observer: observer).run()
    }
}

/// One ADD: reads, plans, commits, and begins again when others were quicker, or when a holder that was about to go has gone.
struct AddOperation: Sendable {
    private(set) var pool: AddressPool
    private(set) var request: AddRequest
    let observer: Observer

    /// - Parameter request: what is asked for. The path of a namespace that is not to be seen from here, or that means
    ///   another one to every process, is not recorded: one day it would be taken for gone.
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
                let began = ContinuousClock.now
                guard try await operation.pool.wait(wait, atMost: left, now: observer.now()) else {
                    // None goes in time: once more, without.
                    left = .zero
                    continue
                }
                let time = ContinuousClock.now - began
                waited += time
                left -= time
                operation.pool = operation.pool.withDeadline(movedBy: time)
                // What is recorded begins now.
                operation.request.now = request.now.advanced(bySeconds: waited.components.seconds)
            }
        }
    }

    /// The ADD as far as it gets without waiting for a holder to go.
    private func attempt(_ memory: inout AddMemory) async throws(IPAMError) -> Added {
        var (claimant, state) = try await begin()
        let named = try namedAddresses(claimant.demand)
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

    /// What a round of an ADD has planned.
    enum Plan {
        /// The attachment is there already; what of it is missing or out of date is written.
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

    /// Plans the transaction on what is read, which for the first round has been done already.
    private func plan(
        _ named: [Named?], isFirst: Bool, _ claimant: inout Claimant, _ state: inout AllocationState,
        _ memory: inout AddMemory
    ) async throws(IPAMError) -> Planned<Plan, Added> {
        let asked = named.flatMap { [$0?.address, $0?.requested] }.compactMap { $0 }
        if !isFirst || !claimant.owners.allSatisfy({ state.claims[$0] != nil }) {
            state = try await readState(of: claimant, addresses: asked)
        }
        if let record = state.attachment {
            return try await planRepeat(of: record, state, claimant)
        }
        let settings = try pool.settings(state.settings)
        if let hold = settings?.hold { throw .onHold(network: keys.network, hold) }
        if let lock = state.lock {
            try await wait(for: lock, since: state.revision)
            // That may have taken long: who was gone may be back.
            memory.verdicts = []
            memory.livePods = nil
            return .outdated
        }
        try await requireDirected(claimant.demand)
        let mayHaveGoNodes = settings?.hasGoNodes ?? (state.document != nil)
        var context = AddContext(claimant: claimant, state: state, mayHaveGoNodes: mayHaveGoNodes)
        try await readAddresses(asked + context.claimedAddresses(in: sets), &context.state)
        let named = try settle(named, context)
        if try dependsOnOwner(named, context) {
            claimant = try await confirmed(claimant)
            // Another owner than the name tells has claims that were not read.
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

    /// Each address with its prefix length and gateway, in the order of the sets.
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

    /// A netmask or a gateway that does not fit is found before anything is recorded.
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

/// What one attempt of an ADD works on.
struct AddContext {
    var claimant: Claimant
    var state: AllocationState
    /// A Go node records no fixed address: Kubernetes has to be asked whether a pod reports it.
    let mayHaveGoNodes: Bool

    /// The claimed addresses that lie in the subnets of `sets`.
    func claimedAddresses(in sets: [RangeSet]) -> [IPAddress] {
        Set(state.claims.values.joined()).filter { address in
            sets.contains { $0.range(containing: address) != nil }
        }.sorted()
    }
}

/// What one attempt of an ADD leaves to the next. Arrays: the first dictionary of a kind costs a process 0.1 ms.
struct AddMemory {
    /// Free addresses for each dynamic set whose candidates were all taken.
    var hints: [[IPAddress]?] = []
    /// What was found out about holders, with the attachments that they were judged by.
    var verdicts: [(attachment: Record?, verdict: HolderVerdict)] = []
    /// The pods that have not ended and have addresses, with these, where they had to be listed: once for each look.
    var livePods: [(pod: Pod, addresses: [IPAddress])]?
    /// The holder of an address that was read has changed since: what was read says nothing.
    var isOutOfDate = false
    /// False when the time for waiting is used up.
    let mayWait: Bool
    /// The holders that are about to go, of the addresses asked for.
    private(set) var wait: ReleaseWait?

    init(mayWait: Bool) {
        self.mayWait = mayWait
    }

    /// Remembers to wait for the holder with the used key `key`, see ``ReleaseWait/add(_:at:until:)``.
    mutating func wait(for key: Key, at revision: Revision, until time: Timestamp?) {
        var wait = self.wait ?? ReleaseWait(at: revision)
        wait.add(key, at: revision, until: time)
        self.wait = wait
    }
}

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
                var added = try await operation.pool.orWithoutHistory(whenFull: false) { (pool) throws(IPAMError) in
                    var attempt = operation
                    attempt.pool = pool
                    return try await attempt.attempt(&memory)
                }
                added.waited = waited
                return added
            } catch {
                guard case .heldForNow = error, left > .zero, let wait = memory.wait else { throw error }
                let began = operation.pool.clock()
                guard try await operation.pool.wait(wait, atMost: left, now: observer.now()) else {
                    // None goes in time: once more, without.
                    left = .zero
                    continue
                }
                let time = operation.pool.clock() - began
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
        let demand = claimant.demand
        let named = try namedAddresses(demand)
        let asked = named.flatMap { [$0?.address, $0?.requested] }.compactMap { $0 }
        let annotationProblem = demand.others.problem(on: request.attachment.ifname)
        memory.hints = Array(repeating: nil, count: named.count)
        for attempt in 0..<AddressPool.attempts {
            if attempt > 0 || !claimant.owners.allSatisfy({ state.claims[$0] != nil }) {
                state = try await readState(of: claimant, addresses: asked)
            }
            if let record = state.attachment {
                if let assignments = try await repeatAdd(record, state, claimant) {
                    return Added(
                        assignments: assignments, holder: claimant.holder, annotationProblem: annotationProblem)
                }
                continue
            }
            let settings = try pool.settings(state.settings)
            if let hold = settings?.hold { throw .onHold(network: keys.network, hold) }
            if let lock = state.lock {
                try await wait(for: lock, since: state.revision)
                // That may have taken long: who was gone may be back.
                memory.verdicts = []
                memory.livePods = nil
                continue
            }
            try await requireDirected(demand)
            let mayHaveGoNodes = settings?.hasGoNodes ?? (state.document != nil)
            var context = AddContext(claimant: claimant, state: state, mayHaveGoNodes: mayHaveGoNodes)
            try await readAddresses(asked + context.claimedAddresses(in: sets), &context.state)
            let named = try settle(named, context)
            if try dependsOnOwner(named, context) {
                claimant = try await confirmed(claimant)
                // Another owner than the name tells has claims that were not read.
                guard claimant.owners.allSatisfy({ state.claims[$0] != nil }) else { continue }
                context.claimant = claimant
            }
            let sources: [AllocationPlan.Source]
            memory.isOutOfDate = false
            do throws(IPAMError) {
                sources = try await self.sources(named, &context, &memory)
            } catch {
                if memory.isOutOfDate { continue }
                throw error
            }
            state = context.state
            let plan = try AllocationPlan(
                request: request, claimant: claimant, state: state, keys: keys, sources: sources, settings: settings,
                historyDepth: pool.historyDepth)
            try requirePresentable(plan)
            guard let commit = try await pool.commit(plan.transaction) else { continue }
            switch plan.outcome(of: commit) {
            case .assigned(let addresses):
                let takeovers = sources.compactMap { source in
                    if case .named(_, _, _, let takeover) = source { takeover?.report } else { nil }
                }
                return Added(
                    assignments: try assignments(addresses, claimant), takeovers: takeovers, holder: claimant.holder,
                    annotationProblem: annotationProblem, clusterProblem: claimant.clusterProblem,
                    rangesChange: plan.rangesChange)
            case .changed: continue
            case .taken(let neighbourhood):
                memory.hints = try await findFree(for: plan, neighbourhood)
            }
        }
        throw .contention(network: keys.network)
    }

    // MARK: Repeated ADD

    /// The addresses that the attachment already has; a used key that is missing is put again, and so is the attachment
    /// where its holder is another: some runtimes give a new sandbox the ID of a former one, after a crash or a reboot,
    /// and who judges it must see the namespace that is there now. Nil when something changed in between.
    ///
    /// - Throws: ``IPAMError/held(_:by:because:)`` where the holder is a container of the same ID on another node.
    private func repeatAdd(_ record: Record, _ state: AllocationState, _ claimant: Claimant)
        async throws(IPAMError) -> [Assignment]?
    {
        var attachment = try pool.attachment(record)
        let assignments = try assignments(attachment.addresses, claimant)
        let snapshot = try await pool.read([Read(record.key)] + attachment.addresses.map { Read(keys.used($0)) })
        // Freed by force since the first read, its addresses may be another's by now.
        guard snapshot.results.first?.records.first == record else { return nil }
        let container = request.attachment.containerID.text
        var missing: [IPAddress] = []
        for (address, result) in zip(attachment.addresses, snapshot.results.dropFirst()) {
            guard let used = result.records.first else {
                missing.append(address)
                continue
            }
            guard used.value == container else { throw .inUse(address, by: "container \(used.value)") }
        }
        let holder = claimant.holder(recordedAs: attachment.holder).succeeding(attachment.holder)
        let isAnother = attachment.holder != holder
        // The very sandbox, of which only the cluster was not known, or was recorded in another way.
        let isSame = isAnother && attachment.holder.differsOnlyInCluster(from: holder)
        if missing.isEmpty, !isAnother { return assignments }
        if isAnother, !isSame { try await requireSucceedable(attachment, holder) }
        var restored = Transaction(if: [.unchanged(record.key, record.modified)], then: [])
        if !missing.isEmpty {
            if let lock = state.lock {
                try await wait(for: lock, since: state.revision)
                return nil
            }
            restored.guards += [.absent(keys.lock)] + missing.map { .absent(keys.used($0)) }
            restored.then += missing.map { .put(keys.used($0), container) }
        }
        if isAnother {
            let entries = isSame ? [] : try await replacedEntries(of: attachment, by: holder)
            restored.guards += entries.map(\.unchanged)
            restored.then += entries.flatMap(\.operations)
            attachment.holder = holder
            if !isSame { attachment.since = request.now }
            // Its addresses must still be its own.
            restored.guards += attachment.addresses.filter { !missing.contains($0) }
                .map { .value(keys.used($0), equals: container) }
            restored.then.append(.put(record.key, attachment.json.serialized()))
            // What was seen of the former sandbox says nothing of this one.
            restored.then += attachment.addresses.map { .delete(KeyRange(keys.suspect($0))) }
        }
        let done = try await pool.commit(restored)
        return done?.succeeded == true ? assignments : nil
    }

    /// What the histories tell of the sandbox that another one of the same ID replaces.
    private func replacedEntries(of attachment: Attachment, by holder: Holder) async throws(IPAMError)
        -> [HistoryUpdate]
    {
        let histories = try await pool.histories(of: attachment.addresses)
        let former = Usage(
            containerID: request.attachment.containerID.text, attachment: attachment, ifname: request.attachment.ifname)
        let who = holder.phrase ?? "container \(request.attachment.containerID)"
        let entry = HistoryEntry(
            .takenOver, at: request.now, by: who + (holder.node.map { " on \($0)" } ?? ""),
            evidence: "another ADD came with its container ID", attachment: former.json)
        return attachment.addresses.filter { histories[$0] != nil }.map { address in
            HistoryUpdate(
                key: keys.history(address), record: histories[address] ?? nil, entries: [entry],
                depth: pool.historyDepth)
        }
    }

    /// Checks that the holder of an attachment may be replaced by a sandbox of the same ID: it was on this node, or it is
    /// gone.
    private func requireSucceedable(_ attachment: Attachment, _ holder: Holder) async throws(IPAMError) {
        guard var node = observer.node?.identity else { return }
        if let name = holder.node { node.name = name }
        let former = attachment.holder
        if node.place(of: former, since: attachment.since) != .elsewhere || former.isOfSamePod(as: holder) { return }
        do throws(PodSourceError) {
            let verdict = try await observer.verdict(
                on: former, since: attachment.since, for: holder, deadline: pool.deadline)
            if case .gone = verdict { return }
        } catch {
            throw .lookupFailed(error)
        }
        guard let address = attachment.addresses.first else { return }
        let usage = Usage(
            containerID: request.attachment.containerID.text, attachment: attachment, ifname: request.attachment.ifname)
        throw .held(address, by: usage.phrase, because: "a container of the same ID has it there")
    }

    // MARK: Result

    /// Each address with its prefix length and gateway, in the order of the sets.
    private func assignments(_ addresses: [IPAddress], _ claimant: Claimant) throws(IPAMError) -> [Assignment] {
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

    private func wait(for lock: Record, since revision: Revision) async throws(IPAMError) {
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
    var verdicts: [(attachment: Record, verdict: HolderVerdict)] = []
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

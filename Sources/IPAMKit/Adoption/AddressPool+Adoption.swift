import Store

/// What became of a step.
public struct AdoptionOutcome: Hashable, Sendable {
    public let step: AdoptionStep
    /// False for a conflict, and for what changed since the look and was left alone.
    public let isDone: Bool

    public init(step: AdoptionStep, isDone: Bool) {
        self.step = step
        self.isDone = isDone
    }
}

extension AddressPool {
    /// Looks at what is to be adopted: reads the store, then the pods.
    ///
    /// - Parameters:
    ///   - configured: what the CNI file says of the network.
    ///   - cluster: by which the pods' cluster is recorded.
    ///   - observe: lists the pods; called after the store was read.
    ///   - now: the time, when all was seen.
    /// - Throws: ``IPAMError``, `lookupFailed` when the pods could not be listed: then nothing is to be done.
    public func planAdoption(
        configured: [RangeSet]?, cluster: String?, observe: () async throws(PodSourceError) -> Listing<Pod>,
        now: () -> Timestamp
    ) async throws(IPAMError) -> Adoption {
        var snapshot = try await snapshot()
        guard snapshot.hasAnything else { throw .unknownNetwork(keys.network) }
        guard snapshot.rangeSets ?? configured != nil else {
            // Which pods are the network's nobody could tell.
            throw snapshot.problems.first ?? .damaged(keys.document, DamagedValue("it is missing"))
        }
        let pods: Listing<Pod>
        do throws(PodSourceError) {
            pods = try await observe()
        } catch {
            throw .lookupFailed(error)
        }
        let time = now()
        let first = Adoption(snapshot, pods: pods, configured: configured, cluster: cluster, now: time)
        // A pod that started after the store was read reports an address that was not in use then.
        guard !first.fenced.isEmpty else { return first }
        try await renewed.noteUsed(first.fenced, in: &snapshot)
        return Adoption(snapshot, pods: pods, configured: configured, cluster: cluster, now: time)
    }

    /// Carries out the steps of `adoption`. Each is guarded by what was seen: what changed since is left alone.
    ///
    /// - Parameters:
    ///   - by: who adopts, for reservations and the history.
    ///   - progress: gets the outcomes of what is no conflict as they come, each once.
    /// - Returns: an outcome for each step, in their order.
    /// - Throws: ``IPAMError``; what was recorded until then stays so, and `progress` has it.
    public func adopt(
        _ adoption: Adoption, by: String, at now: Timestamp, progress: ([AdoptionOutcome]) -> Void = { _ in }
    ) async throws(IPAMError) -> [AdoptionOutcome] {
        var done: Set<AdoptionStep> = []
        let steps = adoption.steps.filter { !$0.isConflict }
        var rest = steps[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(Self.stepsAtOnce))
            rest = rest.dropFirst(batch.count)
            let outcomes = try await renewed.orWithoutHistory(whenFull: false) { (pool) throws(IPAMError) in
                try await pool.run(batch, by: by, at: now)
            }
            for (step, isDone) in zip(batch, outcomes) where isDone { done.insert(step) }
            progress(zip(batch, outcomes).map { AdoptionOutcome(step: $0, isDone: $1) })
        }
        return adoption.steps.map { AdoptionOutcome(step: $0, isDone: done.contains($0)) }
    }

    /// Says that no Go node is left: DELs no longer search for its records, nor ADDs for its pods.
    ///
    /// - Parameters:
    ///   - fixed: the network's fixed ranges, where a CNI file says them: for settings that have to be made.
    ///   - dryRun: true tells what would be done.
    /// - Returns: false where that was said already.
    /// - Throws: ``IPAMError``.
    public func endGoNodes(fixed: [AddressRange], dryRun: Bool = false) async throws(IPAMError) -> Bool {
        try await changeSettings(fixed: fixed, dryRun: dryRun) { settings throws(IPAMError) in
            guard settings.hasGoNodes else { return false }
            settings.hasGoNodes = false
            return true
        }
    }

    // MARK: Transactions

    /// So many stand side by side in one transaction: nested siblings do not add up in etcd's count, but their values do in
    /// the size of a request.
    private static let stepsAtOnce = 40

    /// Whether each step was carried out.
    private func run(_ steps: [AdoptionStep], by: String, at now: Timestamp) async throws(IPAMError) -> [Bool] {
        var isUnanswered = false
        for _ in 0..<Self.attempts {
            let nested = try await transactions(steps, by: by, at: now)
            guard let commit = try await commit(Transaction(if: [], then: nested.map(Operation.transaction))) else {
                isUnanswered = true
                continue
            }
            var done = commit.results.map { result in
                if case .transaction(let inner) = result { inner.succeeded } else { false }
            }
            guard isUnanswered, done.contains(false) else { return done }
            // The answer of an earlier try was lost: what is there just so was its doing.
            let puts = nested.map { transaction -> (Key, String)? in
                if case .put(let key, let value)? = transaction.then.first { (key, value) } else { nil }
            }
            let now = try await read(puts.map { Read($0?.0 ?? keys.settings) })
            for (index, result) in now.results.enumerated() where !done[index] {
                done[index] = puts[index].map { $0.1 == result.records.first?.value } ?? false
            }
            return done
        }
        throw .contention(network: keys.network)
    }

    /// One for each step; what it is about is put first.
    private func transactions(_ steps: [AdoptionStep], by: String, at now: Timestamp) async throws(IPAMError)
        -> [Transaction]
    {
        let fenced = steps.flatMap(\.fenced)
        let histories = fenced.isEmpty ? [:] : try await histories(of: fenced)
        return steps.map { step in
            switch step.action {
            case .conflict: return Transaction(if: [], then: [])
            case .record(let reference):
                let value = step.attachment?.json.serialized() ?? ""
                return Transaction(
                    // None of the container's attachments: there is no key that is newer than the beginning.
                    if: [.noneNewer(KeyRange(prefix: keys.attachmentsPrefix(of: reference.containerID)), than: 0)]
                        + step.used.map { .unchanged($0.key, $0.modified) },
                    then: [.put(keys.attachment(reference), value)])
            case .fence(let holder):
                let address = step.addresses[0]
                let reservation = Reservation(
                    for: holder, by: by, note: "adopted: \(step.claim), and nobody recorded it", since: now)
                let update = HistoryUpdate(
                    key: keys.history(address), record: histories[address] ?? nil,
                    entries: [HistoryEntry(.reserved, at: now, by: by, reservation: reservation)], depth: historyDepth)
                let claim = holder.claimOwner.map { [Operation.put(keys.claim($0, address), "")] }
                return Transaction(
                    if: [.absent(keys.reservation(address)), .absent(keys.used(address))]
                        + (historyDepth > 0 ? [update.unchanged] : []),
                    then: [.put(keys.reservation(address), reservation.json.serialized())] + (claim ?? [])
                        + update.operations)
            }
        }
    }
}

extension NetworkSnapshot {
    /// False where the store has nothing of the network.
    fileprivate var hasAnything: Bool {
        rangeSets != nil || settings != nil || !problems.isEmpty || !used.isEmpty || !attachments.isEmpty
            || !reservations.isEmpty
    }
}

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
    public func carryOut(
        _ adoption: Adoption, by: String, at now: Timestamp, progress: ([AdoptionOutcome]) -> Void = { _ in }
    ) async throws(IPAMError) -> [AdoptionOutcome] {
        let planned = adoption.steps.compactMap { step in change(step, by: by, at: now).map { (step: step, change: $0) }
        }
        var done: Set<AdoptionStep> = []
        try await carryOut(
            planned.map(\.change),
            progress: { range, outcomes in
                let outcomes = zip(planned[range], outcomes).map { AdoptionOutcome(step: $0.step, isDone: $1) }
                for outcome in outcomes where outcome.isDone { done.insert(outcome.step) }
                progress(outcomes)
            })
        return adoption.steps.map { AdoptionOutcome(step: $0, isDone: done.contains($0)) }
    }

    /// Nil for a conflict.
    private func change(_ step: AdoptionStep, by: String, at now: Timestamp) -> Change? {
        switch step.action {
        case .conflict: return nil
        case .record(let reference):
            let (key, value) = (keys.attachment(reference), step.attachment?.json.serialized() ?? "")
            // None of the container's attachments: there is no key that is newer than the beginning.
            let unattached = Guard.noneNewer(
                KeyRange(prefix: keys.attachmentsPrefix(of: reference.containerID)), than: 0)
            return Change(
                guards: [unattached] + step.used.map { .unchanged($0) },
                operations: [.put(key, value)], trace: [.value(key, equals: value)])
        case .fence(let holder):
            let note = "adopted: \(step.claim), and nobody recorded it"
            return Change(
                reserving: step.addresses[0], Reservation(for: holder, by: by, note: note, since: now), keys, at: now)
        }
    }
}

extension NetworkSnapshot {
    /// False where the store has nothing of the network.
    fileprivate var hasAnything: Bool {
        rangeSets != nil || settings != nil || !problems.isEmpty || !used.isEmpty || !tenancies.isEmpty
            || !reservations.isEmpty
    }
}

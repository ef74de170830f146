import Store

/// The result of a step.
public struct AdoptionOutcome: Hashable, Sendable {
    /// The planned step.
    public let step: AdoptionStep
    /// False for a conflict, and for a step that was left out because the store changed after the plan was made.
    public let isDone: Bool

    /// Makes the result of a step.
    public init(step: AdoptionStep, isDone: Bool) {
        self.step = step
        self.isDone = isDone
    }
}

extension AddressPool {
    /// Plans the adoption of a network: reads the store, then the pods.
    ///
    /// - Parameters:
    ///   - configured: the range sets of a CNI file, for a network without a document; nil if there is no file.
    ///   - cluster: the identity of the pods' cluster, to be recorded; nil if it is not known.
    ///   - observe: lists the pods; called after the store was read.
    ///   - now: returns the time; called after the pods were listed.
    /// - Throws: ``IPAMError``, `unknownNetwork` if the store has no key of the network, `damaged` if its range sets are not
    ///   known, `lookupFailed` if the pods could not be listed.
    public func planAdoption(
        configured: [RangeSet]?, cluster: String?, observe: () async throws(PodSourceError) -> Listing<Pod>,
        now: () -> Timestamp
    ) async throws(IPAMError) -> Adoption {
        var snapshot = try await snapshot()
        guard snapshot.hasAnything else { throw .unknownNetwork(keys.network) }
        guard snapshot.rangeSets ?? configured != nil else {
            // Without range sets it is not known which pods belong to the network.
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
        // A pod that started after the store was read reports an address that was not in use at that time.
        guard !first.fenced.isEmpty else { return first }
        try await renewed.noteUsed(first.fenced, in: &snapshot)
        return Adoption(snapshot, pods: pods, configured: configured, cluster: cluster, now: time)
    }

    /// Carries out the steps of `adoption`. Each step is guarded by the values that were read for the plan, and left out if they
    /// have changed.
    ///
    /// - Parameters:
    ///   - by: the operator, such as `root@admin1`, for reservations and the history.
    ///   - progress: gets the outcome of every step that is no conflict, once, after it was carried out.
    /// - Returns: the outcome of each step, in the order of the steps.
    /// - Throws: ``IPAMError``; the steps that `progress` got before the error are carried out.
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
            // The container must have no attachment at all: no key under its prefix is newer than revision 0.
            let unattached = Guard.noneNewer(
                KeyRange(prefix: keys.attachmentsPrefix(of: reference.containerID)), than: 0)
            return Change(
                guards: [unattached] + step.used.map { .unchanged($0) },
                operations: [.put(key, value)], trace: [.value(key, equals: value)])
        case .fence(let holder):
            let note = "adopted: \(step.claim), but it was not recorded"
            return Change(
                reserving: step.addresses[0], Reservation(for: holder, by: by, note: note, since: now), keys, at: now)
        }
    }
}

extension NetworkSnapshot {
    /// Whether the store has a key of the network.
    fileprivate var hasAnything: Bool {
        rangeSets != nil || settings != nil || !problems.isEmpty || !used.isEmpty || !tenancies.isEmpty
            || !reservations.isEmpty
    }
}

import Store

/// What became of one finding's repair.
public struct RepairOutcome: Hashable, Sendable {
    public let finding: AuditFinding
    /// False when something changed since the audit looked, and was left alone.
    public let isDone: Bool

    public init(finding: AuditFinding, isDone: Bool) {
        self.finding = finding
        self.isDone = isDone
    }
}

/// The repairs of an audit's findings, as they were looked at before they are carried out.
public struct RepairPlan: Sendable {
    public let findings: [AuditFinding]
    let snapshot: NetworkSnapshot

    /// - Parameter snapshot: what the audit has read that found `findings`.
    public init(_ findings: [AuditFinding], of snapshot: NetworkSnapshot) {
        self.findings = findings
        self.snapshot = snapshot
    }

    /// The findings about one attachment are repaired together: it is ended, or restored, whole.
    private var groups: [[AuditFinding]] {
        var groups: [[AuditFinding]] = []
        var places: [Key: Int] = [:]
        for finding in findings {
            if let key = finding.key, let place = places[key] {
                groups[place].append(finding)
            } else {
                if let key = finding.key { places[key] = groups.count }
                groups.append([finding])
            }
        }
        return groups
    }

    /// The changes, each with the findings that it repairs.
    func changes(by: String, at now: Timestamp, _ keys: Keyspace) -> [(findings: [AuditFinding], change: Change)] {
        let tenancies = Dictionary(snapshot.tenancies.map { ($0.record?.key, $0) }) { first, _ in first }
        return groups.compactMap { group in
            guard let finding = group.first else { return nil }
            let tenancy = finding.key.flatMap { tenancies[$0] }
            return change(finding, group, tenancy, by: by, at: now, keys).map { (group, $0) }
        }
    }

    private func change(
        _ finding: AuditFinding, _ group: [AuditFinding], _ tenancy: Tenancy?, by: String, at now: Timestamp,
        _ keys: Keyspace
    ) -> Change? {
        switch finding.repair {
        case .none: return nil
        case .free, .dropAttachment:
            let ending = Ending(.repaired, at: now, by: by, evidence: finding.evidence)
            if let tenancy { return Change(ending: tenancy, keys, ending) }
            guard let address = finding.address, let used = snapshot.used[address] else { return nil }
            var change = Change(
                ending: Tenancy(containerID: used.value, addresses: [address]), used: [used],
                if: .unchanged(used), keys, ending)
            // An attachment made since, as by an adoption, has the address from then on.
            if let container = try? ContainerID(used.value) {
                let attachments = KeyRange(prefix: keys.attachmentsPrefix(of: container))
                change.guards.append(.noneNewer(attachments, than: snapshot.revision))
            }
            return change
        case .restore:
            guard let tenancy, let record = tenancy.record else { return nil }
            let missing = group.filter { $0.repair == .restore }.compactMap(\.address)
            // It puts what a Go node's critical section may be about to put.
            return Change(
                guards: [.absent(keys.lock), .unchanged(record)]
                    + missing.map { .absent(keys.used($0)) },
                parts: missing.map {
                    Change.Part(address: $0, operations: [.put(keys.used($0), tenancy.containerID)])
                }, trace: missing.map { .value(keys.used($0), equals: tenancy.containerID) })
        case .dropReservation:
            guard let address = finding.address, let known = snapshot.reservations[address] else { return nil }
            let event: HistoryEntry.Event = known.reservation.isExpired(at: now) ? .expired : .released
            var change = Change(
                dropping: known.reservation, known.record, of: address, keys,
                HistoryEntry(event, at: now, by: by, evidence: finding.evidence, reservation: known.reservation))
            // A pod that came meanwhile has it by this very reservation.
            if finding.code == .reservationOrphaned { change.guards.append(.absent(keys.used(address))) }
            return change
        case .fence:
            guard let address = finding.address, let holder = finding.fenceFor else { return nil }
            return Change(
                reserving: address,
                Reservation(for: holder, by: by, note: "fenced: \(finding.evidence)", since: now), keys, at: now,
                evidence: finding.evidence)
        case .removeLock:
            guard let lock = snapshot.lock else { return nil }
            return Change(
                guards: [.unchanged(lock)], operations: [.delete(KeyRange(lock.key))],
                trace: [.absent(lock.key)])
        }
    }
}

extension AddressPool {
    /// Carries out repairs. Each is a compare-and-delete on what the audit saw: what has changed since is left alone, and so
    /// is what the store refuses: one damaged record, or a full store, must not keep the rest from being repaired.
    ///
    /// - Parameters:
    ///   - by: who repairs, for the history.
    ///   - progress: gets the outcomes as they come, each once.
    /// - Returns: an outcome for each finding, in their order.
    /// - Throws: ``IPAMError``; what was repaired until then stays so, and `progress` has it.
    public func carryOut(
        _ plan: RepairPlan, by: String, at now: Timestamp, progress: ([RepairOutcome]) -> Void = { _ in }
    ) async throws(IPAMError) -> [RepairOutcome] {
        let changes = plan.changes(by: by, at: now, keys)
        var done: Set<AuditFinding> = []
        try await carryOut(
            changes.map(\.change), skipsRefused: true,
            progress: { range, outcomes in
                var some: [RepairOutcome] = []
                for (index, isDone) in zip(range, outcomes) {
                    if isDone { done.formUnion(changes[index].findings) }
                    some += changes[index].findings.map { RepairOutcome(finding: $0, isDone: isDone) }
                }
                progress(some)
            })
        return plan.findings.map { RepairOutcome(finding: $0, isDone: done.contains($0)) }
    }
}

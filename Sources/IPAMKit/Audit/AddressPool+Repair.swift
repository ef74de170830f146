import Store

/// The result of one finding's repair.
public struct RepairOutcome: Hashable, Sendable {
    /// The finding.
    public let finding: AuditFinding
    /// False if something has changed since the audit, and the repair left it alone.
    public let isDone: Bool

    /// An outcome; `ipamctl` makes one for each finding that a dry run shows.
    public init(finding: AuditFinding, isDone: Bool) {
        self.finding = finding
        self.isDone = isDone
    }
}

/// The repairs of an audit's findings, as they are shown before they are carried out.
public struct RepairPlan: Sendable {
    /// In the order of the report.
    public let findings: [AuditFinding]
    let snapshot: NetworkSnapshot

    /// - Parameter snapshot: what the audit that found `findings` has read.
    public init(_ findings: [AuditFinding], of snapshot: NetworkSnapshot) {
        self.findings = findings
        self.snapshot = snapshot
    }

    /// The findings about one attachment are repaired together: the attachment is ended, or restored, as a whole.
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
            // If an attachment was made since, for instance by an adoption, it has the address now.
            if let container = try? ContainerID(used.value) {
                let attachments = KeyRange(prefix: keys.attachmentsPrefix(of: container))
                change.guards.append(.noneNewer(attachments, than: snapshot.revision))
            }
            return change
        case .restore:
            guard let tenancy, let record = tenancy.record else { return nil }
            let missing = group.filter { $0.repair == .restore }.compactMap(\.address)
            // The put could collide with the Go plugin's critical section on another node.
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
            // If a pod has come since, it has the address because of this reservation.
            if finding.code == .reservationOrphaned { change.guards.append(.absent(keys.used(address))) }
            return change
        case .fence:
            guard let address = finding.address, let holder = finding.fenceFor else { return nil }
            return Change(
                reserving: address,
                Reservation(for: holder, by: by, note: Reservation.untrackedMark + finding.evidence, since: now), keys,
                at: now,
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
    /// Carries out repairs. Each is a compare-and-delete on what the audit saw. A repair is skipped if something has
    /// changed since, or if the store refuses it: one damaged record, or a full store, must not keep the others from
    /// being carried out.
    ///
    /// - Parameters:
    ///   - by: the author of the repairs, for the history.
    ///   - progress: receives the outcomes as they come, each once.
    /// - Returns: an outcome for each finding, in the order of the findings.
    /// - Throws: ``IPAMError``; what was repaired before stays so, and `progress` has received it.
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

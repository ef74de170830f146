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

extension AddressPool {
    /// Carries out the repairs of `findings`, which an audit of `snapshot` found. Each is a compare-and-delete on what was
    /// seen: what changed since is left alone.
    ///
    /// - Parameters:
    ///   - by: who repairs, for the history.
    ///   - progress: gets the outcomes as they come, each once.
    /// - Returns: an outcome for each finding, in their order.
    /// - Throws: ``IPAMError``; what was repaired until then stays so, and `progress` has it.
    public func repair(
        _ findings: [AuditFinding], of snapshot: NetworkSnapshot, by: String, at now: Timestamp,
        progress: ([RepairOutcome]) -> Void = { _ in }
    ) async throws(IPAMError) -> [RepairOutcome] {
        let units = units(of: findings, snapshot)
        var done: Set<AuditFinding> = []
        var rest = units[...]
        while !rest.isEmpty {
            let batch = Self.batch(&rest)
            var outcomes: [RepairOutcome] = []
            for (unit, isDone) in zip(batch, try await renewed.runOrSplit(batch, by: by, at: now)) {
                if isDone { done.formUnion(unit.findings) }
                outcomes += unit.findings.map { RepairOutcome(finding: $0, isDone: isDone) }
            }
            progress(outcomes)
        }
        return findings.map { RepairOutcome(finding: $0, isDone: done.contains($0)) }
    }

    /// The next units that fit into one transaction. Two that write to the history of one address do not: etcd takes no key
    /// that is put twice.
    private static func batch(_ rest: inout ArraySlice<Unit>) -> [Unit] {
        var batch: [Unit] = []
        var touched: Set<IPAddress> = []
        while let unit = rest.first, batch.count < repairsAtOnce, touched.isDisjoint(with: unit.addresses) {
            touched.formUnion(unit.addresses)
            batch.append(unit)
            rest = rest.dropFirst()
        }
        return batch
    }

    /// So many stand side by side in one transaction: nested siblings do not add up in etcd's count, but their histories
    /// do in the size of a request.
    private static let repairsAtOnce = 40

    /// What one nested transaction repairs.
    private struct Unit {
        var findings: [AuditFinding]
        let action: Action

        enum Action {
            case end(Tenancy)
            case restore(NetworkSnapshot.Held, [IPAddress])
            case dropReservation(IPAddress, Record, Reservation)
            case fence(IPAddress, Reservation)
            case delete(Record)
        }

        /// The addresses whose histories it adds to.
        var addresses: [IPAddress] {
            switch action {
            case .end(let tenancy): tenancy.addresses
            case .dropReservation(let address, _, _), .fence(let address, _): [address]
            case .restore(_, let missing): missing
            case .delete: []
            }
        }
    }

    /// The findings about one attachment are one unit: it is ended, or restored, whole.
    private func units(of findings: [AuditFinding], _ snapshot: NetworkSnapshot) -> [Unit] {
        let held = Dictionary(snapshot.attachments.map { ($0.record.key, $0) }) { first, _ in first }
        var units: [Unit] = []
        var places: [Key: Int] = [:]
        for finding in findings {
            if let key = finding.key, let place = places[key] {
                units[place].findings.append(finding)
                continue
            }
            guard let action = action(finding, findings, snapshot, held) else { continue }
            if let key = finding.key { places[key] = units.count }
            units.append(Unit(findings: [finding], action: action))
        }
        return units
    }

    private func action(
        _ finding: AuditFinding, _ all: [AuditFinding], _ snapshot: NetworkSnapshot,
        _ held: [Key: NetworkSnapshot.Held]
    ) -> Unit.Action? {
        let attachment = finding.key.flatMap { held[$0] }
        switch finding.repair {
        case .none: return nil
        case .free, .dropAttachment:
            if let attachment {
                return .end(Tenancy(attachment.reference, attachment.record, attachment.attachment))
            }
            guard let address = finding.address, let used = snapshot.used[address] else { return nil }
            // An attachment made since, as by an adoption, has the address from then on.
            let condition = (try? ContainerID(used.value)).map { container in
                Guard.noneNewer(KeyRange(prefix: keys.attachmentsPrefix(of: container)), than: snapshot.revision)
            }
            return .end(Tenancy(of: used.value, used: [(used, address)], if: condition))
        case .restore:
            guard let attachment else { return nil }
            return .restore(
                attachment, all.filter { $0.key == finding.key && $0.repair == .restore }.compactMap(\.address))
        case .dropReservation:
            guard let address = finding.address, let known = snapshot.reservations[address] else { return nil }
            return .dropReservation(address, known.record, known.reservation)
        case .fence:
            guard let address = finding.address, let holder = finding.fenceFor else { return nil }
            return .fence(address, Reservation(for: holder, note: "fenced: \(finding.evidence)"))
        case .removeLock: return snapshot.lock.map { .delete($0) }
        }
    }

    // MARK: Transactions

    /// Whether each unit was carried out. What the store refuses together is tried one by one, and what it refuses alone is
    /// left alone: one damaged record, or a full store, must not keep the rest from being repaired.
    private func runOrSplit(_ units: [Unit], by: String, at now: Timestamp) async throws(IPAMError) -> [Bool] {
        do throws(IPAMError) {
            // Those that are too large together are tried one by one, before one of them goes without its history.
            return try await orWithoutHistory(whenTooLarge: units.count == 1) { (pool) throws(IPAMError) in
                var done = try await pool.run(units, by: by, at: now)
                // Once more for those that failed: a history may have changed, and nothing else.
                let failed = units.indices.filter { !done[$0] }
                if !failed.isEmpty {
                    for (index, isDone) in zip(failed, try await pool.run(failed.map { units[$0] }, by: by, at: now)) {
                        done[index] = isDone
                    }
                }
                return done
            }
        } catch {
            switch error {
            case .store(.refused), .store(.tooLarge), .store(.full): break
            default: throw error
            }
        }
        guard units.count > 1 else { return [false] }
        var done: [Bool] = []
        for unit in units { done += try await renewed.runOrSplit([unit], by: by, at: now) }
        return done
    }

    /// Whether each unit was carried out.
    private func run(_ units: [Unit], by: String, at now: Timestamp) async throws(IPAMError) -> [Bool] {
        var isUnanswered = false
        for _ in 0..<Self.attempts {
            let nested = try await transactions(units, by: by, at: now)
            guard let commit = try await commit(Transaction(if: [], then: nested.map(Operation.transaction))) else {
                isUnanswered = true
                continue
            }
            let succeeded = commit.results.map { result in
                if case .transaction(let inner) = result { inner.succeeded } else { false }
            }
            guard isUnanswered else { return succeeded }
            // The answer of an earlier try was lost: what is gone now may have been its doing.
            return try await zipDone(units, succeeded)
        }
        throw .contention(network: keys.network)
    }

    private func zipDone(_ units: [Unit], _ succeeded: [Bool]) async throws(IPAMError) -> [Bool] {
        var done: [Bool] = []
        for (unit, success) in zip(units, succeeded) {
            if success {
                done.append(true)
                continue
            }
            let key: Key? =
                switch unit.action {
                case .end(let tenancy): tenancy.record?.key ?? tenancy.unattached.first?.key
                case .dropReservation(_, let record, _), .delete(let record): record.key
                case .restore, .fence: nil
                }
            guard let key else {
                done.append(false)
                continue
            }
            done.append(try await read([Read(KeyRange(key), .keys)]).results.first?.records.isEmpty ?? false)
        }
        return done
    }

    private func transactions(_ units: [Unit], by: String, at now: Timestamp) async throws(IPAMError) -> [Transaction] {
        let histories = try await histories(of: units.flatMap(\.addresses))
        func update(_ address: IPAddress, _ entry: HistoryEntry) -> HistoryUpdate? {
            guard historyDepth > 0 else { return nil }
            return HistoryUpdate(
                key: keys.history(address), record: histories[address] ?? nil, entries: [entry], depth: historyDepth)
        }
        return units.map { unit in
            let evidence = unit.findings.first?.evidence
            switch unit.action {
            case .end(let tenancy):
                let ending = Ending(.repaired, at: now, by: by, evidence: evidence)
                var updates: [IPAddress: HistoryUpdate] = [:]
                for address in tenancy.addresses { updates[address] = update(address, ending.entry(tenancy.usage)) }
                let deletions = deletions(tenancy, updates)
                return Transaction(
                    if: deletions.guards + tenancy.unattached.map { .unchanged($0.key, $0.modified) },
                    then: (tenancy.record.map { [.delete(KeyRange($0.key))] } ?? []) + deletions.operations.inSiblings)
            case .restore(let held, let missing):
                // It puts what a Go node's critical section may be about to put.
                return Transaction(
                    if: [.absent(keys.lock), .unchanged(held.record.key, held.record.modified)]
                        + missing.map { .absent(keys.used($0)) },
                    then: missing.map { .put(keys.used($0), held.reference.containerID.text) })
            case .dropReservation(let address, let record, let reservation):
                let event: HistoryEntry.Event = reservation.isExpired(at: now) ? .expired : .released
                let change = update(
                    address, HistoryEntry(event, at: now, by: by, evidence: evidence, reservation: reservation))
                let claim = reservation.holder.claimOwner.map { [Operation.delete(KeyRange(keys.claim($0, address)))] }
                // A pod that came meanwhile has it by this very reservation.
                let isOrphan = unit.findings.contains { $0.code == .reservationOrphaned }
                return Transaction(
                    if: [.unchanged(record.key, record.modified)] + (change.map { [$0.unchanged] } ?? [])
                        + (isOrphan ? [.absent(keys.used(address))] : []),
                    then: [.delete(KeyRange(record.key))] + (claim ?? []) + (change?.operations ?? []))
            case .fence(let address, var reservation):
                reservation.by = by
                reservation.since = now
                let change = update(
                    address, HistoryEntry(.reserved, at: now, by: by, evidence: evidence, reservation: reservation))
                let claim = reservation.holder.claimOwner.map { [Operation.put(keys.claim($0, address), "")] }
                return Transaction(
                    if: [.absent(keys.reservation(address)), .absent(keys.used(address))]
                        + (change.map { [$0.unchanged] } ?? []),
                    then: [.put(keys.reservation(address), reservation.json.serialized())] + (claim ?? [])
                        + (change?.operations ?? []))
            case .delete(let record):
                return Transaction(
                    if: [.unchanged(record.key, record.modified)], then: [.delete(KeyRange(record.key))])
            }
        }
    }
}

import Store

extension AddressPool {
    /// Plans to restore the network from a backup. Nothing is changed.
    ///
    /// Memory grows with the number of keys that differ, and with their values.
    ///
    /// - Parameters:
    ///   - header: of the file.
    ///   - next: gives the file's next key of any network, in the order of the file; nil at the end, after it has checked that
    ///     the file is complete.
    /// - Throws: ``IPAMError``, `store`; ``BackupProblem``; and what `next` throws.
    public func planRestore(of header: BackupHeader, next: () throws -> BackupEntry?) async throws -> RestorePlan {
        let timeout = deadline - clock()
        let revision = try await read([Read(KeyRange(keys.document), .keys)]).revision
        let cluster = try await identity()
        var planner = RestorePlanner(keys, header)
        var pages = KeyPages(store, keys.ranges, at: revision, timeout: max(timeout, .seconds(1)))
        var page: ArraySlice<Record> = []
        func stored() async throws(IPAMError) -> Record? {
            while page.isEmpty {
                guard let next = try await pages.next() else { return nil }
                page = next[...]
            }
            return page.first
        }
        while let entry = try next() {
            guard entry.network == keys.network else { continue }
            while let record = try await stored(), record.key < entry.key {
                planner.note(record.key, nil, record)
                page.removeFirst()
            }
            let record = try await stored()
            if let record, record.key == entry.key { page.removeFirst() }
            planner.note(entry.key, entry.value, record?.key == entry.key ? record : nil)
        }
        while let record = try await stored() {
            planner.note(record.key, nil, record)
            page.removeFirst()
        }
        var plan = try planner.plan(at: revision, of: cluster)
        try await addNeighbours(to: &plan)
        return plan
    }

    private func identity() async throws(IPAMError) -> String? {
        do throws(StoreError) {
            return try await store.identity(reading: keys.document, deadline: renewed.deadline)
        } catch {
            throw .store(error)
        }
    }

    /// Guards what a unit does not change, but is based on: the used keys of an attachment that it puts, and the attachments
    /// of a container whose used key it puts. A DEL in the meantime deletes all of them.
    private func addNeighbours(to plan: inout RestorePlan) async throws(IPAMError) {
        var wanted: [(unit: Int, read: Read)] = []
        for (index, unit) in plan.units.enumerated() {
            let changed = Set(unit.changes.map(\.key))
            for change in unit.changes {
                guard let value = change.value?.text else { continue }
                if change.kind == .attachment {
                    for address in (try? Attachment(stored: value))?.addresses ?? [] {
                        let key = keys.used(address)
                        if !changed.contains(key) { wanted.append((index, Read(key))) }
                    }
                } else if change.kind == .used, let container = try? ContainerID(value) {
                    let prefix = keys.attachmentsPrefix(of: container)
                    if !unit.changes.contains(where: { $0.key.text.hasPrefix(prefix) }) {
                        wanted.append((index, Read(KeyRange(prefix: prefix))))
                    }
                }
            }
        }
        var rest = wanted[...]
        while !rest.isEmpty {
            let some = rest.prefix(Transaction.maximumWidth)
            rest = rest.dropFirst(some.count)
            let results = try await renewed.results(of: some.map(\.read), at: plan.revision)
            for ((unit, read), result) in zip(some, results) {
                plan.units[unit].neighbours += result.records.map { .unchanged($0.key, $0.modified) }
                if result.records.isEmpty {
                    plan.units[unit].neighbours.append(.noneNewer(read.range, than: plan.revision))
                }
            }
        }
    }

    // MARK: Carrying out

    /// Restores the network as planned: puts it on hold, so that no pod gets an address meanwhile, and then carries out each
    /// unit if nothing has changed that it is based on. If it is stopped in the middle, another plan does the rest.
    ///
    /// - Parameters:
    ///   - hold: for a network that is not on hold. It stays on hold afterwards.
    ///   - progress: receives the number of units that were tried.
    /// - Returns: the changes that were not made, because the store has changed in the meantime.
    /// - Throws: ``IPAMError``, `outdated` if the network's settings or ranges have changed: then nothing was changed.
    public func carryOut(
        _ plan: RestorePlan, hold: NetworkSettings.Hold, progress: (Int) -> Void = { _ in }
    ) async throws(IPAMError) -> [RestoreChange] {
        try await renewed.begin(plan, hold)
        var outdated: [RestoreChange] = []
        var rest = plan.units[...]
        while let first = rest.first {
            let stages = first.stages
            if stages.count > 1 {
                rest.removeFirst()
                for stage in stages {
                    if try await renewed.commitTogether([stage]) == [true] { continue }
                    outdated += first.changes
                    break
                }
            } else {
                let batch = Self.batch(rest)
                rest = rest.dropFirst(batch.count)
                let done = try await renewed.commitTogether(batch.map { $0.stages[0] })
                for (unit, isDone) in zip(batch, done) where !isDone { outdated += unit.changes }
            }
            progress(plan.units.count - rest.count)
        }
        return outdated
    }

    /// The units that fit into one transaction; at least one.
    private static func batch(_ rest: ArraySlice<RestoreUnit>) -> [RestoreUnit] {
        var batch: [RestoreUnit] = []
        var size = 0
        for unit in rest.prefix(RestoreUnit.mostAtOnce) {
            size += unit.size
            guard batch.isEmpty || (size <= RestoreUnit.mostBytes && unit.stages.count == 1) else { break }
            batch.append(unit)
        }
        return batch
    }

    /// Restores the network's ranges and settings, and puts it on hold.
    private func begin(_ plan: RestorePlan, _ hold: NetworkSettings.Hold) async throws(IPAMError) {
        let ranges = plan.settings.filter { $0.kind == .ranges }
        // Settings that cannot be read are replaced only by those of the file.
        if plan.stored == nil, !plan.settings.contains(where: { $0.kind == .settings }) {
            _ = try self.settings(plan.record)
        }
        var settings = plan.wanted
        settings.setHold(plan.hold ?? hold)
        // If the network is on hold already, it must still be.
        let isHeld = plan.hold != nil && plan.settings.isEmpty
        let transaction = Transaction(
            if: [.unchanged(keys.settings, plan.record)] + ranges.map(\.guardOfKey),
            then: isHeld ? [] : [.put(keys.settings, settings.serialized())] + ranges.map(\.operation))
        if try await commitTogether([transaction]) != [true] { throw .outdated(network: keys.network, []) }
    }

    /// Carries out transactions side by side, each if its guards hold.
    ///
    /// - Returns: whether each was carried out.
    private func commitTogether(_ transactions: [Transaction]) async throws(IPAMError) -> [Bool] {
        var done = [Bool?](repeating: nil, count: transactions.count)
        try await carryOut(
            withoutHistoryWhenFull: false, whenTooLarge: false,
            plan: { (round) throws(IPAMError) -> Planned<[Int], Void> in
                if round.isUnanswered {
                    for index in transactions.indices where done[index] == nil {
                        if try await round.pool.isCarriedOut(transactions[index]) { done[index] = true }
                    }
                }
                let open = transactions.indices.filter { done[$0] == nil }
                guard !open.isEmpty else { return .done(()) }
                return .commit(Transaction(if: [], then: open.map { .transaction(transactions[$0]) }), open)
            },
            outcome: { open, commit in
                for (index, result) in zip(open, commit.results) {
                    if case .transaction(let nested) = result { done[index] = nested.succeeded }
                }
                return ()
            })
        return done.map { $0 ?? false }
    }

    /// Whether the store has what a transaction puts, and has not what it deletes. One without operations can be repeated.
    private func isCarriedOut(_ transaction: Transaction) async throws(IPAMError) -> Bool {
        guard !transaction.then.isEmpty else { return false }
        let reads = transaction.then.compactMap { operation in
            switch operation {
            case .put(let key, _), .putBytes(let key, _): Read(key)
            case .delete(let range): Read(range)
            case .read, .transaction: Read?.none
            }
        }
        let results = try await results(of: reads)
        return zip(transaction.then, results).allSatisfy { operation, result in
            switch operation {
            case .put(_, let text): result.records.first.map(StoredValue.init) == .text(text)
            case .putBytes(_, let bytes): result.records.first.map(StoredValue.init) == .bytes(bytes)
            case .delete, .read, .transaction: result.records.isEmpty
            }
        }
    }
}

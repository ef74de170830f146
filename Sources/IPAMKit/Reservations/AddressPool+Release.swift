import Store

/// What releasing an address comes to.
public struct ReleaseChange: Hashable, Sendable {
    public let address: IPAddress
    /// The reservation that was dropped.
    public let dropped: Reservation?
    /// Who used the address that was freed.
    public let freed: Usage?
    /// Who goes on using it, because freeing it was not asked for.
    public let stillUsed: Usage?
    /// True when the address changed between the look and the release, and was left alone.
    public let changedMeanwhile: Bool
}

/// A release as it was looked at: what it does is what was seen then, and nothing that came later.
public struct ReleasePlan: Sendable {
    let entries: [AddressEntry]
    let states: [IPAddress: AddressState]
    let force: Bool

    /// The addresses, each once, in the order they were asked for.
    public var addresses: [IPAddress] { entries.map(\.address) }
    /// Who uses the addresses that would be freed.
    public var usages: [Usage] { force ? entries.compactMap(\.usage) : [] }
    /// What would be done.
    public var changes: [ReleaseChange] { changes(through: entries.count) { _ in true } }

    /// One change for each of the first `count` addresses, each followed by those for the other addresses of its attachment.
    ///
    /// - Parameter release: whether an address was released; false where it changed meanwhile.
    public func changes(through count: Int, _ release: (IPAddress) -> Bool) -> [ReleaseChange] {
        let named = Set(addresses)
        var freed: Set<IPAddress> = []
        var changes: [ReleaseChange] = []
        for entry in entries.prefix(count) {
            let isDone = release(entry.address)
            changes.append(
                ReleaseChange(
                    address: entry.address, dropped: isDone ? entry.reservation : nil,
                    freed: isDone && force ? entry.usage : nil, stillUsed: force ? nil : entry.usage,
                    changedMeanwhile: !isDone))
            guard isDone, force, let usage = entry.usage, let others = usage.attachment?.addresses else { continue }
            for other in others where freed.insert(other).inserted && !named.contains(other) {
                changes.append(
                    ReleaseChange(
                        address: other, dropped: nil, freed: usage, stillUsed: nil, changedMeanwhile: false))
            }
        }
        return changes
    }
}

extension AddressPool {
    /// Looks at addresses that are to be released: reservations are to be dropped, and with `force` addresses in use
    /// are to be freed, with all that their attachment holds: an interface never keeps a part of its addresses.
    ///
    /// - Parameters:
    ///   - isMeant: false passes an address over, because it is not, or no longer, what was asked for.
    ///   - drops: false keeps a reservation, and with it an address that is only reserved.
    /// - Throws: ``IPAMError``: `conflicts` for an address that is in use and not to be forced, `nothingToRelease` for
    ///   one that is neither reserved nor used.
    public func planRelease(
        of addresses: [IPAddress], force: Bool, where isMeant: (AddressEntry) -> Bool = { _ in true },
        drops: (Reservation) -> Bool = { _ in true }
    ) async throws(IPAMError) -> ReleasePlan {
        let snapshot = try await entries(of: addresses)
        var seen: Set<IPAddress> = []
        var states = snapshot.states
        var entries: [AddressEntry] = []
        for entry in snapshot.entries where isMeant(entry) && seen.insert(entry.address).inserted {
            guard let reservation = entry.reservation, !drops(reservation) else {
                entries.append(entry)
                continue
            }
            states[entry.address]?.reservation = nil
            if let usage = entry.usage {
                entries.append(
                    AddressEntry(network: entry.network, address: entry.address, usage: usage, reservation: nil))
            }
        }
        let unknown = entries.filter { $0.state == .free }.map(\.address)
        guard unknown.isEmpty else { throw .nothingToRelease(network: keys.network, unknown) }
        if !force {
            let onlyUsed = entries.compactMap { entry -> ReservationConflict? in
                guard entry.reservation == nil, let usage = entry.usage else { return nil }
                return ReservationConflict(address: entry.address, problem: "is in use by \(usage.phrase)")
            }
            guard onlyUsed.isEmpty else { throw .conflicts(onlyUsed) }
        }
        return ReleasePlan(entries: entries, states: states, force: force)
    }

    /// Carries out `plan`. Each release is one compare-and-delete on what the plan saw: an address that changed since is
    /// left alone, and told.
    ///
    /// - Parameters:
    ///   - ending: how the history is to call what is freed; nil leaves no trace there.
    ///   - progress: told of each address of the plan, in their order, whether it was released.
    /// - Throws: ``IPAMError``; what was released until then stays so, and `progress` has it.
    public func release(
        _ plan: ReleasePlan, ending: Ending? = nil, progress: (IPAddress, Bool) -> Void = { _, _ in }
    ) async throws(IPAMError) -> [ReleaseChange] {
        // Addresses that went with the attachment of one before.
        var freed: Set<IPAddress> = []
        var done: Set<IPAddress> = []
        for entry in plan.entries {
            let release = Release(
                entry, plan.states[entry.address] ?? AddressState(), frees: plan.force && !freed.contains(entry.address)
            )
            let isDone = try await renewed.orWithoutHistory { (pool) throws(IPAMError) in
                try await pool.run(release, pool.historyDepth > 0 ? ending : nil)
            }
            progress(entry.address, isDone)
            guard isDone else { continue }
            done.insert(entry.address)
            if plan.force { freed.formUnion(entry.usage?.attachment?.addresses ?? []) }
        }
        return plan.changes(through: plan.entries.count, done.contains)
    }

    /// What is released of one address: its reservation, and the tenancy that is ended.
    private struct Release {
        let address: IPAddress
        let reservation: (record: Record, value: Reservation?)?
        let tenancy: Tenancy?
        /// The records that must not have changed.
        var unchanged: [Record] {
            (reservation.map { [$0.record] } ?? []) + (tenancy?.record.map { [$0] } ?? tenancy?.unattached ?? [])
        }

        init(_ entry: AddressEntry, _ state: AddressState, frees: Bool) {
            address = entry.address
            reservation = state.reservation.map { ($0, entry.reservation) }
            guard frees, let usage = entry.usage, let used = state.used else {
                tenancy = nil
                return
            }
            if let attachment = usage.attachment, let record = state.attachment, let ifname = usage.ifname,
                let container = try? ContainerID(usage.containerID)
            {
                tenancy = Tenancy(
                    AttachmentReference(containerID: container, ifname: ifname), record, attachment)
            } else {
                tenancy = Tenancy(of: used.value, used: [(used, address)])
            }
        }
    }

    /// The transaction of a release, on the histories as they are now.
    private func transaction(_ release: Release, _ ending: Ending?) async throws(IPAMError) -> Transaction {
        var addresses = release.tenancy?.addresses ?? []
        if !addresses.contains(release.address) { addresses.append(release.address) }
        // More than an interface can have are what a damaged attachment left.
        let ending = addresses.count <= [Operation].mostSiblings ? ending : nil
        let histories = ending == nil ? [:] : try await histories(of: addresses)
        var updates: [IPAddress: HistoryUpdate] = [:]
        if let ending {
            for address in addresses {
                var entries: [HistoryEntry] = []
                if let tenancy = release.tenancy { entries.append(ending.entry(tenancy.usage)) }
                if address == release.address, let reservation = release.reservation?.value {
                    entries.append(.init(.released, at: ending.at, by: ending.by, reservation: reservation))
                }
                updates[address] = HistoryUpdate(
                    key: keys.history(address), record: histories[address] ?? nil, entries: entries, depth: historyDepth
                )
            }
        }
        var guards: [Guard] = []
        var operations: [Operation] = []
        if let (record, value) = release.reservation {
            guards.append(.unchanged(record.key, record.modified))
            operations.append(.delete(KeyRange(record.key)))
            if let owner = value?.holder.claimOwner {
                operations.append(.delete(KeyRange(keys.claim(owner, release.address))))
            }
        }
        if let tenancy = release.tenancy {
            let deletions = deletions(tenancy, updates)
            guards += deletions.guards + tenancy.unattached.map { .unchanged($0.key, $0.modified) }
            if let record = tenancy.record { operations.append(.delete(KeyRange(record.key))) }
            operations += deletions.operations.inSiblings
        } else if let update = updates[release.address] {
            guards.append(update.unchanged)
            operations += update.operations
        }
        return Transaction(if: guards, then: operations)
    }

    /// Runs a release if nothing changed; false when something did.
    private func run(_ release: Release, _ ending: Ending?) async throws(IPAMError) -> Bool {
        let unchanged = release.unchanged
        guard !unchanged.isEmpty else { return true }
        var isUnanswered = false
        for _ in 0..<Self.attempts {
            let commit = try await commit(transaction(release, ending))
            if commit?.succeeded == true { return true }
            if commit == nil { isUnanswered = true }
            // An answer was lost, or a history has changed. What is gone after a lost answer was deleted by this very
            // transaction, or by one that meant the same.
            let now = try await read(unchanged.map { Read($0.key) }).results.map(\.records.first)
            if isUnanswered, now.allSatisfy({ $0 == nil }) { return true }
            guard now == unchanged.map(Optional.some) else { return false }
        }
        throw .contention(network: keys.network)
    }
}

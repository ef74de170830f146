import Store

/// What releasing an address comes to.
public struct ReleaseChange: Hashable, Sendable {
    public let address: IPAddress
    /// The reservation that was dropped.
    public let dropped: Reservation?
    /// Who used the address that was freed.
    public let freed: Tenancy?
    /// Who goes on using it, because freeing it was not asked for.
    public let stillUsed: Tenancy?
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
    public var tenancies: [Tenancy] { force ? entries.compactMap(\.tenancy) : [] }
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
                    freed: isDone && force ? entry.tenancy : nil, stillUsed: force ? nil : entry.tenancy,
                    changedMeanwhile: !isDone))
            guard isDone, force, let tenancy = entry.tenancy else { continue }
            for other in tenancy.addresses where freed.insert(other).inserted && !named.contains(other) {
                changes.append(
                    ReleaseChange(
                        address: other, dropped: nil, freed: tenancy, stillUsed: nil, changedMeanwhile: false))
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
            if let tenancy = entry.tenancy {
                entries.append(
                    AddressEntry(network: entry.network, address: entry.address, tenancy: tenancy, reservation: nil))
            }
        }
        let unknown = entries.filter { $0.state == .free }.map(\.address)
        guard unknown.isEmpty else { throw .nothingToRelease(network: keys.network, unknown) }
        if !force {
            let onlyUsed = entries.compactMap { entry -> ReservationConflict? in
                guard entry.reservation == nil, let tenancy = entry.tenancy else { return nil }
                return ReservationConflict(address: entry.address, problem: "is in use by \(tenancy.phrase)")
            }
            guard onlyUsed.isEmpty else { throw .conflicts(onlyUsed) }
        }
        return ReleasePlan(entries: entries, states: states, force: force)
    }

    /// Carries out a release. Each address is one compare-and-delete on what the plan saw: an address that has changed since
    /// is left alone.
    ///
    /// - Parameters:
    ///   - ending: how the history is to call what is freed; nil leaves no trace there.
    ///   - progress: gets each address of the plan, in their order, and whether it was released.
    /// - Throws: ``IPAMError``; what was released until then stays so, and `progress` has it.
    public func carryOut(
        _ plan: ReleasePlan, ending: Ending? = nil, progress: (IPAddress, Bool) -> Void = { _, _ in }
    ) async throws(IPAMError) -> [ReleaseChange] {
        // Addresses that went with the attachment of one before.
        var freed: Set<IPAddress> = []
        var done: Set<IPAddress> = []
        for entry in plan.entries {
            let frees = plan.force && !freed.contains(entry.address)
            let change = change(entry, plan.states[entry.address] ?? AddressState(), frees: frees, ending)
            let isDone = change.isEmpty ? true : try await carryOut([change]) == [true]
            progress(entry.address, isDone)
            guard isDone else { continue }
            done.insert(entry.address)
            if plan.force { freed.formUnion(entry.tenancy?.addresses ?? []) }
        }
        return plan.changes(through: plan.entries.count, done.contains)
    }

    /// What is released of one address: its reservation, and the tenancy if it is to be ended.
    private func change(_ entry: AddressEntry, _ state: AddressState, frees: Bool, _ ending: Ending?) -> Change {
        var change = Change()
        if frees, let tenancy = entry.tenancy, let used = state.used {
            if tenancy.record != nil {
                change = Change(ending: tenancy, keys, ending)
            } else {
                change = Change(
                    ending: tenancy, used: [used], if: .unchanged(used), keys, ending)
            }
        }
        if let record = state.reservation {
            let entryOfHistory = ending.flatMap { ending in
                entry.reservation.map {
                    HistoryEntry(.released, at: ending.at, by: ending.by, reservation: $0)
                }
            }
            change.append(Change(dropping: entry.reservation, record, of: entry.address, keys, entryOfHistory))
        }
        return change
    }
}

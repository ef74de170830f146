import Store

/// The result of the release of one address.
public struct ReleaseChange: Hashable, Sendable {
    /// The address, or another address of an attachment that was freed.
    public let address: IPAddress
    /// The reservation that was removed; nil if there was none.
    public let dropped: Reservation?
    /// The tenancy that was ended; nil if the address was not freed.
    public let freed: Tenancy?
    /// The tenancy that goes on, because the release was without force; nil if the address is not in use.
    public let stillUsed: Tenancy?
    /// True if the address was not released, because it changed after the plan was made.
    public let changedMeanwhile: Bool
}

/// A planned release: only what was read for the plan is released, and nothing that changed later.
public struct ReleasePlan: Sendable {
    let entries: [AddressEntry]
    let states: [IPAddress: AddressState]
    /// The addresses in use that are to be freed.
    let frees: Set<IPAddress>
    /// The histories that were read together with the rest.
    let histories: [IPAddress: Record?]

    /// The addresses, each once, in the order of the request.
    public var addresses: [IPAddress] { entries.map(\.address) }
    /// The tenancies that are to be ended; empty without force.
    public var tenancies: [Tenancy] { entries.filter { frees.contains($0.address) }.compactMap(\.tenancy) }
    /// The changes, if no address changes before they are carried out.
    public var changes: [ReleaseChange] { changes(through: entries.count) { _ in true } }

    /// One change for each of the first `count` addresses, each followed by those for the other addresses of its attachment.
    ///
    /// - Parameter release: whether an address was released; false if it changed after the plan was made.
    public func changes(through count: Int, _ release: (IPAddress) -> Bool) -> [ReleaseChange] {
        let named = Set(addresses)
        var freed: Set<IPAddress> = []
        var changes: [ReleaseChange] = []
        for entry in entries.prefix(count) {
            let isDone = release(entry.address)
            let force = frees.contains(entry.address)
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
    /// Plans the release of addresses: their reservations are removed. With `force`, addresses in use are freed, too, together
    /// with all other addresses of their attachments: an interface never keeps a part of its addresses.
    ///
    /// - Parameters:
    ///   - isMeant: returns false for an address that is not to be released.
    ///   - drops: returns false for a reservation that is to be kept; an address that is only reserved is then left out.
    ///   - frees: returns false for a tenancy that goes on even with `force`.
    /// - Throws: ``IPAMError``: without force `conflicts` if an address is in use and not reserved; `nothingToRelease` if an
    ///   address is neither reserved nor in use.
    public func planRelease(
        of addresses: [IPAddress], force: Bool, where isMeant: (AddressEntry) -> Bool = { _ in true },
        drops: (Reservation) -> Bool = { _ in true }, frees: (Tenancy) -> Bool = { _ in true }
    ) async throws(IPAMError) -> ReleasePlan {
        let snapshot = try await renewed.entries(of: addresses, withHistories: true)
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
        let freed = entries.filter { force && ($0.tenancy.map(frees) ?? false) }.map(\.address)
        return ReleasePlan(
            entries: entries, states: states, frees: Set(freed), histories: snapshot.histories)
    }

    /// Carries out a release. Each address is one compare-and-delete of the values that were read for the plan: an address that
    /// has changed since is not released.
    ///
    /// - Parameters:
    ///   - ending: the operation for the history; nil for no entries.
    ///   - progress: gets each address of the plan, in order, and whether it was released.
    /// - Throws: ``IPAMError``; the addresses that `progress` got before the error are released.
    public func carryOut(
        _ plan: ReleasePlan, ending: Ending? = nil, progress: (IPAddress, Bool) -> Void = { _, _ in }
    ) async throws(IPAMError) -> [ReleaseChange] {
        // The addresses of attachments that were freed.
        var freed: Set<IPAddress> = []
        var done: Set<IPAddress> = []
        for entry in plan.entries {
            let frees = plan.frees.contains(entry.address) && !freed.contains(entry.address)
            let change = change(entry, plan.states[entry.address] ?? AddressState(), frees: frees, ending)
            let isDone =
                change.isEmpty ? true : try await carryOut([change], histories: plan.histories) == [true]
            progress(entry.address, isDone)
            guard isDone else { continue }
            done.insert(entry.address)
            if frees { freed.formUnion(entry.tenancy?.addresses ?? []) }
        }
        return plan.changes(through: plan.entries.count, done.contains)
    }

    /// The change for one address: removes its reservation, and ends its tenancy if `frees`.
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

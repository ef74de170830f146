import Store

/// What releasing an address comes to.
public struct ReleaseChange: Hashable, Sendable {
    public let address: IPAddress
    /// The reservation that was dropped.
    public let dropped: Reservation?
    /// Who used the address that was freed.
    public let freed: AddressEntry.Usage?
    /// Who goes on using it, because freeing it was not asked for.
    public let stillUsed: AddressEntry.Usage?
    /// True when the address changed between the look and the release, and was left alone.
    public let changedMeanwhile: Bool
}

extension AddressPool {
    /// Drops reservations, and with `force` frees addresses that are in use.
    ///
    /// Nothing is done when one of the addresses is neither reserved nor used, or is only used and not to be forced.
    /// Each release is a compare-and-delete on what was seen: an address that changed meanwhile is left alone.
    ///
    /// - Parameters:
    ///   - force: also frees addresses in use, with all that their attachment holds.
    ///   - dryRun: true tells what would be done.
    /// - Throws: ``IPAMError``: `conflicts` for an address that is in use, `nothingToRelease`.
    public func release(_ addresses: [IPAddress], force: Bool, dryRun: Bool = false) async throws(IPAMError)
        -> [ReleaseChange]
    {
        let snapshot = try await entries(of: addresses)
        let unknown = snapshot.entries.filter { $0.state == .free }.map(\.address)
        guard unknown.isEmpty else { throw .nothingToRelease(network: keys.network, unknown) }
        if !force {
            let onlyUsed = snapshot.entries.compactMap { entry -> ReservationConflict? in
                guard entry.reservation == nil, let usage = entry.usage else { return nil }
                return ReservationConflict(address: entry.address, problem: "is in use by \(usage.phrase)")
            }
            guard onlyUsed.isEmpty else { throw .conflicts(onlyUsed) }
        }
        var changes: [ReleaseChange] = []
        // Addresses that went with the attachment of one before.
        var alreadyFreed: Set<IPAddress> = []
        for entry in snapshot.entries {
            let state = snapshot.states[entry.address] ?? AddressState()
            var unchanged = true
            if !dryRun, let record = state.reservation, let reservation = entry.reservation {
                unchanged = try await drop(reservation, record, entry.address)
            }
            if !dryRun, unchanged, force, let usage = entry.usage, let used = state.used,
                !alreadyFreed.contains(entry.address)
            {
                unchanged = try await free(usage, used)
                alreadyFreed.formUnion(usage.attachment?.addresses ?? [])
            }
            changes.append(
                ReleaseChange(
                    address: entry.address, dropped: unchanged ? entry.reservation : nil,
                    freed: unchanged && force ? entry.usage : nil, stillUsed: force ? nil : entry.usage,
                    changedMeanwhile: !unchanged))
        }
        return changes
    }

    /// Deletes a reservation and its claim, if it is unchanged.
    private func drop(_ reservation: Reservation, _ record: Record, _ address: IPAddress) async throws(IPAMError)
        -> Bool
    {
        var deletions: [Operation] = [.delete(KeyRange(record.key))]
        if let owner = reservation.holder.claimOwner {
            deletions.append(.delete(KeyRange(keys.claim(owner, address))))
        }
        let transaction = Transaction(if: [.unchanged(record.key, record.modified)], then: deletions)
        return try await commit(transaction)?.succeeded ?? false
    }

    /// Frees what `usage` holds, if it is as it was seen.
    private func free(_ usage: AddressEntry.Usage, _ used: Record) async throws(IPAMError) -> Bool {
        guard let seen = usage.attachment, let ifname = usage.ifname,
            let container = try? ContainerID(usage.containerID)
        else {
            let transaction = Transaction(
                if: [.unchanged(used.key, used.modified)], then: [.delete(KeyRange(used.key))])
            return try await commit(transaction)?.succeeded ?? false
        }
        let key = keys.attachment(AttachmentReference(containerID: container, ifname: ifname))
        guard let record = try await read([Read(key)]).results.first?.records.first,
            try attachment(record) == seen
        else { return false }
        return try await delete(seen.addresses, record, of: container)
    }
}

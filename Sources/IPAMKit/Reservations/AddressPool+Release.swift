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
    /// Each release is one compare-and-delete on what was seen: an address that changed meanwhile is left alone.
    ///
    /// - Parameters:
    ///   - force: also frees addresses in use, with all that their attachment holds: an interface never keeps a part
    ///     of its addresses.
    ///   - dryRun: true tells what would be done.
    /// - Returns: one change for each address, each followed by those for the other addresses of its attachment.
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
        let named = Set(addresses)
        var seen: Set<IPAddress> = []
        // Addresses that went with the attachment of one before.
        var freed: Set<IPAddress> = []
        var changes: [ReleaseChange] = []
        for entry in snapshot.entries where seen.insert(entry.address).inserted {
            let state = snapshot.states[entry.address] ?? AddressState()
            let deletion = Deletion(entry, state, in: self, frees: force && !freed.contains(entry.address))
            let isDone = dryRun ? true : try await run(deletion)
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

    /// What releasing one address deletes, and the records that must not have changed.
    private struct Deletion {
        var unchanged: [Record] = []
        var operations: [Operation] = []

        init(_ entry: AddressEntry, _ state: AddressState, in pool: AddressPool, frees: Bool) {
            let keys = pool.keys
            if let record = state.reservation {
                unchanged.append(record)
                operations.append(.delete(KeyRange(record.key)))
                if let owner = entry.reservation?.holder.claimOwner {
                    operations.append(.delete(KeyRange(keys.claim(owner, entry.address))))
                }
            }
            guard frees, let usage = entry.usage, let used = state.used else { return }
            if let attachment = usage.attachment, let record = state.attachment,
                let container = try? ContainerID(usage.containerID)
            {
                unchanged.append(record)
                operations += pool.deletions(attachment.addresses, record.key, of: container)
            } else {
                unchanged.append(used)
                operations += [.delete(KeyRange(used.key)), .delete(KeyRange(keys.suspect(entry.address)))]
            }
        }
    }

    /// Runs a deletion if nothing changed; false when something did.
    private func run(_ deletion: Deletion) async throws(IPAMError) -> Bool {
        guard !deletion.operations.isEmpty else { return true }
        let transaction = Transaction(
            if: deletion.unchanged.map { .unchanged($0.key, $0.modified) }, then: deletion.operations)
        var isUnanswered = false
        for _ in 0..<Self.attempts {
            if let commit = try await commit(transaction) {
                if commit.succeeded { return true }
                if !isUnanswered { return false }
            }
            isUnanswered = true
            // The answer was lost. What is gone was deleted by this very transaction, or by one that meant the same.
            let now = try await read(deletion.unchanged.map { Read($0.key) }).results.map(\.records.first)
            if now.allSatisfy({ $0 == nil }) { return true }
            guard now == deletion.unchanged.map(Optional.some) else { return false }
        }
        throw .contention(network: keys.network)
    }
}

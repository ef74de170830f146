import Store

/// A change of a network as a value. It was planned on what was read, and is carried out only if that has not changed.
///
/// It becomes a transaction, or one of several nested transactions: all of it is carried out, or nothing, except for the parts with guards of their own.
struct Change: Sendable {
    /// What the change does to one address, and what it adds to that address's history.
    struct Part: Sendable {
        let address: IPAddress
        /// If one of these does not hold, this address is left alone. The guards of the change apply in any case.
        var guards: [Guard] = []
        var operations: [Operation] = []
        /// Entries for the history, the oldest first.
        var entries: [HistoryEntry] = []
    }

    /// Hold if nothing has changed that the change was planned on.
    var guards: [Guard] = []
    /// The operations that belong to no single address.
    var operations: [Operation] = []
    var parts: [Part] = []
    /// Hold after the change was carried out. They show, after a lost answer, whether it was.
    var trace: [Guard] = []

    /// Whether there is nothing to do.
    var isEmpty: Bool { operations.isEmpty && parts.allSatisfy { $0.operations.isEmpty && $0.entries.isEmpty } }

    /// Whether a full store (``StoreError/full(_:)``) accepts the change if it writes no histories: it has no other
    /// puts.
    var onlyDeletes: Bool {
        (operations + parts.flatMap(\.operations)).allSatisfy { if case .put = $0 { false } else { true } }
    }

    /// Adds the change `other`. For an address of both changes, `other` may only add to the history.
    mutating func append(_ other: Change) {
        guards += other.guards
        operations += other.operations
        trace += other.trace
        for part in other.parts {
            if let index = parts.firstIndex(where: { $0.address == part.address }) {
                parts[index].entries += part.entries
            } else {
                parts.append(part)
            }
        }
    }

    /// The addresses whose histories the change adds to. If there are more addresses than an interface can have, as
    /// after damage, no history is written.
    var addressesWithHistory: [IPAddress] {
        parts.count > [Operation].mostSiblings ? [] : parts.filter { !$0.entries.isEmpty }.map(\.address)
    }

    /// The transaction of the change.
    ///
    /// - Parameter histories: the histories that were read; other histories are not written.
    func transaction(_ keys: Keyspace, _ histories: Histories) -> Transaction {
        var guards = guards
        var operations = operations
        var nested: [Operation] = []
        for part in parts {
            if !part.entries.isEmpty { guards += histories.unchanged(part.address, keys) }
            let all = part.operations + histories.adding(part.entries, to: part.address, keys)
            if part.guards.isEmpty {
                operations += all
            } else {
                nested.append(.transaction(Transaction(if: part.guards, then: all)))
            }
        }
        return Transaction(if: guards, then: operations + nested.inSiblings)
    }
}

extension Change {
    /// Ends a tenancy: deletes its attachment if that is unchanged, and each of its addresses whose used key still
    /// belongs to the container.
    ///
    /// - Parameters:
    ///   - used: the used keys of a tenancy without attachment: each of its addresses is freed only if its key is
    ///     unchanged.
    ///   - condition: an additional guard.
    ///   - ending: what the history records; nil writes no history.
    init(
        ending tenancy: Tenancy, used: [Record] = [], if condition: Guard? = nil, _ keys: Keyspace, _ ending: Ending?
    ) {
        if let record = tenancy.record {
            guards = [.unchanged(record)]
            operations = [.delete(KeyRange(record.key))]
            trace = [.absent(record.key)]
        } else {
            trace = used.map { .absent($0.key) }
        }
        if let condition { guards.append(condition) }
        parts = tenancy.addresses.map { address in
            let key = keys.used(address)
            let record = used.first { $0.key == key }
            return Part(
                address: address,
                guards: [record.map { .unchanged(key, $0.modified) } ?? .value(key, equals: tenancy.containerID)],
                operations: [.delete(KeyRange(key)), .delete(KeyRange(keys.suspect(address)))],
                entries: ending.map { [$0.entry(tenancy)] } ?? [])
        }
    }

    /// Deletes a reservation and its claim, if the reservation is unchanged.
    ///
    /// - Parameter entry: what the history records; nil writes no history.
    init(
        dropping reservation: Reservation?, _ record: Record, of address: IPAddress, _ keys: Keyspace,
        _ entry: HistoryEntry?
    ) {
        guards = [.unchanged(record)]
        operations = [.delete(KeyRange(record.key))]
        if let owner = reservation?.holder.claimOwner {
            operations.append(.delete(KeyRange(keys.claim(owner, address))))
        }
        parts = [Part(address: address, entries: entry.map { [$0] } ?? [])]
        trace = [.absent(record.key)]
    }

    /// Reserves an address that is neither reserved nor in use.
    init(
        reserving address: IPAddress, _ reservation: Reservation, _ keys: Keyspace, at now: Timestamp,
        evidence: String? = nil
    ) {
        let value = reservation.json.serialized()
        guards = [.absent(keys.reservation(address)), .absent(keys.used(address))]
        operations = [.put(keys.reservation(address), value)]
        if let owner = reservation.holder.claimOwner { operations.append(.put(keys.claim(owner, address), "")) }
        parts = [
            Part(
                address: address,
                entries: [
                    HistoryEntry(.reserved, at: now, by: reservation.by, evidence: evidence, reservation: reservation)
                ])
        ]
        trace = [.value(keys.reservation(address), equals: value)]
    }
}

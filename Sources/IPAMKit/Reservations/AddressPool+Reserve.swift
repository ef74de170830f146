import Store

/// One address to be reserved.
public struct ReservationOrder: Hashable, Sendable {
    public let address: IPAddress
    public let reservation: Reservation

    public init(address: IPAddress, reservation: Reservation) {
        self.address = address
        self.reservation = reservation
    }
}

/// What a reservation order comes to.
public struct ReservationChange: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        /// The address was not reserved.
        case reserved
        /// It was reserved for the same holder, with another note or time.
        case updated
        /// It was reserved just so.
        case unchanged
    }

    public let address: IPAddress
    public let kind: Kind
    public let reservation: Reservation
}

extension AddressPool {
    /// The most addresses that one transaction reserves.
    public static let reservationLimit = 1024

    /// Reserves all of `orders`, or none. Reserving again for the same holder is success.
    ///
    /// - Parameters:
    ///   - orders: at most ``reservationLimit``, each address once.
    ///   - rangeSets: the network's; an address outside their subnets, or one that no pod can have, is refused.
    ///   - dryRun: true tells what would be done.
    /// - Throws: ``IPAMError``, `conflicts` where an address is someone else's.
    public func reserve(_ orders: [ReservationOrder], rangeSets: [RangeSet], now: Timestamp, dryRun: Bool = false)
        async throws(IPAMError) -> [ReservationChange]
    {
        precondition(orders.count <= Self.reservationLimit, "more orders than one transaction takes")
        let eligibility = AddressEligibility(network: keys.network, sets: rangeSets)
        for order in orders { _ = try eligibility.require(order.address) }
        return try await orWithoutHistory(whenFull: false) { (pool) throws(IPAMError) in
            try await pool.reserve(orders, now: now, dryRun: dryRun)
        }
    }

    private func reserve(_ orders: [ReservationOrder], now: Timestamp, dryRun: Bool) async throws(IPAMError)
        -> [ReservationChange]
    {
        // What a transaction without an answer was to change: found so by the next look, it was this order's doing.
        var unanswered: [IPAddress: ReservationChange] = [:]
        for _ in 0..<Self.attempts {
            let snapshot = try await entries(of: orders.map(\.address))
            let planned = try plan(orders, snapshot, now: now)
            let changes = planned.map { change in
                guard change.kind == .unchanged, let before = unanswered[change.address] else { return change }
                return before.reservation == change.reservation ? before : change
            }
            guard !dryRun, planned.contains(where: { $0.kind != .unchanged }) else { return changes }
            // What is reserved just so is guarded and written with the rest: it could be released meanwhile, and the order
            // would be half done.
            let histories = try await histories(of: planned.filter { $0.kind != .unchanged }.map(\.address))
            if let commit = try await commit(transaction(planned, snapshot, histories, now: now)) {
                if commit.succeeded { return changes }
            } else {
                for change in planned where change.kind != .unchanged { unanswered[change.address] = change }
            }
        }
        throw .contention(network: keys.network)
    }

    private func plan(_ orders: [ReservationOrder], _ snapshot: AddressSnapshot, now: Timestamp) throws(IPAMError)
        -> [ReservationChange]
    {
        var changes: [ReservationChange] = []
        var conflicts: [ReservationConflict] = []
        for (order, entry) in zip(orders, snapshot.entries) {
            let present = entry.reservation.flatMap { $0.isExpired(at: now) ? nil : $0 }
            if let present, present.holder != order.reservation.holder {
                conflicts.append(.init(address: order.address, problem: "is reserved for \(present.holder.phrase)"))
            } else if present == nil, let usage = entry.usage,
                !order.reservation.holder.admits(usage.attachment?.holder)
            {
                conflicts.append(.init(address: order.address, problem: "is in use by \(usage.phrase)"))
            } else if let present {
                var renewed = present
                renewed.note = order.reservation.note ?? present.note
                renewed.expires = order.reservation.expires ?? present.expires
                let kind: ReservationChange.Kind = renewed == present ? .unchanged : .updated
                changes.append(.init(address: order.address, kind: kind, reservation: renewed))
            } else {
                changes.append(.init(address: order.address, kind: .reserved, reservation: order.reservation))
            }
        }
        guard conflicts.isEmpty else { throw .conflicts(conflicts) }
        return changes
    }

    // MARK: Transaction

    /// Guards in the root; of many puts, those after the first address's in nested siblings without guards, as deep as it
    /// takes. The first address's stand in the root, because etcd up to 3.5 asks there only whether the user may write
    /// (CVE-2026-33343).
    private func transaction(
        _ changes: [ReservationChange], _ snapshot: AddressSnapshot, _ histories: [IPAddress: Record?], now: Timestamp
    ) throws(IPAMError) -> Transaction {
        let updates = try updates(changes, snapshot, histories, now: now)
        var first: [Operation] = []
        var rest: [Operation] = []
        for change in changes {
            let writes =
                try writes(change, replacing: snapshot.states[change.address]?.reservation)
                + (updates[change.address]?.operations ?? [])
            if first.isEmpty { first = writes } else { rest += writes }
        }
        let guards = guards(changes, snapshot, updates)
        var transaction = Transaction(if: guards, then: first + rest)
        var rounds = 0
        while transaction.width > Transaction.maximumWidth, rounds < [Operation].mostRounds {
            rounds += 1
            transaction.then = first + rest.nested(rounds)
        }
        return transaction
    }

    /// What is added to the histories. One request of etcd's has 1.5 MiB at most: where many long histories would not fit,
    /// their oldest entries go.
    private func updates(
        _ changes: [ReservationChange], _ snapshot: AddressSnapshot, _ histories: [IPAddress: Record?], now: Timestamp
    ) throws(IPAMError) -> [IPAddress: HistoryUpdate] {
        guard historyDepth > 0 else { return [:] }
        let size = histories.values.reduce(0) { $0 + ($1?.value.utf8.count ?? 0) }
        let depth = size > Self.largestHistories ? max(1, historyDepth * Self.largestHistories / size) : historyDepth
        var updates: [IPAddress: HistoryUpdate] = [:]
        for change in changes where change.kind != .unchanged {
            var entries: [HistoryEntry] = []
            let by = change.reservation.by
            if change.kind == .reserved, let old = try reservation(snapshot.states[change.address]?.reservation) {
                entries.append(.init(.expired, at: now, by: by, reservation: old))
            }
            entries.append(
                .init(change.kind == .updated ? .updated : .reserved, at: now, by: by, reservation: change.reservation))
            updates[change.address] = HistoryUpdate(
                key: keys.history(change.address), record: histories[change.address] ?? nil, entries: entries,
                depth: depth)
        }
        return updates
    }

    /// In bytes: what all histories of one transaction may have.
    private static let largestHistories = 512 << 10

    private func writes(_ change: ReservationChange, replacing old: Record?) throws(IPAMError) -> [Operation] {
        var writes: [Operation] = [
            .put(keys.reservation(change.address), change.reservation.json.serialized())
        ]
        let owner = change.reservation.holder.claimOwner
        if let owner { writes.append(.put(keys.claim(owner, change.address), "")) }
        // Only an expired reservation is replaced by one of another holder; its claim goes with it.
        if let replaced = try reservation(old)?.holder.claimOwner, replaced != owner {
            writes.append(.delete(KeyRange(keys.claim(replaced, change.address))))
        }
        return writes
    }

    /// That nothing about the addresses changed since the read: by key while they fit into one transaction, else by
    /// the /24 blocks they lie in, else by the whole network. The coarser, the sooner an unrelated change makes it try
    /// again.
    private func guards(
        _ changes: [ReservationChange], _ snapshot: AddressSnapshot, _ updates: [IPAddress: HistoryUpdate]
    ) -> [Guard] {
        let most = [Operation].mostSiblings
        if changes.count * 3 <= most {
            return changes.flatMap { change -> [Guard] in
                let state = snapshot.states[change.address] ?? AddressState()
                return [
                    unchanged(keys.reservation(change.address), state.reservation),
                    unchanged(keys.used(change.address), state.used),
                ] + (updates[change.address].map { [$0.unchanged] } ?? [])
            }
        }
        let blocks = Set(changes.map { TextBlock(containing: $0.address, octets: 3) })
        if blocks.count * 3 <= most, !blocks.contains(nil) {
            return blocks.compactMap { $0 }.flatMap { $0.guards(keys, unchangedSince: snapshot.revision) }
        }
        return [keys.usedPrefix, keys.reservationsPrefix, keys.historyPrefix].map {
            .noneNewer(KeyRange(prefix: $0), than: snapshot.revision)
        }
    }

    private func unchanged(_ key: Key, _ record: Record?) -> Guard {
        record.map { .unchanged(key, $0.modified) } ?? .absent(key)
    }
}

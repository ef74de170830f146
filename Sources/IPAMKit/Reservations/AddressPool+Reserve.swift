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

/// Reservations as they were looked at before they are made.
public struct ReservePlan: Sendable {
    let orders: [ReservationOrder]
    let snapshot: AddressSnapshot
    /// When it was made: what has expired by then is replaced.
    let now: Timestamp
    /// What would be done, in the order of the orders.
    public let changes: [ReservationChange]

    /// Whether there is nothing to do.
    public var isDone: Bool { changes.allSatisfy { $0.kind == .unchanged } }
}

extension AddressPool {
    /// The most addresses that one transaction reserves.
    public static let reservationLimit = 1024

    /// Plans the reservations of `orders`. Reserving again for the same holder is success.
    ///
    /// - Parameters:
    ///   - orders: each address once.
    ///   - rangeSets: the network's; an address outside their subnets, or one that no pod can have, is refused.
    /// - Throws: ``IPAMError``, `conflicts` if an address is reserved for, or in use by, somebody else.
    public func planReservations(_ orders: [ReservationOrder], rangeSets: [RangeSet], now: Timestamp)
        async throws(IPAMError) -> ReservePlan
    {
        let eligibility = AddressEligibility(network: keys.network, sets: rangeSets)
        for order in orders { _ = try eligibility.require(order.address) }
        return try await plan(orders, now: now)
    }

    /// Makes the reservations of a plan, all of them or none; of more than ``reservationLimit`` that many at a time.
    ///
    /// - Parameter progress: gets what was done of the plan's addresses as it is through.
    /// - Returns: what was done, in the order of the orders.
    /// - Throws: ``IPAMError``, `conflicts` if an address has come to somebody else since, `outdated` if something else has
    ///   changed about one; what was reserved until then stays so, and `progress` has it.
    @discardableResult
    public func carryOut(_ plan: ReservePlan, progress: ([ReservationChange]) -> Void = { _ in })
        async throws(IPAMError)
        -> [ReservationChange]
    {
        var done: [ReservationChange] = []
        while done.count < plan.orders.count {
            let next = done.count..<min(done.count + Self.reservationLimit, plan.orders.count)
            let part = ReservePlan(
                orders: Array(plan.orders[next]), snapshot: plan.snapshot, now: plan.now,
                changes: Array(plan.changes[next]))
            let changes = try await renewed.carryOut(together: part)
            progress(changes)
            done += changes
        }
        return done
    }

    private func carryOut(together shown: ReservePlan) async throws(IPAMError) -> [ReservationChange] {
        var current = shown
        return try await carryOut(
            withoutHistoryWhenFull: false,
            plan: { (round) throws(IPAMError) -> Planned<Void, [ReservationChange]> in
                if !round.isFirst {
                    current = try await plan(shown.orders, now: shown.now)
                    try current.requireWithin(shown, keys.network)
                }
                if current.isDone {
                    return .done(round.isUnanswered ? current.changes(completing: shown) : current.changes)
                }
                // An address that is reserved already is guarded and written with the rest: it could be released meanwhile,
                // and the order would be half done.
                let histories = try await round.pool.histories(
                    of: current.changes.filter { $0.kind != .unchanged }.map(\.address))
                return .commit(try transaction(current, histories), ())
            }, outcome: { _, commit in commit.succeeded ? current.changes(completing: shown) : nil })
    }

    private func plan(_ orders: [ReservationOrder], now: Timestamp) async throws(IPAMError) -> ReservePlan {
        let snapshot = try await entries(of: orders.map(\.address))
        return ReservePlan(
            orders: orders, snapshot: snapshot, now: now, changes: try plan(orders, snapshot, now: now))
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
            } else if present == nil, let tenancy = entry.tenancy,
                !order.reservation.holder.admits(tenancy.holder)
            {
                conflicts.append(.init(address: order.address, problem: "is in use by \(tenancy.phrase)"))
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
    private func transaction(_ plan: ReservePlan, _ histories: Histories) throws(IPAMError) -> Transaction {
        let histories = Self.shortened(histories)
        var first: [Operation] = []
        var rest: [Operation] = []
        for change in plan.changes {
            let old = try reservation(plan.snapshot.states[change.address]?.reservation)
            let operations =
                writes(change, replacing: old)
                + histories.adding(Self.entries(change, replacing: old, at: plan.now), to: change.address, keys)
            if first.isEmpty { first = operations } else { rest += operations }
        }
        var transaction = Transaction(if: guards(plan, histories), then: first + rest)
        var rounds = 0
        while transaction.width > Transaction.maximumWidth, rounds < [Operation].mostRounds {
            rounds += 1
            transaction.then = first + rest.nested(rounds)
        }
        return transaction
    }

    /// One request of etcd's has 1.5 MiB at most: if many long histories would not fit, their oldest entries go.
    private static func shortened(_ histories: Histories) -> Histories {
        var histories = histories
        let size = histories.records.values.reduce(0) { $0 + ($1?.value.utf8.count ?? 0) }
        if size > largestHistories { histories.depth = max(1, histories.depth * largestHistories / size) }
        return histories
    }

    private static func entries(_ change: ReservationChange, replacing old: Reservation?, at now: Timestamp)
        -> [HistoryEntry]
    {
        func entry(_ event: HistoryEntry.Event, _ reservation: Reservation) -> HistoryEntry {
            HistoryEntry(event, at: now, by: change.reservation.by, reservation: reservation)
        }
        switch change.kind {
        case .unchanged: return []
        case .updated: return [entry(.updated, change.reservation)]
        case .reserved: return (old.map { [entry(.expired, $0)] } ?? []) + [entry(.reserved, change.reservation)]
        }
    }

    /// In bytes: what all histories of one transaction may have.
    private static let largestHistories = 512 << 10

    private func writes(_ change: ReservationChange, replacing old: Reservation?) -> [Operation] {
        var writes: [Operation] = [
            .put(keys.reservation(change.address), change.reservation.json.serialized())
        ]
        let owner = change.reservation.holder.claimOwner
        if let owner { writes.append(.put(keys.claim(owner, change.address), "")) }
        // Only an expired reservation is replaced by one of another holder; its claim goes with it.
        if let replaced = old?.holder.claimOwner, replaced != owner {
            writes.append(.delete(KeyRange(keys.claim(replaced, change.address))))
        }
        return writes
    }

    /// That nothing about the addresses changed since the read: by key while they fit into one transaction, else by
    /// the /24 blocks they lie in, else by the whole network. The coarser, the sooner an unrelated change makes it try
    /// again.
    private func guards(_ plan: ReservePlan, _ histories: Histories) -> [Guard] {
        let (changes, snapshot) = (plan.changes, plan.snapshot)
        let most = [Operation].mostSiblings
        if changes.count * 3 <= most {
            return changes.flatMap { change -> [Guard] in
                let state = snapshot.states[change.address] ?? AddressState()
                return [
                    .unchanged(keys.reservation(change.address), state.reservation),
                    .unchanged(keys.used(change.address), state.used),
                ] + histories.unchanged(change.address, keys)
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
}

extension ReservePlan {
    /// Checks that this plan, made later, changes no reservation that `shown` did not change in the same way.
    fileprivate func requireWithin(_ shown: ReservePlan, _ network: NetworkName) throws(IPAMError) {
        let others = zip(changes, shown.changes).filter { now, before in
            now.kind == .updated && (before.kind != .updated || now.reservation != before.reservation)
        }
        guard others.isEmpty else { throw .outdated(network: network, others.map(\.0.address)) }
    }

    /// What was done, if what is so now has been this operation's doing: the changes that were shown.
    fileprivate func changes(completing shown: ReservePlan) -> [ReservationChange] {
        zip(changes, shown.changes).map { now, before in
            now.kind == .unchanged && now.reservation == before.reservation ? before : now
        }
    }
}

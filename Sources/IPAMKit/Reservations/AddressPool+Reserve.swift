import Store

/// Planned reservations.
public struct ReservePlan: Sendable {
    let orders: [ReservationOrder]
    let snapshot: AddressSnapshot
    /// The time of the plan, and of its history entries: reservations that have expired by then are replaced.
    let now: Timestamp
    /// The changes, in the order of the orders; those that drop reservations are the last.
    public let changes: [ReservationChange]
    /// Why orders cannot be carried out; with a conflict, none of the orders is.
    public let conflicts: [ReservationConflict]
    /// What the plan drops besides, and when that was read; nil if it drops nothing, or is too large for one transaction.
    var pruned: (pruning: PlanPruning, revision: Revision)?

    /// The same plan, confirmed at a later time: that of its history entries.
    public func confirmed(at time: Timestamp) -> ReservePlan {
        ReservePlan(
            orders: orders, snapshot: snapshot, now: time, changes: changes, conflicts: conflicts, pruned: pruned)
    }

    /// The addresses whose reservations are to be dropped.
    fileprivate var dropped: Set<IPAddress> {
        Set(orders.filter { if case .drop = $0.purpose { true } else { false } }.map(\.address))
    }

    /// Whether there is nothing to do.
    public var isDone: Bool { changes.allSatisfy { $0.kind == .unchanged } }
}

extension AddressPool {
    /// The largest number of addresses that one transaction reserves.
    public static let reservationLimit = 1024

    /// Plans the reservations of `orders`. An address that is already reserved for the same holder is no conflict, unless
    /// another plan has reserved it. A plan may change the holder of its own reservations.
    ///
    /// - Parameters:
    ///   - orders: each address once.
    ///   - pruning: the plan whose other reservations are dropped; nil drops none.
    ///   - rangeSets: the network's range sets.
    /// - Returns: the plan; it cannot be carried out if it has conflicts.
    /// - Throws: ``IPAMError``, `notAllowed` if an address is outside the subnets of `rangeSets`, or no pod can get it.
    public func planReservations(
        _ orders: [ReservationOrder], pruning: PlanPruning? = nil, rangeSets: [RangeSet], now: Timestamp
    ) async throws(IPAMError) -> ReservePlan {
        let eligibility = AddressEligibility(network: keys.network, sets: rangeSets)
        for order in orders { _ = try eligibility.require(order.address) }
        guard let pruning else { return try await renewed.plan(orders, now: now) }
        let (drops, revision) = try await renewed.drops(pruning, except: orders)
        var plan = try await renewed.plan(orders + drops, now: now)
        plan.pruned = (pruning, revision)
        return plan
    }

    /// Orders that drop the reservations of a plan whose addresses are neither in `orders` nor kept, ascending.
    private func drops(_ pruning: PlanPruning, except orders: [ReservationOrder]) async throws(IPAMError)
        -> (orders: [ReservationOrder], revision: Revision)
    {
        let kept = pruning.kept.union(orders.map(\.address))
        var drops: [ReservationOrder] = []
        let stored = try await readAll(keys.reservationsPrefix)
        for record in stored.records {
            guard let address = Keyspace.address(of: record.key, in: keys.reservationsPrefix),
                !kept.contains(address),
                let reservation = try? Reservation(stored: record.value), reservation.plan == pruning.plan
            else { continue }
            drops.append(
                ReservationOrder(address: address, reservation: reservation, purpose: .drop(by: pruning.by)))
        }
        return (drops.sorted { $0.address < $1.address }, stored.revision)
    }

    /// Plans changes of existing reservations, also of those of addresses that could not be reserved now. A reservation that
    /// has expired, and that nothing has removed yet, can be changed: a later expiry makes it count again.
    ///
    /// - Parameter orders: with an ``Amendment``, each address once.
    /// - Throws: ``IPAMError``, `notReserved` if an address has no reservation; `conflicts` if a reservation cannot be read, or
    ///   has expired and the address is in use by another holder; `outdated` if a reservation is not the expected one.
    public func planAmendments(_ orders: [ReservationOrder], now: Timestamp) async throws(IPAMError) -> ReservePlan {
        let plan = try await renewed.plan(orders, now: now)
        guard plan.conflicts.isEmpty else { throw .conflicts(plan.conflicts) }
        return plan
    }

    /// Makes the reservations of a plan, all or none; if there are more than ``reservationLimit``, that many at a time.
    ///
    /// - Parameter progress: gets the changes of each transaction after its commit.
    /// - Returns: the changes, in the order of the orders.
    /// - Throws: ``IPAMError``, `conflicts` if the plan has any, or if another holder has got an address since the plan was
    ///   made; `outdated` if a reservation has changed otherwise. The changes that `progress` got before the error are made.
    @discardableResult
    public func carryOut(_ plan: ReservePlan, progress: ([ReservationChange]) -> Void = { _ in })
        async throws(IPAMError)
        -> [ReservationChange]
    {
        try plan.requireNoConflicts()
        var done: [ReservationChange] = []
        while done.count < plan.orders.count {
            let next = done.count..<min(done.count + Self.reservationLimit, plan.orders.count)
            let part = ReservePlan(
                orders: Array(plan.orders[next]), snapshot: plan.snapshot, now: plan.now,
                changes: Array(plan.changes[next]), conflicts: [],
                pruned: plan.orders.count <= Self.reservationLimit ? plan.pruned : nil)
            let changes = try await renewed.carryOut(together: part)
            progress(changes)
            done += changes
        }
        return done
    }

    private func carryOut(together shown: ReservePlan) async throws(IPAMError) -> [ReservationChange] {
        var current = shown
        var isUnanswered = false
        return try await carryOut(
            withoutHistoryWhenFull: false,
            plan: { (round) throws(IPAMError) -> Planned<Void, [ReservationChange]> in
                isUnanswered = round.isUnanswered
                // The guards of many addresses do not see that a reservation was deleted while the operator was asked.
                if !round.isFirst || !Self.guardsEach(shown.changes) {
                    let pruned = try await pruned(again: shown)
                    current = try await plan(shown.orders, now: shown.now)
                    current.pruned = pruned
                    try current.requireNoConflicts()
                    try current.requireWithin(shown, keys.network)
                }
                if current.isDone {
                    return .done(isUnanswered ? current.changes(completing: shown) : current.changes)
                }
                // Addresses that are already reserved are also guarded and written: if one were released in the meantime,
                // only a part of the orders would be carried out.
                let changed = current.changes.filter { $0.kind != .unchanged }.map(\.address)
                let histories = try await round.pool.histories(
                    of: changed, known: current.snapshot.histories.filter { changed.contains($0.key) })
                return .commit(try transaction(current, histories), ())
            },
            outcome: { _, commit in
                guard commit.succeeded else { return nil }
                return isUnanswered ? current.changes(completing: shown) : current.changes
            })
    }

    /// Reads again what a plan drops.
    ///
    /// - Throws: ``IPAMError``, `outdated` if others have made further reservations of the plan since it was shown.
    private func pruned(again shown: ReservePlan) async throws(IPAMError) -> (PlanPruning, Revision)? {
        guard let pruning = shown.pruned?.pruning else { return nil }
        let (drops, revision) = try await drops(pruning, except: shown.orders.filter { $0.purpose == .reserve })
        let further = Set(drops.map(\.address)).subtracting(shown.dropped)
        guard further.isEmpty else { throw .outdated(network: keys.network, further.sorted()) }
        return (pruning, revision)
    }

    private func plan(_ orders: [ReservationOrder], now: Timestamp) async throws(IPAMError) -> ReservePlan {
        let snapshot = try await entries(
            of: orders.map(\.address), withHistories: true,
            claimsOf: orders.filter { $0.purpose == .reserve }.map(\.reservation.holder).podOwners)
        var changes: [ReservationChange] = []
        var conflicts: [ReservationConflict] = []
        var missing: [IPAddress] = []
        var outdated: [IPAddress] = []
        for (order, entry) in zip(orders, snapshot.entries) {
            switch order.outcome(on: entry, at: now) {
            case .change(let change): changes.append(change)
            case .conflict(let conflict): conflicts.append(conflict)
            case .missing: missing.append(order.address)
            case .outdated: outdated.append(order.address)
            }
        }
        guard outdated.isEmpty else { throw .outdated(network: keys.network, outdated) }
        guard missing.isEmpty else { throw .notReserved(network: keys.network, missing) }
        return ReservePlan(orders: orders, snapshot: snapshot, now: now, changes: changes, conflicts: conflicts)
    }

    // MARK: Transaction

    /// All guards, and the puts of the first address, are in the root. If there are many puts, those of the other addresses are
    /// in nested siblings without guards, as deep as necessary. The first puts are in the root because etcd up to 3.5 checks the
    /// user's permission to write only there (CVE-2026-33343).
    private func transaction(_ plan: ReservePlan, _ histories: Histories) throws(IPAMError) -> Transaction {
        let histories = Self.shortened(histories)
        var first: [Operation] = []
        var rest: [Operation] = []
        for (order, change) in zip(plan.orders, plan.changes) {
            // What was to be dropped, and is not the plan's any more, is not touched.
            if order.purpose != .reserve, change.kind == .unchanged { continue }
            let old = try reservation(plan.snapshot.states[change.address]?.reservation)
            let operations =
                writes(change, replacing: old)
                + histories.adding(
                    Self.entries(change, replacing: old, at: plan.now), to: change.address,
                    keys)
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

    /// A request to etcd has 1.5 MiB at most: if many long histories do not fit, their oldest entries are removed.
    private static func shortened(_ histories: Histories) -> Histories {
        var histories = histories
        let size = histories.records.values.reduce(0) { $0 + ($1?.value.utf8.count ?? 0) }
        if size > largestHistories { histories.depth = max(1, histories.depth * largestHistories / size) }
        return histories
    }

    private static func entries(
        _ change: ReservationChange, replacing old: Reservation?, at now: Timestamp
    ) -> [HistoryEntry] {
        func entry(_ event: HistoryEntry.Event, _ reservation: Reservation) -> HistoryEntry {
            HistoryEntry(event, at: now, by: change.by, reservation: reservation)
        }
        switch change.kind {
        case .unchanged: return []
        case .dropped: return [entry(.released, change.reservation)]
        case .updated:
            guard let previous = change.previous, previous.holder != change.reservation.holder else {
                return [entry(.updated, change.reservation)]
            }
            return [entry(.released, previous), entry(.reserved, change.reservation)]
        case .reserved: return (old.map { [entry(.expired, $0)] } ?? []) + [entry(.reserved, change.reservation)]
        }
    }

    /// The largest size of all histories of one transaction, in bytes.
    private static let largestHistories = 512 << 10

    private func writes(_ change: ReservationChange, replacing old: Reservation?) -> [Operation] {
        if change.kind == .dropped {
            return [.delete(KeyRange(keys.reservation(change.address)))]
                + (change.reservation.holder.claimOwner.map { [.delete(KeyRange(keys.claim($0, change.address)))] }
                    ?? [])
        }
        var writes: [Operation] = [
            .put(keys.reservation(change.address), change.reservation.json.serialized())
        ]
        let owner = change.reservation.holder.claimOwner
        if let owner { writes.append(.put(keys.claim(owner, change.address), "")) }
        // An expired reservation, and one of the same plan, may be replaced by that of another holder; then its claim is
        // removed.
        if let replaced = old?.holder.claimOwner, replaced != owner {
            writes.append(.delete(KeyRange(keys.claim(replaced, change.address))))
        }
        return writes
    }

    /// Whether so few addresses are reserved that each has guards of its own.
    private static func guardsEach(_ changes: [ReservationChange]) -> Bool {
        changes.count * 3 <= [Operation].mostSiblings
    }

    /// Guards that nothing about the addresses has changed since the read: by key if the guards fit into one transaction, else
    /// by the addresses' /24 blocks, else by the whole network. The coarser the guards are, the more often an unrelated change
    /// makes another attempt necessary.
    ///
    /// A plan that drops what is not listed also guards against further reservations of it.
    private func guards(_ plan: ReservePlan, _ histories: Histories) -> [Guard] {
        let further = plan.pruned.map { Guard.noneNewer(KeyRange(prefix: keys.reservationsPrefix), than: $0.revision) }
        return addressGuards(plan, histories) + (further.map { [$0] } ?? [])
    }

    private func addressGuards(_ plan: ReservePlan, _ histories: Histories) -> [Guard] {
        let (changes, snapshot) = (plan.changes, plan.snapshot)
        let most = [Operation].mostSiblings
        if Self.guardsEach(changes) {
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
    fileprivate func requireNoConflicts() throws(IPAMError) {
        if !conflicts.isEmpty { throw .conflicts(conflicts) }
    }

    /// Checks that this later plan changes only those reservations that `shown` changes in the same way,
    /// and that nobody has changed since. A reservation that
    /// existed when the plan was shown, and is gone, is made again, so that the orders are carried out as a whole.
    fileprivate func requireWithin(_ shown: ReservePlan, _ network: NetworkName) throws(IPAMError) {
        let others = zip(changes, shown.changes).filter { now, before in
            switch now.kind {
            case .unchanged: false
            case .reserved: before.kind == .updated
            case .updated, .dropped:
                now.kind != before.kind || now.reservation != before.reservation || now.previous != before.previous
            }
        }
        guard others.isEmpty else { throw .outdated(network: network, others.map(\.0.address)) }
    }

    /// The changes that were made, if an earlier attempt whose answer was lost has made some of them: those of `shown`.
    fileprivate func changes(completing shown: ReservePlan) -> [ReservationChange] {
        zip(changes, shown.changes).map { now, before in
            now.kind == .unchanged && now.reservation == before.reservation ? before : now
        }
    }
}

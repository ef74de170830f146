import IPAMKit

/// A change of existing reservations: planned, asked for, made.
struct AmendmentRun: Sendable {
    /// The reservations that are changed.
    enum Selection: Sendable {
        /// Single addresses must be reserved; of a range, those that are reserved.
        case addresses([AddressRange])
        /// Also those for the pods of a StatefulSet.
        case holder(ReservationHolder)
        case plan(PlanName)
    }

    let change: ChangeOptions
    let selection: Selection
    let amendment: Amendment
    /// Whether more than one transaction is allowed.
    var batch = false
    let now: Timestamp

    /// How often the change is planned again if others change reservations at the same time.
    private static let mostAttempts = 32

    func result(_ connection: Connection) async throws -> ChangeList {
        let network = try await connection.network(for: ranges.map(\.start)).name
        let pool = connection.pool(network)
        for _ in 0..<Self.mostAttempts {
            do {
                return try await amend(in: pool)
            } catch IPAMError.outdated where !change.asks {
                // Nobody has seen the plan.
                continue
            }
        }
        throw Failure(.conflict, "others keep changing the reservations of network \(network)", hint: "try again")
    }

    private var ranges: [AddressRange] {
        if case .addresses(let ranges) = selection { ranges } else { [] }
    }

    private func amend(in pool: AddressPool) async throws -> ChangeList {
        let network = pool.keys.network
        let orders = try await selected(in: pool).map {
            ReservationOrder(address: $0.address, amendment: amendment, expecting: $0.read, by: Operator.name)
        }
        guard orders.count <= AddressPool.reservationLimit || batch else {
            throw Failure(
                .usage,
                "\(orders.count) reservations are more than one transaction takes (\(AddressPool.reservationLimit))",
                hint: "--batch changes them in several transactions, each all or nothing")
        }
        let planned = try await pool.planAmendments(orders, now: now)
        if change.dryRun { return list(planned.changes, network) }
        let lines = list(planned.changes, network).lines
        let made = await change.carryOut(
            asking: planned.isDone ? nil : question(planned.changes, network), showing: orders.count > 1 ? lines : []
        ) { report in try await pool.carryOut(planned.confirmed(at: Operator.now()), progress: report) }
        let failure = try made.failure(
            done: made.steps.isEmpty ? nil : made.steps.count.counted("address"),
            rest: [(orders.count - made.steps.count).counted("address")])
        return list(made.steps, network, failure)
    }

    /// The addresses, each once; with the reservation that was read, if that is why the address is meant.
    private func selected(in pool: AddressPool) async throws -> [(address: IPAddress, read: Reservation?)] {
        var seen: Set<IPAddress> = []
        let single = ranges.filter { $0.count == 1 }.map { (address: $0.start, read: Reservation?.none) }
        if !single.isEmpty, single.count == ranges.count {
            return single.filter { seen.insert($0.address).inserted }
        }
        let found = try await pool.inventory().entries.filter { entry in
            guard let reservation = entry.reservation else { return false }
            switch selection {
            case .addresses(let ranges): return ranges.contains { $0.contains(entry.address) }
            case .holder(let holder): return holder.includes(reservation.holder)
            case .plan(let plan): return reservation.plan == plan
            }
        }
        let isOfRange = if case .addresses = selection { true } else { false }
        let selected = (single + found.map { ($0.address, isOfRange ? nil : $0.reservation) })
            .filter { seen.insert($0.address).inserted }
        guard !selected.isEmpty else {
            let what =
                switch selection {
                case .addresses: "among these addresses"
                case .holder(let holder): "for \(holder.phrase)"
                case .plan(let plan): "of plan \(plan)"
                }
            throw Failure(
                .notFound, "network \(pool.keys.network) has no reservation \(what)",
                hint: "see 'ipamctl list --state reserved'")
        }
        return selected
    }

    private func list(_ changes: [ReservationChange], _ network: NetworkName, _ failure: Failure? = nil) -> ChangeList {
        ChangeList(network: network, changes: changes.map { line($0) }, isDryRun: change.dryRun, failure: failure)
    }

    private func question(_ changes: [ReservationChange], _ network: NetworkName) -> String {
        let one = changes.count == 1 ? changes.first : nil
        switch amendment {
        case .expires(let time):
            let what =
                one.map { "the reservation of \($0.address) of network \(network) for \($0.reservation.holder.phrase)" }
                ?? "\(changes.count) reservations of network \(network)"
            let was = one.map { " (now: \(Self.phrase($0.previous?.expires)))" } ?? ""
            return "Let \(what) " + (time.map { "expire at \($0)" } ?? "never expire") + "\(was)?"
        case .note(let note):
            let what =
                one.map { "\($0.address) of network \(network), reserved for \($0.reservation.holder.phrase)" }
                ?? "\(changes.count) reservations of network \(network)"
            let was = one?.previous?.note.map { " (now \($0.quotedForPeople))" } ?? ""
            return note.map { "Set the note of \(what) to \($0.quotedForPeople)\(was)?" }
                ?? "Remove the note of \(what)\(was)?"
        }
    }

    private func line(_ change: ReservationChange) -> ChangeList.Change {
        let reservation = change.reservation
        let text: String
        switch amendment {
        case .expires:
            let now = Self.phrase(reservation.expires)
            text =
                change.kind == .unchanged
                ? "is reserved for \(reservation.holder.phrase) \(now) already"
                : "reserved for \(reservation.holder.phrase) \(now) (was \(Self.phrase(change.previous?.expires)))"
        case .note:
            let was = change.previous?.note.map { " (was \($0.quotedForPeople))" } ?? ""
            text =
                change.kind == .unchanged
                ? reservation.note == nil ? "has no note already" : "has this note already"
                : reservation.note.map { "note \($0.quotedForPeople)\(was)" } ?? "note removed\(was)"
        }
        return ChangeList.Change(
            address: change.address, action: change.kind.rawValue, text: text, reservation: reservation)
    }

    private static func phrase(_ expires: Timestamp?) -> String { expires.map { "until \($0)" } ?? "without expiry" }
}

import IPAMKit

/// A change of existing reservations: planned, asked for, made.
struct AmendmentRun: Sendable {
    /// The reservations that are changed.
    enum Selection: Sendable {
        /// Single addresses must be reserved; of a range, those that are reserved.
        case addresses([AddressRange])
        case holder(ReservationHolder)
    }

    let change: ChangeOptions
    let selection: Selection
    let amendment: Amendment
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
        let orders = try await addresses(in: pool).map {
            ReservationOrder(address: $0, amendment: amendment, by: Operator.name)
        }
        guard orders.count <= AddressPool.reservationLimit else {
            throw Failure(
                .usage,
                "\(orders.count) reservations are more than one transaction takes (\(AddressPool.reservationLimit))",
                hint: "change them in parts")
        }
        let planned = try await pool.planAmendments(orders, now: now)
        if change.dryRun { return list(planned.changes, network) }
        let lines = list(planned.changes, network).lines
        let made = await change.carryOut(
            asking: planned.isDone ? nil : question(planned.changes, network), showing: orders.count > 1 ? lines : []
        ) { report in try await pool.carryOut(planned.confirmed(at: Operator.now()), progress: report) }
        if let error = made.error { throw error }
        return list(made.steps, network)
    }

    /// The addresses, each once.
    private func addresses(in pool: AddressPool) async throws -> [IPAddress] {
        var seen: Set<IPAddress> = []
        let single = ranges.filter { $0.count == 1 }.map(\.start)
        if !single.isEmpty, single.count == ranges.count { return single.filter { seen.insert($0).inserted } }
        let found = try await pool.inventory().entries.filter { entry in
            guard let reservation = entry.reservation else { return false }
            switch selection {
            case .addresses(let ranges): return ranges.contains { $0.contains(entry.address) }
            case .holder(let holder): return reservation.holder == holder
            }
        }
        let addresses = (single + found.map(\.address)).filter { seen.insert($0).inserted }
        guard !addresses.isEmpty else {
            let what =
                if case .holder(let holder) = selection { "for \(holder.phrase)" } else { "among these addresses" }
            throw Failure(
                .notFound, "network \(pool.keys.network) has no reservation \(what)",
                hint: "see 'ipamctl list --state reserved'")
        }
        return addresses
    }

    private func list(_ changes: [ReservationChange], _ network: NetworkName) -> ChangeList {
        ChangeList(network: network, changes: changes.map { line($0) }, isDryRun: change.dryRun)
    }

    private func question(_ changes: [ReservationChange], _ network: NetworkName) -> String {
        let one = changes.count == 1 ? changes.first : nil
        switch amendment {
        case .expires(let time):
            let what =
                one.map { "the reservation of \($0.address) of network \(network) for \($0.reservation.holder.phrase)" }
                ?? "\(changes.count) reservations of network \(network)"
            return "Let \(what) " + (time.map { "expire at \($0)?" } ?? "never expire?")
        case .note(let note):
            let what =
                one.map { "\($0.address) of network \(network), reserved for \($0.reservation.holder.phrase)" }
                ?? "\(changes.count) reservations of network \(network)"
            return (note == nil ? "Remove the note of " : "Set the note of ") + "\(what)?"
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
        return ChangeList.Change(address: change.address, action: change.kind.rawValue, text: text)
    }

    private static func phrase(_ expires: Timestamp?) -> String { expires.map { "until \($0)" } ?? "without expiry" }
}

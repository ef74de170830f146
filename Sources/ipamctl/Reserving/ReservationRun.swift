import IPAMKit

/// Reservations: planned, asked for, made.
struct ReservationRun: Sendable {
    let change: ChangeOptions
    /// Whether more than one transaction is allowed.
    let batch: Bool
    let plan: ReservationPlan
    let now: Timestamp

    /// How often the reservations are planned again if others make or change some at the same time.
    private static let mostChoices = 32

    func result(_ connection: Connection) async throws -> ChangeList {
        let network = try await plan.network(connection)
        try network.requireRangeSets()
        for _ in 0..<Self.mostChoices {
            do {
                return try await reserve(in: network, connection)
            } catch IPAMError.conflicts where plan.choosesAddresses {
                // Somebody else was faster with a free address.
                continue
            } catch IPAMError.outdated where !change.asks {
                // Nobody has seen the plan.
                continue
            }
        }
        throw Failure(
            .conflict, "others keep changing the reservations of network \(network.name)", hint: "try again")
    }

    private func reserve(in network: SelectedNetwork, _ connection: Connection) async throws -> ChangeList {
        let pool = connection.pool(network.name)
        let orders = try await plan.orders(in: pool, network)
        guard orders.count <= AddressPool.reservationLimit || batch else {
            throw Failure(
                .usage,
                "\(orders.count) addresses are more than one transaction takes (\(AddressPool.reservationLimit))",
                hint: "--batch reserves them in several transactions, each all or nothing")
        }
        let planned = try await pool.planReservations(orders, rangeSets: network.rangeSets, now: now)
        let advice = RolloutAdvice(network: network.name, rangeSets: network.rangeSets, connection: connection)
        for shortage in try await advice.warnings(on: orders, now: now) {
            Terminal.note("warning: \(shortage.problem)\nhint: \(shortage.remedy)")
        }
        if change.dryRun { return list(planned.changes, network.name) }
        let made = await change.carryOut(
            asking: planned.isDone ? nil : question(orders, network.name),
            showing: orders.count > 1
                ? planned.changes.map { "\($0.address) for \($0.reservation.holder.phrase)" } : [],
            progress: { "\($0) of \(orders.count) reserved " }
        ) { report in try await pool.carryOut(planned, progress: report) }
        let failure = try made.failure(
            done: made.steps.isEmpty ? nil : made.steps.count.counted("address"),
            rest: [(orders.count - made.steps.count).counted("address")])
        return list(made.steps, network.name, failure)
    }

    private func list(_ changes: [ReservationChange], _ network: NetworkName, _ failure: Failure? = nil) -> ChangeList {
        ChangeList(
            network: network, changes: changes.map(ChangeList.Change.init), isDryRun: change.dryRun, failure: failure)
    }

    private func question(_ orders: [ReservationOrder], _ network: NetworkName) -> String? {
        guard let first = orders.first else { return nil }
        let what = orders.count == 1 ? first.address.description : "these \(orders.count) addresses"
        let holders = Set(orders.map(\.reservation.holder.phrase)).sorted()
        let who = holders.count == 1 ? holders[0] : "\(holders.count) holders"
        return "Reserve \(what) of network \(network) for \(who)?"
    }
}

extension ChangeList.Change {
    fileprivate init(_ change: ReservationChange) {
        let reservation = change.reservation
        let holder = reservation.holder.phrase + (reservation.expires.map { " until \($0)" } ?? "")
        let text =
            switch change.kind {
            case .reserved: "reserved for \(holder)"
            case .updated: "reserved for \(holder) (updated)"
            case .unchanged: "is reserved for \(holder) already"
            }
        self.init(address: change.address, action: change.kind.rawValue, text: text)
    }
}

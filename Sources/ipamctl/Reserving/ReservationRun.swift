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
    /// The message of a failure has so many conflicts; if there are more, the result lists them.
    private static let mostInMessage = 5

    func result(_ connection: Connection) async throws -> ChangeList {
        let network = try await plan.network(connection)
        try network.requireRangeSets()
        var said: Set<String> = []
        try await warn(connection)
        for _ in 0..<Self.mostChoices {
            do {
                return try await reserve(in: network, connection, &said)
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

    /// Warns of annotations of a manifest that have no effect.
    private func warn(_ connection: Connection) async throws {
        guard let objects = plan.file?.objects, !objects.isEmpty else { return }
        let stored: Set<NetworkName>
        do throws(IPAMError) {
            stored = Set(try await NetworkDirectory.networks(in: connection.store, deadline: connection.deadline))
        } catch {
            guard case .store(.denied) = error else { throw error }
            // This user is taken not to know of a network that does not exist.
            stored = Set(objects.flatMap(\.qualifiedNetworks).compactMap { try? NetworkName($0) })
        }
        let networks = stored.union(connection.configured.keys)
        for warning in ReservationPlanFile.warnings(on: objects, networks: networks) { Terminal.note(warning) }
    }

    /// - Parameter said: the notes that were printed before.
    private func reserve(in network: SelectedNetwork, _ connection: Connection, _ said: inout Set<String>) async throws
        -> ChangeList
    {
        let pool = connection.pool(network.name)
        let ordered = try await plan.orders(in: pool, network)
        for note in ordered.notes where said.insert(note).inserted { Terminal.note(note) }
        let orders = ordered.all
        var pruning = plan.pruning
        pruning?.kept = Set(ordered.leftOut)
        let planned: ReservePlan
        do throws(IPAMError) {
            planned = try await pool.planReservations(
                orders, pruning: pruning, rangeSets: network.rangeSets, now: now)
        } catch {
            throw ordered.placed(error)
        }
        let count = planned.changes.count + planned.conflicts.count
        guard count <= AddressPool.reservationLimit || batch else {
            throw Failure(
                .usage,
                "\(count) addresses are more than one transaction takes (\(AddressPool.reservationLimit))",
                hint: "--batch makes the changes in several transactions, each all or nothing")
        }
        if !planned.conflicts.isEmpty { return try list(conflictsOf: planned, network.name) }
        let advice = RolloutAdvice(network: network.name, rangeSets: network.rangeSets, connection: connection)
        for shortage in try await advice.warnings(on: orders, now: now) {
            let text = "warning: \(shortage.problem)\nhint: \(shortage.remedy)"
            if said.insert(text).inserted { Terminal.note(text) }
        }
        for note in try await pool.notesOnSecondAddresses(of: planned, rangeSets: network.rangeSets, now: now)
        where said.insert(note).inserted { Terminal.note(note) }
        let preview = ReservationPreview(planned, of: plan.file, in: network.name)
        if let note = preview.nothingToDo { Terminal.note(note) }
        if change.dryRun { return list(planned.changes, network.name) }
        let made = await change.carryOut(
            asking: planned.isDone ? nil : preview.question, showing: preview.lines,
            progress: { "\($0) of \(count) addresses done " }
        ) { report in
            try await pool.carryOut(planned.confirmed(at: Operator.now()), progress: report)
        }
        let failure = try made.failure(
            done: made.steps.isEmpty ? nil : made.steps.count.counted("address"),
            rest: [(count - made.steps.count).counted("address")])
        return list(made.steps, network.name, failure)
    }

    private func list(_ changes: [ReservationChange], _ network: NetworkName, _ failure: Failure? = nil) -> ChangeList {
        ChangeList(
            network: network, changes: changes.map(ChangeList.Change.init), isDryRun: change.dryRun, failure: failure)
    }

    // MARK: Conflicts

    /// All conflicts of a plan, none of which is carried out. For a dry run, with the rest of the plan before them.
    ///
    /// - Throws: the failure itself if its message has all conflicts.
    private func list(conflictsOf planned: ReservePlan, _ network: NetworkName) throws -> ChangeList {
        let conflicts = planned.conflicts
        let error = IPAMError.conflicts(conflicts)
        if plan.choosesAddresses { throw error }
        let all = conflicts.count + planned.changes.count
        let message =
            "\(conflicts.count) of \(all.counted("address")) \(conflicts.count == 1 ? "is" : "are") in conflict"
        let hint = Failure(error).hint
        let isListed = plan.file != nil || change.dryRun || conflicts.count > Self.mostInMessage
        guard isListed else {
            throw all == 1
                ? Failure(error) : Failure(.conflict, "\(message): \(error); nothing was changed", hint: hint)
        }
        let shown = change.dryRun ? planned.changes.map(ChangeList.Change.init) : []
        return ChangeList(
            network: network, changes: shown + conflicts.map(ChangeList.Change.init), isDryRun: change.dryRun,
            failure: Failure(.conflict, "\(message); nothing was changed", hint: hint))
    }
}

extension ChangeList.Change {
    fileprivate init(_ change: ReservationChange) {
        let reservation = change.reservation
        let until = reservation.expires.map { " until \($0)" } ?? ""
        let holder = reservation.holder.phrase + until
        let still = change.stillUsed.map { ", still used by \($0.phrase)" } ?? ""
        let text =
            switch change.kind {
            case .reserved: "reserved for \(holder)"
            case .updated: "reserved for \(reservation.holder.phrase)\(change.whatIsNew)"
            case .unchanged: "is reserved for \(holder) already"
            case .dropped: "no longer reserved for \(reservation.holder.phrase)\(still)"
            }
        self.init(
            address: change.address, action: change.kind.rawValue, text: text,
            reservation: change.kind == .dropped ? nil : reservation)
    }

    fileprivate init(_ conflict: ReservationConflict) {
        self.init(
            address: conflict.address, action: "conflict", text: "conflict: \(conflict.problem)",
            problem: conflict.problem)
    }
}

extension ReservationChange {
    /// What an update changes, behind the holder: ` (was for default/db-0), now of plan web, note "x" (was "y")`.
    var whatIsNew: String {
        guard let previous else { return "" }
        var text = previous.holder == reservation.holder ? "" : " (was for \(previous.holder.phrase))"
        if previous.expires != reservation.expires {
            text += ", \(Self.phrase(reservation.expires)) (was \(Self.phrase(previous.expires)))"
        } else if let expires = reservation.expires {
            text += " until \(expires)"
        }
        if previous.note != reservation.note {
            let was = previous.note.map { " (was \($0.quotedForPeople))" } ?? ""
            text += ", " + (reservation.note.map { "note \($0.quotedForPeople)" } ?? "note removed") + was
        }
        if previous.plan != reservation.plan, let plan = reservation.plan { text += ", now of plan \(plan)" }
        return text
    }

    private static func phrase(_ expires: Timestamp?) -> String { expires.map { "until \($0)" } ?? "without expiry" }
}

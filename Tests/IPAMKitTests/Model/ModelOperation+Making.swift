@testable import IPAMKit
@testable import Store

/// The real operations of IPAMKit, as operations of a model.
extension ModelOperation {
    /// An ADD of a sandbox of `pod` on `node`.
    ///
    /// - Parameters:
    ///   - takes: the containers from which it may take addresses.
    ///   - change: changes the request.
    static func add(
        _ container: String, _ pod: Pod, on node: TestNode, takes: Set<String> = [], onlySuspect: IPAddress? = nil,
        at now: Timestamp = noon, _ change: (inout AddRequest) -> Void = { _ in }
    ) throws -> ModelOperation {
        node.cluster.put(pod)
        var request = try node.request(container, pod, at: now)
        change(&request)
        let asked = request
        return ModelOperation(
            kind: .add, name: "ADD \(container)", attachment: request.attachment, ends: takes,
            takesOnlySuspects: onlySuspect,
            drops: { _, reservation in reservation.isExpired(at: noon) }, pod: pod
        ) { pool, clock in
            let observer = Observer(
                node: node.observer(at: now).node, pods: node.cluster, now: { clock.timestamp(from: now) })
            return .added(try await pool.add(asked, observer: observer).addresses)
        }
    }

    /// - Parameter writesHistory: false as if the store were full: then a DEL goes without it.
    static func delete(_ container: String, writesHistory: Bool = true) throws -> ModelOperation {
        let attachment = try reference(container)
        let ending = writesHistory ? Ending(.deleted, at: noon, by: "n1") : nil
        return ModelOperation(kind: .delete, name: "DEL \(container)", attachment: attachment, ends: [container]) {
            pool, _ in
            _ = try await pool.delete(attachment, ending: ending)
            return .done
        }
    }

    /// - Parameter writesHistory: false for a network without histories: then their guards do not stand in for others.
    static func reserve(
        _ addresses: [IPAddress], for holder: String, on pool: TestPool, note: String? = nil, plan: PlanName? = nil,
        prunes: Bool = false, writesHistory: Bool = true
    ) throws -> ModelOperation {
        var orders = try pool.orders(addresses, for: holder, note: note)
        if let plan {
            orders = orders.map { order in
                var reservation = order.reservation
                reservation.plan = plan
                return ReservationOrder(address: order.address, reservation: reservation)
            }
        }
        let asked = orders
        return ModelOperation(
            kind: .reserve, name: "reserve \(addresses.map(\.description).joined(separator: ",")) for \(holder)",
            drops: { address, reservation in prunes && reservation.plan == plan && !addresses.contains(address) },
            effect: { state in
                let further = state.reservations.filter { $1.reservation.plan == plan && !addresses.contains($0) }
                return addresses.allSatisfy { state.reservations[$0] != nil } && (!prunes || further.isEmpty)
            }
        ) { on, _ in
            let on =
                writesHistory
                ? on
                : AddressPool(
                    store: on.store, network: on.keys.network, deadline: on.deadline, historyDepth: 0,
                    clock: on.clock)
            let planned = try await on.planReservations(
                asked, pruning: prunes ? plan.map { PlanPruning(of: $0, by: "root@admin1") } : nil,
                rangeSets: pool.rangeSets, now: noon)
            _ = try await on.carryOut(planned)
            return .changed
        }
    }

    /// - Parameters:
    ///   - ends: the containers that are shown to the operator when he is asked.
    ///   - shown: the reservation that is shown.
    static func release(
        _ address: IPAddress, force: Bool = false, ends: Set<String> = [], drops shown: Reservation? = nil
    ) -> ModelOperation {
        ModelOperation(
            kind: .release, name: "release \(address)", ends: ends, drops: { $0 == address && $1 == shown },
            effect: { state in
                force
                    ? state.container(address).map { !ends.contains($0) } ?? true
                    : state.reservations[address]?.reservation != shown
            }
        ) { pool, _ in
            let plan = try await pool.planRelease(of: [address], force: force)
            // A plan that was made later than the scenario has it is another one.
            let isShown = plan.tenancies.allSatisfy { ends.contains($0.containerID) && ($0.since ?? noon) == noon }
            guard isShown else { return .done }
            if let reservation = plan.changes.first?.dropped, reservation != shown { return .done }
            let changes = try await pool.carryOut(plan, ending: Ending(.freed, at: noon, by: "root@admin1"))
            return changes.contains { $0.changedMeanwhile } ? .done : .changed
        }
    }

    /// An audit by what Kubernetes shows, and the repair of what it finds about `address`.
    ///
    /// - Parameters:
    ///   - ends: the containers whose tenancies it may end.
    ///   - shown: the reservation that it may drop.
    static func repair(
        _ code: AuditCode, of address: IPAddress, by pods: [Pod], ends: Set<String> = [],
        drops shown: Reservation? = nil, on pool: TestPool
    ) -> ModelOperation {
        let repair = ModelRepair(
            code: code, address: address, pods: pods, ends: ends, shown: shown, rangeSets: pool.rangeSets)
        return ModelOperation(
            kind: .repair, name: "repair of \(code.rawValue)", ends: ends, drops: { $0 == address && $1 == shown },
            effect: { repair.isDone(in: $0) }, body: { on, _ in try await repair.carryOut(on) })
    }

    static func collect(keeping valid: [String], on node: TestNode, ends: Set<String>) throws -> ModelOperation {
        let valid = try valid.map { try reference($0) }
        return ModelOperation(
            kind: .collect, name: "GC", ends: ends,
            effect: { state in !state.attachments.values.contains { ends.contains($0.container) } }
        ) { pool, _ in
            guard let view = node.observer().node else { return .done }
            let freed = try await pool.collectGarbage(
                keeping: valid, on: view, ending: Ending(.collected, at: noon, by: "n1"))
            return freed.isEmpty ? .done : .changed
        }
    }

    static func change(_ change: SettingsChange, on pool: TestPool) -> ModelOperation {
        let name =
            switch change {
            case .hold: "hold"
            case .unhold: "unhold"
            case .endGoNodes: "adopt --no-go-nodes"
            }
        return ModelOperation(kind: change == .endGoNodes ? .adopt : .hold, name: name) { on, _ in
            _ = try await on.carryOut(on.plan(change, rangeSets: pool.rangeSets))
            return .done
        }
    }

    /// - Parameter effect: whether what it plans is so.
    static func adopt(_ pods: [Pod], effect: @escaping @Sendable (NetworkState) -> Bool) -> ModelOperation {
        ModelOperation(kind: .adopt, name: "adopt", effect: effect) { pool, _ in
            try await pool.adopted(pods)
        }
    }

    static func goAdd(_ container: String, on pool: TestPool) -> ModelOperation {
        ModelOperation(kind: .go, name: "Go ADD \(container)") { on, _ in
            try await GoProcess(on, pool.rangeSets).add(container)
            return .done
        }
    }

    static func goDelete(_ container: String, on pool: TestPool) -> ModelOperation {
        ModelOperation(kind: .go, name: "Go DEL \(container)", ends: [container]) { on, _ in
            try await GoProcess(on, pool.rangeSets).delete(container)
            return .done
        }
    }

    /// All that a Go node does to an address between taking its lock and revoking its lease, in one step: it frees the address,
    /// and gives it to another container.
    static func goGives(_ address: IPAddress, of former: String, to container: String) -> ModelOperation {
        ModelOperation(kind: .go, name: "Go DEL \(former), ADD \(container)", ends: [former]) { pool, _ in
            let key = pool.keys.used(address)
            let given = Transaction(if: [.value(key, equals: former)], then: [.put(key, container)])
            _ = try await pool.store.commit(given, deadline: .now)
            return .done
        }
    }

    /// This operation, and another one after it, whatever the first has come to.
    func then(_ next: ModelOperation) -> ModelOperation {
        ModelOperation(
            kind: next.kind, name: "\(name), then \(next.name)", attachment: next.attachment,
            ends: ends.union(next.ends),
            drops: { [drops] in drops($0, $1) || next.drops($0, $1) }, pod: pod ?? next.pod, isSequence: true
        ) { [body] pool, clock in
            _ = try? await body(pool, clock)
            return try await next.body(pool, clock)
        }
    }
}

/// The steps of operations with their outcomes.
extension AddressPool {
    fileprivate func adopted(_ pods: [Pod]) async throws -> ModelOperation.Outcome {
        let adoption = try await planAdoption(
            configured: nil, cluster: "c1", observe: { () async throws(PodSourceError) in Listing(pods) }, now: { noon }
        )
        if adoption.steps.isEmpty { return .done }
        let outcomes = try await carryOut(adoption, by: "root@admin1", at: noon)
        for outcome in outcomes where !outcome.isDone { return .done }
        return .changed
    }
}

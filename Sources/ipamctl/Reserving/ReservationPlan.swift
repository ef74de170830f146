import IPAMKit

/// What a `reserve` command is to reserve, from its arguments or from a file.
struct ReservationPlan: Sendable {
    private enum Source: Sendable {
        case row(Row)
        case next(FreeAddressChoice, Reservation, PodOrdinals?)
        case file(ReservationPlanFile.Plan)
    }

    /// An entry of a plan.
    struct Row: Sendable {
        /// `plan.csv, entry 3`
        var place: String
        /// nil if the entry names no network.
        var network: String?
        /// The networks that the entry is not for, although it names none.
        var otherNetworks: [String] = []
        let ranges: [AddressRange]
        let reservation: Reservation
        /// What a reservation that exists loses.
        var removing: Set<ReservationOrder.Part> = []
        /// The pods that get one address each; nil if all addresses are for the same holder.
        let pods: PodOrdinals?
    }

    private let source: Source
    /// The plan whose other reservations are dropped; nil drops none.
    let pruning: PlanPruning?

    /// - Throws: ``Failure`` with the entry of the file that cannot be used.
    init(_ command: ReserveCommand, now: Timestamp) throws(Failure) {
        if let file = command.file {
            let plan = try Self.read(file, command, now: now)
            source = .file(plan)
            pruning = command.prune ? plan.name.map { PlanPruning(of: $0, by: Operator.name) } : nil
            return
        }
        let note = command.note.flatMap { $0.isEmpty ? nil : $0 }
        let reservation = Reservation(
            for: command.fence ? .nobody : command.holder ?? .anyone, by: Operator.name, note: note, since: now,
            expires: command.expires?.time(from: now), plan: command.plan)
        // The parser has checked that the holder has ordinals.
        let pods = command.each ? try? PodOrdinals(of: reservation.holder, from: command.start ?? 0) : nil
        pruning = nil
        if let count = command.next {
            let rangeSets = RangeSetChoice(family: command.family, index: command.rangeSet)
            source = .next(
                FreeAddressChoice(count: count, isContiguous: command.contiguous, rangeSets: rangeSets), reservation,
                pods)
        } else {
            let ranges = AddressSelection(command.addresses).ranges
            source = .row(Row(place: "", network: nil, ranges: ranges, reservation: reservation, pods: pods))
        }
    }

    /// The plan of a file, each of whose reservations has its name.
    private static func read(_ file: String, _ command: ReserveCommand, now: Timestamp) throws(Failure)
        -> ReservationPlanFile.Plan
    {
        let reader = try ReservationPlanFile(file, now: now)
        var plan = try reader.plan(namespace: command.namespace)
        plan.source = reader.name
        if let given = command.plan, let own = plan.name, given != own {
            throw Failure(
                .usage, "--plan \(given): \(reader.name) is the plan \(own)", hint: "omit --plan, or change the file")
        }
        plan.name = command.plan ?? plan.name
        if command.prune, plan.name == nil {
            throw Failure(
                .usage, "--prune needs the name of the plan, and \(reader.name) has none",
                hint: "add --plan NAME; only reservations that were made with this name are dropped")
        }
        guard !plan.rows.isEmpty || command.prune else {
            throw Failure(
                .usage, "\(reader.name) has no addresses",
                hint: "\(reader.formatHint); with --prune, a plan without entries drops all of its reservations")
        }
        guard let name = plan.name else { return plan }
        plan.rows = plan.rows.map { $0.belonging(to: name) }
        return plan
    }

    /// Whether the addresses are chosen and not named: if somebody else takes one, another will do.
    var choosesAddresses: Bool {
        if case .next = source { true } else { false }
    }

    /// The plan of the file; nil without a file.
    var file: ReservationPlanFile.Plan? {
        if case .file(let plan) = source { plan } else { nil }
    }

    // MARK: The network

    /// The network that is requested, that the plan's entries name, or that has the addresses.
    func network(_ connection: Connection) async throws -> SelectedNetwork {
        let named = networks
        // In a manifest some addresses may be for a named network, and others for the network of all pods.
        guard connection.requested == nil, let first = named.first, namedAddresses.isEmpty || file?.network != nil
        else {
            return try await connection.network(for: namedAddresses)
        }
        guard named.count == 1 else {
            throw Failure(
                .usage, "the list has reservations of several networks: \(named.joined(separator: ", "))",
                hint: "choose one with --network")
        }
        let place = (file?.source).map { "\($0), network" }
        let name = try Failure.wrap(.usage, about: place ?? "network") { try NetworkName(first) }
        do {
            return try await connection.network(named: name)
        } catch let failure as Failure where failure.status == .notFound {
            guard let place else { throw failure }
            throw Failure(.notFound, "\(place): \(failure.message)", hint: failure.hint)
        }
    }

    /// Addresses that show which network is meant: those for which no network is named.
    private var namedAddresses: [IPAddress] {
        switch source {
        case .row(let row): row.ranges.map(\.start)
        case .file(let plan): plan.rows.filter { $0.network == nil }.flatMap { $0.ranges.map(\.start) }
        case .next: []
        }
    }

    /// The networks that the plan or its entries name, sorted.
    private var networks: [String] {
        guard let file else { return [] }
        return Set(file.rows.compactMap(\.network) + [file.network].compactMap(\.self)).sorted()
    }

    // MARK: The orders

    /// An order for each address, each address once.
    func orders(in pool: AddressPool, _ network: SelectedNetwork) async throws -> Orders {
        switch source {
        case .file(let plan):
            if let wanted = plan.network, wanted != network.name.text {
                throw Failure(
                    .notFound, "\(plan.source) is for network \(wanted), not for \(network.name)",
                    hint: "omit --network")
            }
            let own = plan.rows.filter { $0.isFor(network.name) }
            var orders = try orders(own, network)
            if own.count < plan.rows.count {
                orders.notes.insert(
                    "skipped: \((plan.rows.count - own.count).counted("reservation")) of other networks", at: 0)
            }
            guard !own.isEmpty || plan.rows.isEmpty else {
                throw Failure(
                    .notFound, "the list has no reservation of network \(network.name)",
                    hint: "it has reservations of \(networks.joined(separator: ", ")): choose one with --network")
            }
            return orders
        case .row(let row): return try orders([row], network)
        case .next(let choice, let reservation, let pods):
            return try await choice.orders(in: pool, network) { try Self.orders($0, reservation, [], pods, network) }
        }
    }

    /// What is to be reserved, and what is to be said about it.
    struct Orders: Sendable {
        var all: [ReservationOrder] = []
        var notes: [String] = []
        /// What is named, but is not reserved because no pod can have it.
        var leftOut: [IPAddress] = []
        /// Where the addresses of a file are written.
        var places: [IPAddress: String] = [:]

        /// The error with the place of its address in the file.
        func placed(_ error: IPAMError) -> any Error {
            guard case .notAllowed(let address, _) = error, let place = places[address] else { return error }
            let failure = Failure(error)
            return Failure(failure.status, "\(place): \(failure.message)", hint: failure.hint)
        }
    }

    private func orders(_ rows: [Row], _ network: SelectedNetwork) throws(Failure) -> Orders {
        // A few lines of a file can stand for billions of addresses.
        try AddressSelection(ranges: rows.flatMap(\.ranges)).requireWithinLimit()
        var orders = Orders()
        var seen: Set<IPAddress> = []
        for row in rows {
            let found = AddressSelection(ranges: row.ranges).addresses(in: network.rangeSets)
            try Self.require(found, row, network)
            orders.leftOut += found.leftOut
            for address in found.addresses {
                if !row.place.isEmpty { orders.places[address] = row.place }
                guard seen.insert(address).inserted else {
                    throw Failure(
                        .usage, (row.place.isEmpty ? "" : "\(row.place): ") + "\(address) occurs twice",
                        hint: "leave out one of the two")
                }
            }
            orders.all += try Failure.wrap(.usage, about: row.place.isEmpty ? nil : row.place) {
                try Self.orders(found.addresses, row.reservation, row.removing, row.pods, network)
            }
        }
        if !orders.leftOut.isEmpty { orders.notes.append("skipped: \(Self.list(orders.leftOut, network))") }
        return orders
    }

    /// Addresses that no pod can have, and why.
    private static func list(_ leftOut: [IPAddress], _ network: SelectedNetwork) -> String {
        var (list, excluded): ([String], [AddressRange]) = ([], [])
        for address in leftOut {
            if let role = network.range(containing: address)?.role(of: address) {
                list.append("\(address) (\(role))")
            } else {
                excluded.append(AddressRange(address))
            }
        }
        list += AddressRange.merged(excluded).map { "\($0) (excluded)" }
        return list.joined(separator: ", ")
    }

    /// - Throws: ``Failure`` if nothing is left of a row, or if each of its addresses is for a pod of its own, and one between
    ///   them is left out.
    private static func require(
        _ found: (addresses: [IPAddress], leftOut: [IPAddress]), _ row: Row, _ network: SelectedNetwork
    ) throws(Failure) {
        let place = row.place.isEmpty ? "" : "\(row.place): "
        guard !found.addresses.isEmpty || found.leftOut.isEmpty else {
            throw Failure(
                .usage, "\(place)no pod can have these addresses: \(list(found.leftOut, network))",
                hint: "name others; 'ipamctl list --state free' lists free addresses")
        }
        guard row.pods != nil,
            let gap = PodOrdinals.gap(
                in: row.ranges, found.addresses, leavingOut: found.leftOut, network: network.name,
                rangeSets: network.rangeSets)
        else { return }
        let what = (network.range(containing: gap)?.role(of: gap)).map { "the \($0)" } ?? "excluded"
        throw Failure(
            .usage, "\(place)\(gap) is \(what): the addresses after it would be for other pods",
            hint: "name only addresses that pods can have, such as two ranges around it")
    }

    private static func orders(
        _ addresses: [IPAddress], _ reservation: Reservation, _ removing: Set<ReservationOrder.Part>,
        _ pods: PodOrdinals?, _ network: SelectedNetwork
    ) throws(Failure) -> [ReservationOrder] {
        guard let pods else {
            return addresses.map { ReservationOrder(address: $0, reservation: reservation, removing: removing) }
        }
        return try Failure.wrap(.usage) {
            try pods.orders(
                addresses, reservation, removing: removing, network: network.name, rangeSets: network.rangeSets)
        }
    }
}

extension ReservationPlan.Row {
    /// Whether the row counts on a network.
    fileprivate func isFor(_ name: NetworkName) -> Bool {
        network.map { $0 == name.text } ?? !otherNetworks.contains(name.text)
    }

    /// The row as a part of a plan.
    fileprivate func belonging(to plan: PlanName) -> Self {
        var reservation = reservation
        reservation.plan = plan
        return Self(
            place: place, network: network, otherNetworks: otherNetworks, ranges: ranges, reservation: reservation,
            removing: removing, pods: pods)
    }
}

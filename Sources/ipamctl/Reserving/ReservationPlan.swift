import IPAMKit

/// What a `reserve` command is to reserve, from its arguments or from a file.
struct ReservationPlan: Sendable {
    private enum Source: Sendable {
        case ranges([AddressRange], Reservation)
        case next(Int, RangeSetChoice, Reservation)
        case rows([Row])
    }

    /// An entry of a plan in CSV.
    struct Row: Sendable {
        /// `plan.csv, entry 3`
        var place: String
        /// nil if the entry names no network.
        let network: String?
        let ranges: [AddressRange]
        let reservation: Reservation
    }

    private let source: Source

    /// - Throws: ``Failure`` with the entry of the file that cannot be used.
    init(_ command: ReserveCommand, now: Timestamp) throws(Failure) {
        if let file = command.file {
            source = .rows(try ReservationPlanFile(file, now: now).rows())
            return
        }
        let note = command.note.flatMap { $0.isEmpty ? nil : $0 }
        let reservation = Reservation(
            for: command.fence ? .nobody : command.holder ?? .anyone, by: Operator.name, note: note, since: now,
            expires: command.expires?.time(from: now))
        if let count = command.next {
            source = .next(count, RangeSetChoice(family: command.family, index: command.rangeSet), reservation)
        } else {
            source = .ranges(AddressSelection(command.addresses).ranges, reservation)
        }
    }

    /// Whether the addresses are chosen and not named: if somebody else takes one, another will do.
    var choosesAddresses: Bool {
        if case .next = source { true } else { false }
    }

    // MARK: The network

    /// The network that is requested, that the plan's entries name, or that has the addresses.
    func network(_ connection: Connection) async throws -> SelectedNetwork {
        let named = networks
        guard connection.requested == nil, let first = named.first else {
            return try await connection.network(for: namedAddresses)
        }
        guard named.count == 1, let name = try? NetworkName(first) else {
            throw Failure(
                .usage, "the list has reservations of several networks: \(named.joined(separator: ", "))",
                hint: "choose one with --network")
        }
        return try await connection.network(named: name)
    }

    /// Addresses that show which network is meant.
    private var namedAddresses: [IPAddress] {
        switch source {
        case .ranges(let ranges, _): ranges.map(\.start)
        case .rows(let rows): rows.flatMap { $0.ranges.map(\.start) }
        case .next: []
        }
    }

    /// The networks that the entries name, sorted.
    private var networks: [String] {
        guard case .rows(let rows) = source else { return [] }
        return Set(rows.compactMap(\.network)).sorted()
    }

    // MARK: The orders

    /// An order for each address, each address once.
    func orders(in pool: AddressPool, _ network: SelectedNetwork) async throws -> [ReservationOrder] {
        switch source {
        case .rows(let rows):
            let own = rows.filter { $0.network == nil || $0.network == network.name.text }
            if own.count < rows.count {
                Terminal.note("skipped: \(rows.count - own.count) entries of other networks")
            }
            guard !own.isEmpty else {
                throw Failure(
                    .notFound, "the list has no reservation of network \(network.name)",
                    hint: "it has reservations of \(networks.joined(separator: ", ")): choose one with --network")
            }
            return try orders(own, network)
        case .ranges(let ranges, let reservation):
            return try orders([Row(place: "", network: nil, ranges: ranges, reservation: reservation)], network)
        case .next(let count, let choice, let reservation):
            return try await free(count, of: choice, in: pool, network).map {
                ReservationOrder(address: $0, reservation: reservation)
            }
        }
    }

    private func orders(_ rows: [Row], _ network: SelectedNetwork) throws(Failure) -> [ReservationOrder] {
        var orders: [ReservationOrder] = []
        var seen: Set<IPAddress> = []
        var leftOut: [IPAddress] = []
        for row in rows {
            let found = AddressSelection(ranges: row.ranges).addresses(in: network.rangeSets)
            leftOut += found.leftOut
            for address in found.addresses {
                guard seen.insert(address).inserted else {
                    throw Failure(
                        .usage, (row.place.isEmpty ? "" : "\(row.place): ") + "\(address) occurs twice",
                        hint: "leave out one of the two")
                }
                orders.append(ReservationOrder(address: address, reservation: row.reservation))
            }
        }
        if !leftOut.isEmpty {
            var (list, excluded): ([String], [AddressRange]) = ([], [])
            for address in leftOut {
                if let role = network.range(containing: address)?.role(of: address) {
                    list.append("\(address) (\(role))")
                } else {
                    excluded.append(AddressRange(address))
                }
            }
            list += AddressRange.merged(excluded).map { "\($0) (excluded)" }
            Terminal.note("skipped: \(list.joined(separator: ", "))")
        }
        return orders
    }

    /// The first free addresses, of the fixed range if there is one, else of the dynamic range.
    private func free(_ count: Int, of choice: RangeSetChoice, in pool: AddressPool, _ network: SelectedNetwork)
        async throws -> [IPAddress]
    {
        let chosen = try choice.rangeSets(of: network)
        let free = try await pool.inventory().freeAddresses(of: chosen, limit: count)
        guard free.count == count else {
            let hasSeveral = network.rangeSets.count > 1
            let family = hasSeveral ? chosen.first.map { "\($0.family) " } ?? "" : ""
            throw Failure(
                .conflict, "network \(network.name) has \(free.count) free \(family)addresses, not \(count)",
                hint: "see 'ipamctl networks'"
                    + (choice.isOpen && hasSeveral ? "; --family or --range-set chooses another range set" : ""))
        }
        return free
    }
}

import IPAMKit

/// What a `reserve` command is to reserve, from its arguments or from a file.
struct ReservationPlan: Sendable {
    private enum Source: Sendable {
        case ranges([AddressRange], Reservation)
        case next(Int, Reservation)
        case rows([Row])
    }

    /// An entry of a plan in CSV.
    struct Row: Sendable {
        /// `plan.csv, entry 3`
        var place: String
        /// The network that the entry names; nil where it names none.
        let network: String?
        let ranges: [AddressRange]
        let reservation: Reservation
    }

    private let source: Source

    /// - Throws: ``Failure`` that names the argument, or the file's line.
    init(_ command: ReserveCommand, now: Timestamp) throws(Failure) {
        if let file = command.file {
            source = .rows(try ReservationPlanFile(file, now: now).rows())
            return
        }
        let reservation = try Self.reservation(
            for: command.holder ?? "", note: command.note, expires: command.expires, now: now, naming: "--")
        if let count = command.next {
            source = .next(count, reservation)
        } else {
            source = .ranges(try AddressSelection(command.addresses).ranges, reservation)
        }
    }

    /// Addresses that tell which network is meant.
    var namedAddresses: [IPAddress] {
        switch source {
        case .ranges(let ranges, _): ranges.map(\.start)
        case .rows(let rows): rows.flatMap { $0.ranges.map(\.start) }
        case .next: []
        }
    }

    /// The networks that the entries of a list name, sorted.
    var networks: [String] {
        guard case .rows(let rows) = source else { return [] }
        return Set(rows.compactMap(\.network)).sorted()
    }

    /// True when the addresses are chosen rather than named: when someone else was quicker, others will do.
    var choosesAddresses: Bool {
        if case .next = source { true } else { false }
    }

    /// The orders, each address once.
    func orders(in pool: AddressPool, _ rangeSets: [RangeSet]) async throws -> [ReservationOrder] {
        switch source {
        case .rows(let rows):
            let own = rows.filter { $0.network == nil || $0.network == pool.keys.network.text }
            if own.count < rows.count {
                Terminal.note("passed over: \(rows.count - own.count) entries of other networks")
            }
            guard !own.isEmpty else {
                throw Failure(
                    .notFound, "the list has no reservation of network \(pool.keys.network)",
                    hint: "it has some of \(networks.joined(separator: ", ")): choose with --network")
            }
            return try Self.orders(own, rangeSets)
        case .ranges(let ranges, let reservation):
            let selection = AddressSelection(ranges: ranges).addresses(in: rangeSets)
            Self.tell(passedOver: selection.passedOver, rangeSets)
            return selection.addresses.map { ReservationOrder(address: $0, reservation: reservation) }
        case .next(let count, let reservation):
            return try await next(count, in: pool, rangeSets).map {
                ReservationOrder(address: $0, reservation: reservation)
            }
        }
    }

    private static func orders(_ rows: [Row], _ rangeSets: [RangeSet]) throws(Failure) -> [ReservationOrder] {
        var orders: [ReservationOrder] = []
        var seen: Set<IPAddress> = []
        var passedOver: [IPAddress] = []
        for row in rows {
            let selection = AddressSelection(ranges: row.ranges).addresses(in: rangeSets)
            passedOver += selection.passedOver
            for address in selection.addresses {
                guard seen.insert(address).inserted else {
                    throw Failure(.usage, "\(row.place): \(address) is there twice")
                }
                orders.append(ReservationOrder(address: address, reservation: row.reservation))
            }
        }
        tell(passedOver: passedOver, rangeSets)
        return orders
    }

    private static func tell(passedOver addresses: [IPAddress], _ rangeSets: [RangeSet]) {
        guard !addresses.isEmpty else { return }
        let list = addresses.map { address in
            let role = rangeSets.lazy.compactMap { $0.range(containing: address)?.role(of: address) }.first
            return "\(address)" + (role.map { " (\($0))" } ?? "")
        }
        Terminal.note("passed over: \(list.joined(separator: ", "))")
    }

    /// The first free addresses of the fixed range, where there is one, else of the dynamic range.
    private func next(_ count: Int, in pool: AddressPool, _ rangeSets: [RangeSet]) async throws -> [IPAddress] {
        let free = try await pool.inventory().freeAddresses(of: Array(rangeSets.prefix(1)), limit: count)
        guard free.count == count else {
            throw Failure(
                .conflict, "network \(pool.keys.network) has \(free.count) free addresses, not \(count)",
                hint: "see 'ipamctl networks'")
        }
        return free
    }

    /// - Parameter isStored: whether the note is one that a store has already, however long.
    static func reservation(
        for holder: String, note: String?, expires: String?, now: Timestamp, naming prefix: String,
        isStored: Bool = false
    ) throws(Failure) -> Reservation {
        let reservedFor: ReservationHolder
        do throws(InvalidReservationHolder) {
            reservedFor = try ReservationHolder(holder)
        } catch {
            throw Failure(.usage, "\(prefix)for: \(error)")
        }
        guard reservedFor.isPossible else {
            throw Failure(
                .usage, "\(prefix)for: Kubernetes can have no \"\(holder)\"",
                hint:
                    "names have at most 253 lower-case letters, digits, \"-\" and \".\"; a namespace has at most 63 and no "
                    + "\".\"")
        }
        if let note, !isStored, note.utf8.count > Reservation.longestNote {
            throw Failure(
                .usage, "\(prefix)note has \(note.utf8.count) bytes; at most \(Reservation.longestNote) are allowed",
                hint: "shorten the note")
        }
        return Reservation(
            for: reservedFor, by: Operator.name, note: note.flatMap { $0.isEmpty ? nil : $0 }, since: now,
            expires: try expires.flatMap { $0.isEmpty ? nil : $0 }.map { text throws(Failure) in
                try time(text, now: now, naming: prefix)
            })
    }

    private static func time(_ text: String, now: Timestamp, naming prefix: String) throws(Failure) -> Timestamp {
        let span = DurationArgument(argument: text).map { now.advanced(bySeconds: $0.seconds) }
        guard let time = span ?? Timestamp(text) else {
            throw Failure(
                .usage, "\(prefix)expires: \"\(text)\" is neither a span nor a time",
                hint: "write 72h or 7d, or 2026-12-24T18:00:00Z")
        }
        guard time > now else { throw Failure(.usage, "\(prefix)expires: \(time) is past") }
        guard time <= .latest else {
            throw Failure(.usage, "\(prefix)expires: \"\(text)\" is after \(Timestamp.latest)")
        }
        return time
    }
}

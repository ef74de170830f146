import IPAMKit

/// What a `reserve` command is to reserve, from its arguments or from a file.
struct ReservationPlan: Sendable {
    private enum Source: Sendable {
        case ranges([AddressRange], Reservation)
        case next(Int, Reservation)
        case rows([Row])
    }

    /// An entry of a plan in CSV.
    private struct Row: Sendable {
        /// `plan.csv, entry 3`
        let place: String
        let ranges: [AddressRange]
        let reservation: Reservation
    }

    private let source: Source

    /// - Throws: ``Failure`` that names the argument, or the file's line.
    init(_ command: ReserveCommand, now: Timestamp) throws(Failure) {
        if let file = command.file {
            source = .rows(try Self.rows(of: file, now: now))
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

    /// True when the addresses are chosen rather than named: when someone else was quicker, others will do.
    var choosesAddresses: Bool {
        if case .next = source { true } else { false }
    }

    /// The orders, each address once.
    func orders(in pool: AddressPool, _ rangeSets: [RangeSet]) async throws -> [ReservationOrder] {
        switch source {
        case .rows(let rows):
            return try Self.orders(rows, rangeSets)
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

    private static func reservation(
        for holder: String, note: String?, expires: String?, now: Timestamp, naming prefix: String
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
        if let note, note.utf8.count > Reservation.longestNote {
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

    // MARK: A plan in CSV

    private static let columns = ["address", "for", "note", "expires"]

    private static func rows(of file: String, now: Timestamp) throws(Failure) -> [Row] {
        guard var rows = CSVText.parse(try TextFile.read(file)) else {
            throw Failure(.usage, "\(file): a quoted field is not closed")
        }
        var columns = Self.columns
        if let header = rows.first?.map({ $0.lowercased() }), header.contains("address") {
            if let unknown = header.first(where: { !Self.columns.contains($0) }) {
                throw Failure(
                    .usage, "\(file): unknown column \"\(unknown)\"", hint: "the columns are address,for,note,expires")
            }
            columns = header
            rows.removeFirst()
        }
        var plan: [Row] = []
        for (index, row) in rows.enumerated() {
            let place = "\(file == "-" ? "standard input" : file), entry \(index + 1)"
            func cell(_ column: String) -> String? {
                columns.firstIndex(of: column).flatMap { $0 < row.count ? row[$0] : nil }
            }
            do throws(Failure) {
                guard row.count <= columns.count else { throw Failure(.usage, "it has \(row.count) columns") }
                let ranges = try AddressSelection([cell("address") ?? ""]).ranges
                let reservation = try reservation(
                    for: cell("for") ?? "", note: cell("note"), expires: cell("expires"), now: now, naming: "")
                plan.append(Row(place: place, ranges: ranges, reservation: reservation))
            } catch {
                throw Failure(.usage, "\(place): \(error.message)", hint: error.hint)
            }
        }
        guard !plan.isEmpty else {
            throw Failure(.usage, "\(file == "-" ? "standard input" : file) has no addresses")
        }
        return plan
    }
}

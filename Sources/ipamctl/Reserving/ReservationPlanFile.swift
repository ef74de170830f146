import IPAMKit

/// A plan of reservations in CSV: with ``columns``, or as `ipamctl list -o csv` writes it.
struct ReservationPlanFile {
    /// The path, or "standard input".
    private let name: String
    private let rowsOfText: [CSVText.Row]
    private let now: Timestamp

    static let columns = ["address", "for", "note", "expires"]
    private static let columnHint =
        "the columns are \(columns.joined(separator: ",")), or those of 'ipamctl list -o csv'"

    /// Reads a file; `-` is standard input.
    ///
    /// - Throws: ``Failure`` if it cannot be read, is not UTF-8, or has a quoted cell that is not closed.
    init(_ path: String, now: Timestamp) throws(Failure) {
        name = path == "-" ? "standard input" : path
        self.now = now
        guard let rows = CSVText.parse(try TextFile.readUTF8(path)) else {
            throw Failure(
                .usage, "\(path): a quoted field is not closed",
                hint: "close it; a quote inside a field is written \"\"")
        }
        rowsOfText = rows
    }

    /// The entries.
    ///
    /// - Throws: ``Failure`` with the entry or the column that cannot be used.
    func rows() throws(Failure) -> [ReservationPlan.Row] {
        guard let header = rowsOfText.first?.cells.map({ $0.lowercased() }), header.contains("address") else {
            return try rows(rowsOfText, Self.columns)
        }
        let rest = Array(rowsOfText.dropFirst())
        if header.contains("reserved for"), header.contains("network") { return try rows(ofList: rest, header) }
        if let unknown = header.first(where: { !Self.columns.contains($0) }) {
            throw Failure(
                .usage, "\(name): unknown column \"\(unknown)\"",
                hint: Self.columnHint)
        }
        return try rows(rest, header)
    }

    private func rows(_ entries: [CSVText.Row], _ columns: [String]) throws(Failure) -> [ReservationPlan.Row] {
        let plan = try collect(entries) { entry throws(Failure) in
            let count = entry.cells.reversed().drop(while: \.isEmpty).count
            guard count <= columns.count else {
                throw Failure(.usage, "the entry has \(count) columns", hint: Self.columnHint)
            }
            let cells = Self.cells(entry, columns)
            let note = try read("note", cells["note"], StoredText.note(argument:))
            return try row(cells, network: nil, holder: cells["for"] ?? "", note: note)
        }
        guard !plan.isEmpty else { throw Failure(.usage, "\(name) has no addresses", hint: Self.columnHint) }
        return plan
    }

    /// The reserved addresses of a list: reserving them again changes nothing. Expired reservations are skipped.
    private func rows(ofList entries: [CSVText.Row], _ columns: [String]) throws(Failure) -> [ReservationPlan.Row] {
        let plan = try collect(entries) { entry throws(Failure) in
            let cells = Self.cells(entry, columns)
            guard let holder = cells["reserved for"], !holder.isEmpty else { return nil }
            if let expires = cells["expires"].flatMap(Timestamp.init), expires <= now { return nil }
            let address = cells["address"] ?? ""
            guard holder != ReservationHolder.unreadable.description else {
                Terminal.note("skipped: \(address), whose reservation cannot be read")
                return nil
            }
            // The list has this character in place of control characters: the stored reservation keeps its note.
            let note = cells["note"].flatMap { $0.unicodeScalars.contains("\u{FFFD}") ? nil : $0 }
            if note == nil, cells["note"] != nil {
                Terminal.note("\(address): the list has only a changed copy of its note, so the note is left out")
            }
            return try row(
                cells, network: cells["network"], holder: AddressList.holder(inCell: holder), note: note)
        }
        guard !plan.isEmpty else {
            throw Failure(
                .usage, "\(name) lists no address that is reserved",
                hint: "only its reservations are reserved; \(Self.columnHint)")
        }
        return plan
    }

    /// - Throws: ``Failure`` with the first entry that cannot be used, and the numbers of the others.
    private func collect(
        _ entries: [CSVText.Row], _ read: (CSVText.Row) throws(Failure) -> ReservationPlan.Row?
    ) throws(Failure) -> [ReservationPlan.Row] {
        var plan: [ReservationPlan.Row] = []
        var failures: [(entry: Int, failure: Failure)] = []
        for (index, entry) in entries.enumerated() {
            do throws(Failure) {
                guard var row = try read(entry) else { continue }
                row.place = "\(name), entry \(index + 1)"
                plan.append(row)
            } catch {
                failures.append((index + 1, error))
            }
        }
        guard let (entry, first) = failures.first else { return plan }
        let others = failures.dropFirst().map { String($0.entry) }
        let numbers = others.prefix(5).joined(separator: ", ") + (others.count > 5 ? ", ..." : "")
        let rest = others.isEmpty ? "" : "; \(others.count) more cannot be used (entry \(numbers))"
        throw Failure(.usage, "\(name), entry \(entry): \(first.message)\(rest)", hint: first.hint)
    }

    /// - Parameter note: not checked, because a note that is stored already may be longer than a new one.
    private func row(_ cells: [String: String], network: String?, holder: String, note: String?) throws(Failure)
        -> ReservationPlan.Row
    {
        let ranges = try AddressSelection(argument: cells["address"] ?? "").ranges
        let nobody = ReservationHolder.nobody
        let holder =
            holder == nobody.description
            ? nobody : try read("for", holder, ReservationHolder.init(argument:)) ?? .anyone
        let expires = try read("expires", cells["expires"], ExpiryTime.init(argument:))
        let reservation = Reservation(
            for: holder, by: Operator.name, note: note.flatMap { $0.isEmpty ? nil : $0 }, since: now,
            expires: expires?.time(from: now))
        return ReservationPlan.Row(place: name, network: network, ranges: ranges, reservation: reservation)
    }

    /// Reads a cell as the option of the same name is read; an empty one is absent.
    private func read<Value>(_ column: String, _ cell: String?, _ read: (String) throws -> Value)
        throws(Failure) -> Value?
    {
        guard let cell, !cell.isEmpty else { return nil }
        return try Failure.wrap(about: column, hint: "write it as for --\(column), see 'ipamctl reserve --help'") {
            try read(cell)
        }
    }

    /// The cells of a row by their columns.
    private static func cells(_ row: CSVText.Row, _ columns: [String]) -> [String: String] {
        Dictionary(zip(columns, row.cells)) { first, _ in first }
    }
}

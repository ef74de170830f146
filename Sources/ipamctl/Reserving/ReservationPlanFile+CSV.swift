import IPAMKit

/// Plans in CSV: with the columns of ``PlanEntry/columns``, or as `ipamctl list -o csv` writes it.
extension ReservationPlanFile {
    /// - Throws: ``Failure`` with the entry or the column that cannot be used.
    func plan(ofTable text: String) throws(Failure) -> Plan {
        guard let table = CSVText.parse(text) else {
            throw Failure(
                .usage, "\(name): a quoted field is not closed",
                hint: "close it; a quote inside a field is written \"\"")
        }
        guard let header = table.first?.cells.map({ $0.lowercased() }), header.contains("address") else {
            guard let first = table.first else {
                throw Failure(.usage, "\(name) has no addresses", hint: PlanEntry.columnHint)
            }
            guard !Self.looksLikeHeader(first.cells) else {
                throw Failure(
                    .usage, "\(name), line \(first.line) looks like a header, and has no column \"address\"",
                    hint: PlanEntry.columnHint)
            }
            return Plan(rows: try rows(table, PlanEntry.columns))
        }
        let rest = Array(table.dropFirst())
        if header.contains("reserved for"), header.contains("network") {
            return Plan(rows: try rows(ofList: rest, header))
        }
        if let unknown = header.first(where: { !PlanEntry.keys.contains($0) }) {
            throw Failure(.usage, "\(name): unknown column \"\(unknown)\"", hint: PlanEntry.columnHint)
        }
        return Plan(rows: try rows(rest, header))
    }

    /// Whether a first line without the column `address` is meant for a header: its first cell is a word, and it names a known
    /// column, or the first cell begins as that of the addresses would.
    private static func looksLikeHeader(_ cells: [String]) -> Bool {
        let cells = cells.map { $0.lowercased() }
        guard let first = cells.first(where: { !$0.isEmpty }), first.allSatisfy({ $0.isLetter || " _-".contains($0) })
        else { return false }
        return cells.contains(where: PlanEntry.keys.contains) || first.hasPrefix("addr") || first == "ip"
    }

    private func rows(_ entries: [CSVText.Row], _ columns: [String]) throws(Failure) -> [ReservationPlan.Row] {
        try collect(entries, place: Self.place) { row throws(Failure) in
            let count = row.cells.reversed().drop(while: \.isEmpty).count
            guard count <= columns.count else {
                throw Failure(.usage, "the entry has \(count) columns", hint: PlanEntry.columnHint)
            }
            let cells = Self.cells(row, columns)
            var entry = PlanEntry(
                addresses: [cells["address"] ?? ""], holder: cells["for"], note: cells["note"],
                expires: cells["expires"])
            entry.isEach = try Self.flag("each", cells)
            entry.isFence = try Self.flag("fence", cells)
            entry.start = try Self.start(cells["start"] ?? "")
            try entry.checkNote()
            return entry
        }
    }

    private static func flag(_ column: String, _ cells: [String: String]) throws(Failure) -> Bool {
        let cell = cells[column] ?? ""
        switch cell.lowercased() {
        case "", "false", "no": return false
        case "true", "yes": return true
        default: throw Failure(.usage, "\(column): \(cell.quotedForPeople) is neither true nor false")
        }
    }

    private static func start(_ cell: String) throws(Failure) -> Int? {
        if cell.isEmpty { return nil }
        guard let start = Int(cell) else { throw Failure(.usage, "start: \(cell.quotedForPeople) is not a number") }
        return start
    }

    /// The reserved addresses of a list: reserving them again changes nothing. Expired reservations are skipped.
    private func rows(ofList entries: [CSVText.Row], _ columns: [String]) throws(Failure) -> [ReservationPlan.Row] {
        var expired = 0
        let plan = try collect(entries, place: Self.place) { row throws(Failure) in
            let cells = Self.cells(row, columns)
            guard let holder = cells["reserved for"], !holder.isEmpty else { return nil }
            guard !isExpired(cells["expires"]) else {
                expired += 1
                return nil
            }
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
            var entry = PlanEntry(
                addresses: [address], holder: AddressList.holder(inCell: holder), note: note)
            entry.setStored(expires: cells["expires"], now: now)
            entry.network = cells["network"]
            entry.plan = cells["plan"].flatMap { try? PlanName($0) }
            return entry
        }
        reportExpired(expired)
        guard !plan.isEmpty else { throw noReservations(PlanEntry.columnHint) }
        return plan
    }

    private static func place(_ index: Int, _ row: CSVText.Row) -> String { "entry \(index + 1)" }

    /// The cells of a row by their columns.
    private static func cells(_ row: CSVText.Row, _ columns: [String]) -> [String: String] {
        Dictionary(zip(columns, row.cells)) { first, _ in first }
    }
}

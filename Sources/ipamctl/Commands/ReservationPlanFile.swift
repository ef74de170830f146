import IPAMKit

/// A plan of reservations in CSV: the columns address,for,note,expires, or what `ipamctl list -o csv` writes.
struct ReservationPlanFile {
    /// The path, or "standard input".
    private let name: String
    private let rowsOfText: [CSVText.Row]
    private let now: Timestamp

    private static let columns = ["address", "for", "note", "expires"]

    /// Reads a file; `-` is standard input.
    ///
    /// - Throws: ``Failure`` when it cannot be read, is not UTF-8, or has a quoted cell that is not closed.
    init(_ path: String, now: Timestamp) throws(Failure) {
        name = path == "-" ? "standard input" : path
        self.now = now
        guard let rows = CSVText.parse(try TextFile.readUTF8(path)) else {
            throw Failure(.usage, "\(path): a quoted field is not closed")
        }
        rowsOfText = rows
    }

    /// The entries.
    ///
    /// - Throws: ``Failure`` that names the entry, or the column.
    func rows() throws(Failure) -> [ReservationPlan.Row] {
        guard let header = rowsOfText.first?.cells.map({ $0.lowercased() }), header.contains("address") else {
            return try rows(rowsOfText, Self.columns)
        }
        let rest = Array(rowsOfText.dropFirst())
        if header.contains("reserved for"), header.contains("network") { return try rows(ofList: rest, header) }
        if let unknown = header.first(where: { !Self.columns.contains($0) }) {
            throw Failure(
                .usage, "\(name): unknown column \"\(unknown)\"",
                hint: "the columns are address,for,note,expires, or those of 'ipamctl list -o csv'")
        }
        return try rows(rest, header)
    }

    private func rows(_ entries: [CSVText.Row], _ columns: [String]) throws(Failure) -> [ReservationPlan.Row] {
        let plan = try collect(entries) { entry throws(Failure) in
            let cells = Cells(entry, columns)
            guard cells.count <= columns.count else { throw Failure(.usage, "it has \(cells.count) columns") }
            return try row(cells, network: nil, holder: cells["for"] ?? "", note: cells["note"])
        }
        guard !plan.isEmpty else { throw Failure(.usage, "\(name) has no addresses") }
        return plan
    }

    /// Of a list, the addresses that are reserved: reserving them again changes nothing. A reservation whose time is over
    /// is passed over.
    private func rows(ofList entries: [CSVText.Row], _ columns: [String]) throws(Failure) -> [ReservationPlan.Row] {
        let plan = try collect(entries) { entry throws(Failure) in
            let cells = Cells(entry, columns)
            guard let holder = cells["reserved for"], !holder.isEmpty else { return nil }
            if let expires = cells["expires"].flatMap(Timestamp.init), expires <= now { return nil }
            let address = cells["address"] ?? ""
            guard holder != ReservationHolder.unreadable.description else {
                Terminal.note("passed over: \(address), whose reservation cannot be read")
                return nil
            }
            // The list shows this in the place of control characters: the reservation that is there keeps its note.
            let note = cells["note"].flatMap { $0.unicodeScalars.contains("\u{FFFD}") ? nil : $0 }
            if note == nil, cells["note"] != nil {
                Terminal.note("\(address): the list does not have its note as it is, so that the note is left out")
            }
            return try row(
                cells, network: cells["network"], holder: AddressList.holder(inCell: holder), note: note, isStored: true
            )
        }
        guard !plan.isEmpty else { throw Failure(.usage, "\(name) lists no address that is reserved") }
        return plan
    }

    /// - Throws: ``Failure`` that names the first entry that cannot be used, and how many more there are.
    private func collect(
        _ entries: [CSVText.Row], _ read: (CSVText.Row) throws(Failure) -> ReservationPlan.Row?
    ) throws(Failure) -> [ReservationPlan.Row] {
        var plan: [ReservationPlan.Row] = []
        var first: Failure?
        var others: [Int] = []
        for (index, entry) in entries.enumerated() {
            let place = "\(name), entry \(index + 1)"
            do throws(Failure) {
                if var row = try read(entry) {
                    row.place = place
                    plan.append(row)
                }
            } catch {
                if first == nil {
                    first = Failure(.usage, "\(place): \(error.message)", hint: error.hint)
                } else {
                    others.append(index + 1)
                }
            }
        }
        guard let first else { return plan }
        guard !others.isEmpty else { throw first }
        let numbers = others.prefix(5).map(String.init).joined(separator: ", ") + (others.count > 5 ? ", ..." : "")
        throw Failure(
            .usage, first.message + "; and \(others.count) more cannot be used (entry \(numbers))", hint: first.hint)
    }

    private func row(
        _ cells: Cells, network: String?, holder: String, note: String?, isStored: Bool = false
    ) throws(Failure) -> ReservationPlan.Row {
        let ranges = try AddressSelection([cells["address"] ?? ""]).ranges
        let reservation = try ReservationPlan.reservation(
            for: holder, note: note, expires: cells["expires"], now: now, naming: "", isStored: isStored)
        return ReservationPlan.Row(place: name, network: network, ranges: ranges, reservation: reservation)
    }

    /// The cells of a row by their columns.
    private struct Cells {
        private let cells: [String]
        private let columns: [String]

        init(_ row: CSVText.Row, _ columns: [String]) {
            cells = row.cells
            self.columns = columns
        }

        /// How many there are, less empty ones at the end.
        var count: Int { cells.reversed().drop(while: \.isEmpty).count }

        subscript(column: String) -> String? {
            columns.firstIndex(of: column).flatMap { $0 < cells.count ? cells[$0] : nil }
        }
    }
}

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
        var plan: [ReservationPlan.Row] = []
        for (index, entry) in entries.enumerated() {
            let cells = Cells(entry, columns)
            plan.append(
                try row(at: index, cells, network: nil) { () throws(Failure) in
                    guard cells.count <= columns.count else {
                        throw Failure(.usage, "it has \(cells.count) columns")
                    }
                    return cells["for"] ?? ""
                })
        }
        guard !plan.isEmpty else { throw Failure(.usage, "\(name) has no addresses") }
        return plan
    }

    /// Of a list, the addresses that are reserved: reserving them again changes nothing. A reservation whose time is over
    /// is passed over.
    private func rows(ofList entries: [CSVText.Row], _ columns: [String]) throws(Failure) -> [ReservationPlan.Row] {
        var plan: [ReservationPlan.Row] = []
        for (index, entry) in entries.enumerated() {
            let cells = Cells(entry, columns)
            guard let holder = cells["reserved for"], !holder.isEmpty else { continue }
            if let expires = cells["expires"].flatMap(Timestamp.init), expires <= now { continue }
            plan.append(
                try row(at: index, cells, network: cells["network"]) { () throws(Failure) in
                    AddressList.holder(inCell: holder)
                })
        }
        guard !plan.isEmpty else { throw Failure(.usage, "\(name) lists no address that is reserved") }
        return plan
    }

    private func row(
        at index: Int, _ cells: Cells, network: String?, holder: () throws(Failure) -> String
    ) throws(Failure) -> ReservationPlan.Row {
        let place = "\(name), entry \(index + 1)"
        do throws(Failure) {
            let holder = try holder()
            let ranges = try AddressSelection([cells["address"] ?? ""]).ranges
            let reservation = try ReservationPlan.reservation(
                for: holder, note: cells["note"], expires: cells["expires"], now: now, naming: "")
            return ReservationPlan.Row(place: place, network: network, ranges: ranges, reservation: reservation)
        } catch {
            throw Failure(.usage, "\(place): \(error.message)", hint: error.hint)
        }
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

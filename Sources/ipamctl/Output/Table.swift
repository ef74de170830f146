/// Rows and the columns that are printed of them: a table for people, and CSV for programs.
struct Table<Row> {
    let columns: [Column<Row>]
    let rows: [Row]

    /// The table as text.
    ///
    /// - Parameter isWide: true for exact numbers and for lines of any length; false for lines that fit the terminal.
    func text(_ layout: Layout, isWide: Bool) -> String {
        var table = TableText(columns, layout, isWide: isWide)
        var (encoded, ends): ([UInt8], [Int]) = ([], [0])
        for row in rows {
            table.encode(row, into: &encoded)
            ends.append(encoded.count)
        }
        let fitted = table.fitted()
        var bytes: [UInt8] = []
        fitted.appendHeader(to: &bytes)
        for (start, end) in zip(ends, ends.dropFirst()) { fitted.append(encoded[start..<end], to: &bytes) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The rows as CSV, with all digits.
    func csv(_ layout: Layout) -> String {
        let header = layout.hasHeader ? [columns.map(\.title)] : []
        return CSVText.render(header)
            + CSVText.render(
                rows.lazy.map { row in
                    columns.map { $0.cell(row).text(at: layout.now) }
                })
    }
}

import IPAMKit

/// How the rows of a result are printed.
struct Layout: Sendable {
    /// `--columns`; nil for the columns of the format.
    var columns: [ColumnName]?
    /// `--sort-by`; empty for the order of the result.
    var order: [SortKey] = []
    /// False for `--no-headers`.
    var hasHeader = true
    let screen: Screen
    /// The time from which ages are counted.
    let now: Timestamp

    /// Whether a result that is usually printed as lines of text is printed as a table.
    var asksForTable: Bool { columns != nil || !order.isEmpty }

    /// The columns to print, in order.
    ///
    /// - Throws: ``Failure`` for an unknown column.
    func select<Row>(from columns: [Column<Row>], for format: OutputFormat) throws(Failure) -> [Column<Row>] {
        guard let names = self.columns else { return columns.filter { $0.isShown(in: format) } }
        var selected: [Column<Row>] = []
        for name in names {
            var column = try name.column(of: columns, in: format, option: "--columns")
            // Whoever names a column wants to see it.
            column.importance = .essential
            column.groupsRows = false
            selected.append(column)
        }
        return selected
    }

    /// The columns of `--sort-by`, in the order of ``order``.
    ///
    /// - Throws: ``Failure`` for an unknown column.
    func sortColumns<Row>(of columns: [Column<Row>], for format: OutputFormat) throws(Failure) -> [Column<Row>] {
        var sorted: [Column<Row>] = []
        for key in order { sorted.append(try key.name.column(of: columns, in: format, option: "--sort-by")) }
        return sorted
    }

    /// The rows in the order of `--sort-by`; rows that are equal keep their order.
    ///
    /// - Throws: ``Failure`` for an unknown column.
    func sorted<Row>(_ rows: [Row], by columns: [Column<Row>], for format: OutputFormat) throws(Failure) -> [Row] {
        if order.isEmpty { return rows }
        let columns = try sortColumns(of: columns, for: format)
        let cells = rows.map { row in columns.map { $0.cell(row) } }
        return rows.indices.sorted { precedes(cells[$0], cells[$1]) ?? ($0 < $1) }.map { rows[$0] }
    }

    /// Whether a row comes before another one by their cells in ``sortColumns(of:for:)``; nil if these are equal.
    func precedes(_ left: [Cell], _ right: [Cell]) -> Bool? {
        for (index, key) in order.enumerated() {
            if let precedes = left[index].precedes(right[index], descending: key.isDescending) { return precedes }
        }
        return nil
    }
}

/// A column that rows are sorted by.
struct SortKey: Sendable {
    let name: ColumnName
    let isDescending: Bool
}

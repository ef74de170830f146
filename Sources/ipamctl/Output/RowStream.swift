import IPAMKit

/// What a kind of row looks like in every format: a result whose rows need not be in memory at the same time.
protocol StreamedResult: Tabular {
    static func json(_ row: Row) -> JSONValue
    /// What identifies the row to another command.
    static func name(_ row: Row) -> String
}

/// Where a row stands among the others: ordered by network, then by address.
struct RowPosition: Comparable, Sendable {
    let address: IPAddress
    /// The number of the network, from 0.
    let network: UInt16

    static func < (left: Self, right: Self) -> Bool {
        left.network == right.network ? left.address < right.address : left.network < right.network
    }
}

/// Rows that arrive in any order, and are printed in theirs. A row becomes text when it arrives, and only the text is kept
/// (``RowTexts``), so a list of half a million addresses fits into a few megabytes.
struct RowStream<Result: StreamedResult>: Sendable {
    private struct Row {
        let position: RowPosition
        let text: RowTexts.Place
    }

    private let format: OutputFormat
    private let layout: Layout
    private let columns: [Column<Result.Row>]
    private let sortColumns: [Column<Result.Row>]
    private var table: TableText<Result.Row>
    private var texts = RowTexts()
    private var rows: [Row] = []
    /// For `--sort-by`: the cells of each row.
    private var sortCells: [[Cell]] = []
    private var buffer: [UInt8] = []
    private var failure: Failure?

    /// - Throws: ``Failure`` for a column that the result does not have.
    init(_ options: OutputOptions) throws(Failure) {
        format = options.format
        layout = options.layout
        columns = format.hasColumns ? try layout.select(from: Result.columns, for: format) : []
        sortColumns = try layout.sortColumns(of: Result.columns, for: format)
        table = TableText(columns, layout, isWide: format == .wide)
    }

    var count: Int { rows.count }

    /// Adds a row. If it cannot be kept, ``print(limit:)`` throws the reason.
    mutating func append(_ row: Result.Row, at position: RowPosition) {
        guard failure == nil else { return }
        buffer.removeAll(keepingCapacity: true)
        switch format {
        case .table, .wide: table.encode(row, into: &buffer)
        case .json: Result.json(row).serialize(into: &buffer, indentation: 2)
        case .yaml: buffer += YAMLText.render(.array([Result.json(row)])).utf8
        case .csv:
            let cells = columns.map { $0.cell(row).text(at: layout.now) }
            buffer += Terminal.harmless(CSVText.render([cells])).utf8
        case .name: buffer += (Terminal.harmless(Result.name(row)) + "\n").utf8
        }
        do throws(Failure) {
            rows.append(Row(position: position, text: try texts.append(buffer)))
        } catch {
            failure = error
        }
        if !sortColumns.isEmpty { sortCells.append(sortColumns.map { $0.cell(row) }) }
    }

    /// Prints the rows, as ``OutputFormat/render(_:_:)`` renders a whole result.
    ///
    /// - Parameter limit: the most rows to print; nil for all.
    /// - Throws: ``Failure`` if a row could not be kept.
    consuming func print(limit: Int?) throws(Failure) {
        if let failure { throw failure }
        try texts.flush()
        sort()
        let shown = rows.prefix(limit ?? rows.count)
        let columns = table.fitted()
        var output = ResultOutput()
        switch format {
        case .table, .wide: output.append { columns.appendHeader(to: &$0) }
        case .csv: if layout.hasHeader { output.append { $0 += CSVText.render([self.columns.map(\.title)]).utf8 } }
        case .json: output.append { $0 += "[".utf8 }
        case .yaml: if shown.isEmpty { output.append { $0 += YAMLText.render([]).utf8 } }
        case .name: break
        }
        var isFirst = true
        for row in shown {
            try texts.read(row.text, &buffer) { text in
                output.append { bytes in
                    switch format {
                    case .table, .wide: columns.append(text, to: &bytes)
                    case .json:
                        bytes += (isFirst ? "\n  " : ",\n  ").utf8
                        bytes += text
                    case .yaml, .csv, .name: bytes += text
                    }
                }
            }
            isFirst = false
        }
        if format == .json { output.append { $0 += (isFirst ? "]\n" : "\n]\n").utf8 } }
        output.finish()
    }

    private mutating func sort() {
        guard !sortColumns.isEmpty else {
            rows.sort { $0.position < $1.position }
            return
        }
        let sorted = rows.indices.sorted { left, right in
            layout.precedes(sortCells[left], sortCells[right]) ?? (rows[left].position < rows[right].position)
        }
        rows = sorted.map { rows[$0] }
    }
}

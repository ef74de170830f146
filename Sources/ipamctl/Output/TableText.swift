/// Makes the texts of a table's rows, and finds out how wide its columns are. Rows can be made before the widths are known:
/// a row is kept as its cells' texts.
struct TableText<Row> {
    private let columns: [Column<Row>]
    private let layout: Layout
    /// True for exact numbers and for lines of any length; false for lines that fit the terminal.
    private let isWide: Bool
    private var widths: [Int]
    /// The text of the first row in columns that may be left out if all rows have the same text; nil before it.
    private var firstTexts: [String?]
    /// Whether a column has more than one text.
    private var varies: [Bool]

    init(_ columns: [Column<Row>], _ layout: Layout, isWide: Bool) {
        self.columns = columns
        self.layout = layout
        self.isWide = isWide
        widths = columns.map { layout.hasHeader ? DisplayText.width(of: $0.title) : 1 }
        firstTexts = columns.map { _ in nil }
        varies = columns.map { _ in false }
    }

    /// Appends a row's cells: for each a byte for its style, its text, and a NUL, which no text has.
    mutating func encode(_ row: Row, into bytes: inout [UInt8]) {
        for (index, column) in columns.enumerated() {
            let cell = column.cell(row)
            let text: String
            if case .fullness(let percent) = cell {
                text = String(percent)
                widths[index] = max(
                    widths[index], FullnessBar.width(cells: FullnessBar.sizes[0], isUTF8: layout.screen.isUTF8))
            } else {
                text = DisplayText.visible(isWide ? cell.text(at: layout.now) : cell.shortText(at: layout.now))
                widths[index] = max(widths[index], DisplayText.width(of: text))
            }
            if column.groupsRows, !varies[index] {
                if let first = firstTexts[index] { varies[index] = first != text } else { firstTexts[index] = text }
            }
            bytes.append((layout.screen.hasColor ? column.style(row) : nil)?.code ?? 0)
            bytes += text.utf8
            bytes.append(0)
        }
    }

    /// The columns as they are printed, after all rows were encoded.
    func fitted() -> FittedTable {
        let isUTF8 = layout.screen.isUTF8
        var chosen: [Int?] = widths
        if !isWide, let room = layout.screen.columns {
            chosen =
                ColumnWidths(
                    columns.indices.map { index in
                        let column = columns[index]
                        let title = layout.hasHeader ? column.title.utf8.count : 0
                        let widths =
                            column.isBar
                            ? FullnessBar.sizes.map { max(FullnessBar.width(cells: $0, isUTF8: isUTF8), title) }
                            : [widths[index]]
                        return .init(widths: widths, canBeCut: column.shortening != .never, rank: rank(index))
                    }, fitting: room
                ).widths
        }
        return FittedTable(
            columns: columns.indices.map { index in
                let column = columns[index]
                guard let width = chosen[index] else { return nil }
                var fitted = FittedTable.Column(
                    header: layout.hasHeader ? column.title : nil, width: width, isNumeric: column.isNumeric)
                if column.isBar {
                    fitted.barCells =
                        FullnessBar.sizes.first { FullnessBar.width(cells: $0, isUTF8: isUTF8) <= width } ?? 0
                } else if width < widths[index] {
                    fitted.keepsEnd = column.shortening == .middle
                }
                return fitted
            }, screen: layout.screen)
    }

    /// See ``ColumnWidths/Column/rank``.
    private func rank(_ index: Int) -> Int? {
        let column = columns[index]
        guard column.importance != .essential else { return nil }
        return column.groupsRows && !varies[index] ? -1 : column.importance.rawValue
    }
}

/// The columns of a table with their final widths.
struct FittedTable {
    struct Column {
        /// nil if the table has no header.
        let header: String?
        let width: Int
        let isNumeric: Bool
        /// Whether a text that is too long keeps its end; nil if no text is too long.
        var keepsEnd: Bool?
        /// The cells of the bars; nil if the column has none.
        var barCells: Int?
    }

    /// nil for a column that is left out.
    let columns: [Column?]
    let screen: Screen

    /// Appends the line of the headers, if there is one.
    func appendHeader(to bytes: inout [UInt8]) {
        let shown = columns.compactMap(\.self)
        guard shown.contains(where: { $0.header != nil }) else { return }
        for (index, column) in shown.enumerated() {
            TextTable.append(
                column.header ?? "", nil, width: column.width, isNumeric: column.isNumeric,
                isLast: index == shown.count - 1, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Appends the line of a row that ``TableText/encode(_:into:)`` has made.
    func append(_ row: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        let last = columns.lastIndex { $0 != nil }
        var start = row.startIndex
        for (index, column) in columns.enumerated() {
            let end = row[(start + 1)...].firstIndex(of: 0) ?? row.endIndex
            defer { start = end + 1 }
            guard let column else { continue }
            var text = String(decoding: row[(start + 1)..<end], as: UTF8.self)
            if let cells = column.barCells, let percent = Int(text) {
                text = FullnessBar.text(ofPercent: percent, cells: cells, isUTF8: screen.isUTF8)
            } else if let keepsEnd = column.keepsEnd {
                text = DisplayText.cut(text, to: column.width, keepingEnd: keepsEnd, ellipsis: screen.ellipsis)
            }
            TextTable.append(
                text, Style(code: row[start]), width: column.width, isNumeric: column.isNumeric,
                isLast: index == last, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
    }
}

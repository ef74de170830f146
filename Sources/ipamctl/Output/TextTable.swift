/// Texts in columns, two spaces apart. An empty text is shown as a dash.
struct TextTable {
    /// A column of texts that ``DisplayText/visible(_:)`` has made.
    struct Column {
        /// nil if the table has no header.
        var header: String?
        var texts: [String]
        var isNumeric = false
        /// The style of a row's text; nil for a column without styles.
        var style: ((Int) -> Style?)?
        /// In cells; longer texts stick out.
        var width: Int

        /// A column that is as wide as its longest text.
        init(header: String? = nil, _ texts: [String], isNumeric: Bool = false, style: ((Int) -> Style?)? = nil) {
            self.header = header
            self.texts = texts
            self.isNumeric = isNumeric
            self.style = style
            width = texts.reduce(header.map(DisplayText.width) ?? 1) { max($0, DisplayText.width(of: $1)) }
        }
    }

    let columns: [Column]

    /// A table without a header: rows of texts from anywhere.
    init(_ rows: [[String]]) {
        let count = rows.map(\.count).max() ?? 0
        columns = (0..<count).map { index in
            Column(rows.map { index < $0.count ? DisplayText.visible($0[index]) : "" })
        }
    }

    init(columns: [Column]) {
        self.columns = columns
    }

    /// The table with the last column broken into lines, so that it fits a terminal.
    ///
    /// - Parameter width: of the terminal, in cells; nil for no limit.
    func wrapped(to width: Int?) -> TextTable {
        guard let width, var last = columns.last else { return self }
        let indent = columns.dropLast().reduce(0) { $0 + $1.width + ColumnWidths.gap }
        last.texts = last.texts.map { DisplayText.wrapped($0, to: width - indent, indent: indent) }
        return TextTable(columns: columns.dropLast() + [last])
    }

    func render(hasColor: Bool = false) -> String {
        var bytes: [UInt8] = []
        if columns.contains(where: { $0.header != nil }) {
            appendLine(to: &bytes) { ($0.header ?? "", nil) }
        }
        for row in 0..<(columns.first?.texts.count ?? 0) {
            appendLine(to: &bytes) { ($0.texts[row], hasColor ? $0.style?(row) : nil) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func appendLine(to bytes: inout [UInt8], _ cell: (Column) -> (text: String, style: Style?)) {
        for (index, column) in columns.enumerated() {
            let (text, style) = cell(column)
            Self.append(
                text, style, width: column.width, isNumeric: column.isNumeric, isLast: index == columns.count - 1,
                to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Appends one cell, and the blanks before the next one.
    static func append(
        _ text: String, _ style: Style?, width: Int, isNumeric: Bool, isLast: Bool, to bytes: inout [UInt8]
    ) {
        let text = text.isEmpty ? "-" : text
        let padding = max(0, width - DisplayText.width(of: text))
        if isNumeric { bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: padding)) }
        if let style {
            bytes.append(contentsOf: style.start.utf8)
            bytes.append(contentsOf: text.utf8)
            bytes.append(contentsOf: Style.end.utf8)
        } else {
            bytes.append(contentsOf: text.utf8)
        }
        if isLast { return }
        let blanks = ColumnWidths.gap + (isNumeric ? 0 : padding)
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: blanks))
    }
}

/// Comma-separated values (RFC 4180): written for programs and spreadsheets, read as people and spreadsheets write them.
enum CSVText {
    /// Cells that a spreadsheet would take for a formula are written with an apostrophe before them.
    static func render(_ rows: some Sequence<[String]>) -> String {
        var text = ""
        for row in rows {
            for (index, cell) in row.enumerated() {
                if index > 0 { text += "," }
                text += quoted(guarded(cell))
            }
            text += "\n"
        }
        return text
    }

    /// A row that has a cell that is not empty, and the line of the text on which it begins, counted from 1.
    struct Row: Hashable {
        let line: Int
        let cells: [String]
    }

    /// The rows of `text`; nil when a quoted cell is not closed.
    ///
    /// The separator is the first comma, semicolon or tab outside quotes, or what a first line `sep=;` says, as Excel writes
    /// it. A byte order mark, white space around a cell, and rows without content do not count. A line break in a cell is a
    /// line feed, whatever it was. The apostrophe that ``render(_:)`` writes is taken away again.
    static func parse(_ text: String) -> [Row]? {
        var parser = Parser(text)
        return parser.rows()
    }

    private struct Parser {
        private var rest: Substring.UnicodeScalarView
        private let separator: Unicode.Scalar
        private var line = 1

        init(_ text: String) {
            var scalars = text.unicodeScalars[...]
            if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
            let firstLine = scalars.prefix { $0 != "\n" && $0 != "\r" }
            if let named = firstLine.last, firstLine.count == 5, String(firstLine.dropLast()).lowercased() == "sep=" {
                separator = named
                rest = scalars.dropFirst(firstLine.count)
                return
            }
            rest = scalars
            var isQuoted = false
            separator =
                scalars.first { scalar in
                    if scalar == "\"" { isQuoted.toggle() }
                    return !isQuoted && ",;\t".unicodeScalars.contains(scalar)
                } ?? ","
        }

        mutating func rows() -> [Row]? {
            var rows: [Row] = []
            while !rest.isEmpty {
                let first = line
                guard let cells = row() else { return nil }
                if cells.contains(where: { !$0.isEmpty }) { rows.append(Row(line: first, cells: cells)) }
            }
            return rows
        }

        /// The cells up to the end of the line; nil when a quoted one is not closed.
        private mutating func row() -> [String]? {
            var cells: [String] = []
            while true {
                guard let cell = cell() else { return nil }
                cells.append(cell)
                guard let end = rest.popFirst() else { return cells }
                if end == separator { continue }
                if end == "\r", rest.first == "\n" { rest.removeFirst() }
                line += 1
                return cells
            }
        }

        /// One cell, up to what ends it.
        private mutating func cell() -> String? {
            skipBlanks()
            guard rest.first == "\"" else { return CSVText.unguarded(trimmed(plain())) }
            rest.removeFirst()
            var cell = String.UnicodeScalarView()
            while var scalar = rest.popFirst() {
                if scalar == "\r" {
                    if rest.first == "\n" { rest.removeFirst() }
                    scalar = "\n"
                }
                if scalar == "\n" { line += 1 }
                guard scalar == "\"" else {
                    cell.append(scalar)
                    continue
                }
                guard rest.first == "\"" else {
                    // What stands behind the closing quote belongs to the cell, as spreadsheets have it.
                    cell.append(contentsOf: trimmed(plain()).unicodeScalars)
                    return CSVText.unguarded(String(cell))
                }
                rest.removeFirst()
                cell.append("\"")
            }
            return nil
        }

        private mutating func plain() -> Substring.UnicodeScalarView {
            let end = rest.firstIndex { $0 == separator || $0 == "\n" || $0 == "\r" } ?? rest.endIndex
            defer { rest = rest[end...] }
            return rest[..<end]
        }

        private mutating func skipBlanks() {
            while let first = rest.first, isBlank(first) { rest.removeFirst() }
        }

        private func trimmed(_ scalars: Substring.UnicodeScalarView) -> String {
            var scalars = scalars
            while let last = scalars.last, isBlank(last) { scalars.removeLast() }
            return String(scalars)
        }

        private func isBlank(_ scalar: Unicode.Scalar) -> Bool {
            scalar != separator && CSVText.isBlank(scalar)
        }
    }

    /// A space, a tab or a no-break space.
    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || scalar == "\t" || scalar == "\u{A0}"
    }

    // MARK: Spreadsheets

    /// Whether a spreadsheet would take the cell for a formula, or the cell is such a one with apostrophes before it.
    private static func looksLikeFormula(_ cell: some StringProtocol) -> Bool {
        guard let first = cell.unicodeScalars.first(where: { $0 != "'" }) else { return false }
        return "=+-@\t\r".unicodeScalars.contains(first)
    }

    private static func guarded(_ cell: String) -> String { looksLikeFormula(cell) ? "'" + cell : cell }

    fileprivate static func unguarded(_ cell: String) -> String {
        cell.hasPrefix("'") && looksLikeFormula(cell) ? String(cell.dropFirst()) : cell
    }

    private static func quoted(_ cell: String) -> String {
        let isPlain =
            !cell.unicodeScalars.contains { ",;\t\"\n\r".unicodeScalars.contains($0) }
            && cell.unicodeScalars.first.map(isBlank) != true && cell.unicodeScalars.last.map(isBlank) != true
        if isPlain { return cell }
        var quoted = "\""
        for scalar in cell.unicodeScalars {
            if scalar == "\"" { quoted += "\"" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }
}

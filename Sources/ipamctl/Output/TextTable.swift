/// Cells in left-aligned columns, two spaces apart. An empty cell is shown as a dash, and a control character as an escape,
/// because anybody may have written a note.
enum TextTable {
    static func render(_ rows: [[String]]) -> String {
        var widths: [Int] = []
        return render(rows, &widths)
    }

    /// - Parameter widths: the minimum widths of the columns; afterwards their actual widths.
    static func render(_ rows: [[String]], _ widths: inout [Int]) -> String {
        let rows = rows.map { $0.map(visible) }
        for row in rows {
            for (index, cell) in row.enumerated() {
                if index == widths.count { widths.append(0) }
                widths[index] = max(widths[index], cell.count, 1)
            }
        }
        var text = ""
        for row in rows {
            for (index, value) in row.enumerated() {
                let cell = value.isEmpty ? "-" : value
                text += cell
                guard index < row.count - 1 else { break }
                text += String(repeating: " ", count: widths[index] - cell.count + 2)
            }
            text += "\n"
        }
        return text
    }

    private static func visible(_ cell: String) -> String {
        guard cell.unicodeScalars.contains(where: isControl) else { return cell }
        var text = ""
        for scalar in cell.unicodeScalars {
            text += isControl(scalar) ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return text
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        // Formats include the marks that turn the direction of text.
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}

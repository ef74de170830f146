/// Cells in left-aligned columns, two spaces apart; an empty cell is shown as a dash.
enum TextTable {
    static func render(_ rows: [[String]]) -> String {
        var widths: [Int] = []
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
}

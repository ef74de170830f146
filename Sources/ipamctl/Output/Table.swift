/// Rows and the columns that are printed of them: a table for people, and CSV for programs.
struct Table<Row> {
    let columns: [Column<Row>]
    let rows: [Row]

    /// The table as text.
    ///
    /// - Parameter isWide: true for exact numbers and for lines of any length; false for lines that fit the terminal.
    func text(_ layout: Layout, isWide: Bool) -> String {
        let screen = layout.screen
        var texts = columns.map { column in self.texts(column, layout, isWide: isWide, barCells: FullnessBar.sizes[0]) }
        if layout.hasHeader {
            for (index, column) in columns.enumerated() { texts[index].header = column.title }
        }
        for index in texts.indices where layout.hasHeader {
            texts[index].width = max(texts[index].width, DisplayText.width(of: columns[index].title))
        }
        if !isWide, let width = screen.columns { fit(&texts, into: width, layout) }
        return TextTable(columns: texts).render(hasColor: screen.hasColor)
    }

    private func texts(_ column: Column<Row>, _ layout: Layout, isWide: Bool, barCells: Int) -> TextTable.Column {
        let texts = rows.map { row in
            let cell = column.cell(row)
            if case .fullness(let percent) = cell {
                return FullnessBar.text(ofPercent: percent, cells: barCells, isUTF8: layout.screen.isUTF8)
            }
            return DisplayText.visible(isWide ? cell.text(at: layout.now) : cell.shortText(at: layout.now))
        }
        return TextTable.Column(texts, isNumeric: column.isNumeric) { column.style(rows[$0]) }
    }

    /// Leaves out and cuts columns so that lines have at most `width` cells.
    private func fit(_ texts: inout [TextTable.Column], into width: Int, _ layout: Layout) {
        let screen = layout.screen
        let fitted = ColumnWidths(
            zip(columns, texts).map { column, text in
                var widths = [text.width]
                if column.isBar {
                    widths = FullnessBar.sizes.map {
                        max(FullnessBar.width(cells: $0, isUTF8: screen.isUTF8), text.header?.count ?? 0)
                    }
                }
                return .init(widths: widths, canBeCut: column.shortening != .never, rank: rank(column, text))
            }, fitting: width)
        var kept: [TextTable.Column] = []
        for (index, column) in columns.enumerated() {
            guard let width = fitted.widths[index] else { continue }
            var text = texts[index]
            if column.isBar, width < text.width {
                let cells = FullnessBar.sizes.first {
                    FullnessBar.width(cells: $0, isUTF8: screen.isUTF8) <= width
                }
                text = self.texts(column, layout, isWide: false, barCells: cells ?? 0)
            } else if width < text.width {
                let keepsEnd = column.shortening == .middle
                text.texts = text.texts.map {
                    DisplayText.cut($0, to: width, keepingEnd: keepsEnd, ellipsis: screen.ellipsis)
                }
            }
            text.width = width
            text.header = layout.hasHeader ? column.title : nil
            kept.append(text)
        }
        texts = kept
    }

    /// See ``ColumnWidths/Column/rank``.
    private func rank(_ column: Column<Row>, _ text: TextTable.Column) -> Int? {
        guard column.importance != .essential else { return nil }
        if column.groupsRows, text.texts.dropFirst().allSatisfy({ $0 == text.texts[0] }) { return -1 }
        return column.importance.rawValue
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

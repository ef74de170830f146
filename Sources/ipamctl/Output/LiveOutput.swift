import IPAMKit

/// Events that are printed as they arrive, each as a line, row or document of its own.
struct LiveOutput {
    private let format: OutputFormat
    private let layout: Layout
    private let color: ColorMode
    private let columns: [Column<EventLine>]
    /// The widths of the columns so far; a later row may need more.
    private var widths: [Int]

    /// - Parameter network: the only network that is watched; nil for all.
    /// - Throws: ``Failure`` for a column that events do not have.
    init(_ options: OutputOptions, network: NetworkName?) throws(Failure) {
        format = options.format
        layout = options.layout
        color = options.table.color
        let columns = try layout.select(from: EventLine.columns, for: format)
        let widths = columns.map { EventLine.expectedWidth($0.title, network) }
        guard format == .table, let width = layout.screen.columns else {
            (self.columns, self.widths) = (columns, widths)
            return
        }
        let fitted = ColumnWidths(
            zip(columns, widths).map { column, width -> ColumnWidths.Column in
                let isConstant = column.groupsRows && network != nil
                return .init(
                    widths: [width], canBeCut: column.shortening != .never,
                    rank: isConstant ? -1 : column.importance == .essential ? nil : column.importance.rawValue)
            }, fitting: width
        ).widths
        self.columns = zip(columns, fitted).filter { $1 != nil }.map(\.0)
        self.widths = fitted.compactMap(\.self)
    }

    /// Whether programs read the output: they get everything in one stream.
    var isStructured: Bool { format == .json || format == .yaml }

    /// The header above the first event; empty for formats without one.
    var header: String {
        guard layout.hasHeader else { return "" }
        switch format {
        case .table, .wide: return line(columns.map { ($0.title, nil) }, widths)
        case .csv: return CSVText.render([columns.map(\.title)])
        case .json, .yaml, .name: return ""
        }
    }

    /// One result in the format; ``OutputFormat`` renders complete results.
    mutating func render(_ event: EventLine) -> String {
        switch format {
        case .table, .wide: return row(event)
        case .json: return event.json.serialized() + "\n"
        case .yaml: return "---\n" + YAMLText.render(event.json)
        case .csv:
            return Terminal.harmless(CSVText.render([columns.map { $0.cell(event).text(at: layout.now) }]))
        case .name: return Terminal.harmless(event.names.map { $0 + "\n" }.joined())
        }
    }

    /// Events that are lost, for programs; empty for other formats.
    func render(_ gap: LostEvents) -> String {
        switch format {
        case .json: gap.json.serialized() + "\n"
        case .yaml: "---\n" + YAMLText.render(gap.json)
        case .table, .wide, .csv, .name: ""
        }
    }

    private mutating func row(_ event: EventLine) -> String {
        // The terminal may have another size by now.
        let width = format == .table ? Screen.standardOutput(color).columns : nil
        var used = 0
        var cells: [(String, Style?)] = []
        for (index, column) in columns.enumerated() {
            var text = DisplayText.visible(column.cell(event).text(at: layout.now))
            if let width, column.shortening != .never {
                let room = index == columns.count - 1 ? max(width - used, ColumnWidths.shortest) : widths[index]
                text = DisplayText.cut(
                    text, to: room, keepingEnd: column.shortening == .middle, ellipsis: layout.screen.ellipsis)
            }
            widths[index] = max(widths[index], DisplayText.width(of: text))
            used += widths[index] + ColumnWidths.gap
            cells.append((text, layout.screen.hasColor ? column.style(event) : nil))
        }
        return line(cells, widths)
    }

    private func line(_ cells: [(String, Style?)], _ widths: [Int]) -> String {
        var bytes: [UInt8] = []
        for (index, (text, style)) in cells.enumerated() {
            TextTable.append(
                text, style, width: widths[index], isNumeric: columns[index].isNumeric,
                isLast: index == cells.count - 1, to: &bytes)
        }
        return String(decoding: bytes, as: UTF8.self) + "\n"
    }
}

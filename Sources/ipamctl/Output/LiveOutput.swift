import IPAMKit

/// Results that are printed as they arrive, each as a line, row or document of its own.
struct LiveOutput {
    private let format: OutputFormat
    /// The widths of the columns so far; a later row may need more.
    private var widths: [Int]

    /// - Parameter widths: the expected widths of the columns.
    init(_ format: OutputFormat, widths: [Int]) {
        self.format = format
        self.widths = widths
    }

    var isWide: Bool { format == .wide || format == .csv }
    /// Whether programs read the output: they get everything in one stream.
    var isStructured: Bool { format == .json || format == .yaml }

    /// The header above the first result; empty for formats without one.
    mutating func header(_ cells: [String]) -> String {
        switch format {
        case .table, .wide: TextTable.render([cells], &widths)
        case .csv: CSVText.render([cells])
        case .json, .yaml, .name: ""
        }
    }

    /// The other place where a format is matched; ``OutputFormat/render(_:)`` is for complete results.
    mutating func render(_ result: some Renderable) -> String {
        switch format {
        case .table, .wide: Terminal.harmless(TextTable.render(Array(result.cells(wide: isWide).dropFirst()), &widths))
        case .json: result.json.serialized() + "\n"
        case .yaml: "---\n" + YAMLText.render(result.json)
        case .csv: Terminal.harmless(CSVText.render(Array(result.cells(wide: true).dropFirst())))
        case .name: Terminal.harmless(result.names.map { $0 + "\n" }.joined())
        }
    }
}

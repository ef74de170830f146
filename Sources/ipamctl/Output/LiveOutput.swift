import IPAMKit

/// Results that come one by one, each a whole line, row or document by itself.
struct LiveOutput {
    private let format: OutputFormat
    /// Of the columns so far: what comes later may be wider.
    private var widths: [Int]

    /// - Parameter widths: how wide the columns are expected to be.
    init(_ format: OutputFormat, widths: [Int]) {
        self.format = format
        self.widths = widths
    }

    var isWide: Bool { format == .wide || format == .csv }
    /// Whether programs read it, that want everything in one stream.
    var isStructured: Bool { format == .json || format == .yaml }

    /// What stands above the first result.
    mutating func header(_ cells: [String]) -> String {
        switch format {
        case .table, .wide: TextTable.render([cells], &widths)
        case .csv: CSVText.render([cells])
        case .json, .yaml, .name, .prometheus: ""
        }
    }

    /// The other place where a format is matched; ``OutputFormat/render(_:)`` is for results that are there at once.
    mutating func render(_ result: some Renderable) -> String {
        switch format {
        case .table, .wide: Terminal.harmless(TextTable.render(Array(result.cells(wide: isWide).dropFirst()), &widths))
        case .json: result.json.serialized() + "\n"
        case .yaml: "---\n" + YAMLText.render(result.json)
        case .csv: Terminal.harmless(CSVText.render(Array(result.cells(wide: true).dropFirst())))
        case .name: Terminal.harmless(result.names.map { $0 + "\n" }.joined())
        case .prometheus: format.render(result)
        }
    }
}

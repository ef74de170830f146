import ArgumentParser
import IPAMKit

/// How a result is printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, wide, json, yaml, csv, name

    /// The format if the command line names none: what `set -o` says in the shell, else a table.
    static var standard: OutputFormat { Session.current?.format ?? .table }
}

/// How a result is printed that has metrics.
enum MetricFormat: Hashable, ExpressibleByArgument {
    case result(OutputFormat)
    /// Metrics in Prometheus' text format.
    case prometheus

    init?(argument: String) {
        let format = OutputFormat(argument: argument).map(Self.result)
        guard let format = argument == Self.metrics ? .prometheus : format else { return nil }
        self = format
    }

    private static let metrics = "prometheus"
    static var allValueStrings: [String] { OutputFormat.allValueStrings + [metrics] }
    var defaultValueDescription: String { OutputFormat.table.rawValue }
}

/// A result: one value, with a view for every format.
protocol Renderable {
    var json: JSONValue { get }
    /// Rows of cells, the header first. `wide` asks for all columns.
    func cells(wide: Bool) -> [[String]]
    /// What identifies each row to another command.
    var names: [String] { get }
    /// The text of the table formats; by default the cells in columns.
    func text(wide: Bool) -> String
}

extension Renderable {
    func text(wide: Bool) -> String { TextTable.render(cells(wide: wide)) }
}

/// A result that can also be printed as metrics.
protocol Measurable: Renderable {
    var metrics: [Metric] { get }
}

extension OutputFormat {
    /// The one place where a format is matched.
    func render(_ result: some Renderable) -> String {
        switch self {
        case .table: Terminal.harmless(result.text(wide: false))
        case .wide: Terminal.harmless(result.text(wide: true))
        case .json: result.json.serialized(pretty: true)
        case .yaml: YAMLText.render(result.json)
        case .csv: Terminal.harmless(CSVText.render(result.cells(wide: true)))
        case .name: Terminal.harmless(result.names.joined(separator: "\n"))
        }
    }
}

extension MetricFormat {
    func render(_ result: some Measurable) -> String {
        switch self {
        case .result(let format): format.render(result)
        case .prometheus: PrometheusText.render(result.metrics)
        }
    }
}

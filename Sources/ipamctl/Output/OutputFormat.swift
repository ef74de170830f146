import ArgumentParser
import IPAMKit

/// How a result is printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, wide, json, yaml, csv, name
    /// Metrics in Prometheus' text format; only `networks` has any.
    case prometheus
}

/// A result: one value, with a view for every format.
protocol Renderable {
    var json: JSONValue { get }
    /// Rows of cells, the header first. `wide` asks for all there is.
    func cells(wide: Bool) -> [[String]]
    /// What names each row to another command.
    var names: [String] { get }
    /// What Prometheus is told; nothing by default. Results without metrics are never asked: ``OutputOptions`` refuses.
    var metrics: [Metric] { get }
    /// The text of the table formats; by default the cells in columns.
    func text(wide: Bool) -> String
}

extension Renderable {
    var metrics: [Metric] { [] }
    func text(wide: Bool) -> String { TextTable.render(cells(wide: wide)) }
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
        case .prometheus: PrometheusText.render(result.metrics)
        }
    }
}

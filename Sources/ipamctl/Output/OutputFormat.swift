import ArgumentParser
import IPAMKit
import Synchronization

/// How a result is printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, wide, json, yaml, csv, name

    private static let chosen = Mutex(OutputFormat.table)

    /// The format of commands that are not given `-o`; `set -o` changes it in the shell.
    static var standard: OutputFormat {
        get { chosen.withLock { $0 } }
        set { chosen.withLock { $0 = newValue } }
    }

    /// Whether the format has the columns of ``Renderable/columns``.
    var hasColumns: Bool {
        switch self {
        case .table, .wide, .csv: true
        case .json, .yaml, .name: false
        }
    }
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

    /// nil for a format that not every result has.
    var common: OutputFormat? {
        if case .result(let format) = self { format } else { nil }
    }
}

/// A result with columns.
protocol Tabular {
    associatedtype Row

    /// All columns, in the order in which they are printed.
    static var columns: [Column<Row>] { get }
}

/// A result: one value, with a view for every format.
protocol Renderable: Tabular {
    var rows: [Row] { get }
    /// The rows of the tables for people, if they are others.
    var tableRows: [Row] { get }
    /// Orders what ``rows``, ``json`` and ``names`` have.
    ///
    /// - Parameter sort: returns the rows in their new order.
    mutating func sort(_ sort: ([Row]) throws(Failure) -> [Row]) throws(Failure)
    var json: JSONValue { get }
    /// What identifies each row to another command.
    var names: [String] { get }
    /// What is printed for people in place of a table, such as a line for each change; nil for a table.
    func text(_ layout: Layout, isWide: Bool) throws(Failure) -> String?
}

extension Renderable {
    var tableRows: [Row] { rows }
    func sort(_ sort: ([Row]) throws(Failure) -> [Row]) throws(Failure) {}
    func text(_ layout: Layout, isWide: Bool) -> String? { nil }
}

/// A result that can also be printed as metrics.
protocol Measurable: Renderable {
    var metrics: [Metric] { get }
}

extension OutputFormat {
    /// The result in this format. ``LiveOutput`` does the same for results that arrive one at a time.
    ///
    /// - Throws: ``Failure`` for a column that the result does not have.
    func render<Result: Renderable>(_ result: Result, _ layout: Layout) throws(Failure) -> String {
        var result = result
        if !layout.order.isEmpty {
            try result.sort { rows throws(Failure) in try layout.sorted(rows, by: Result.columns, for: self) }
        }
        switch self {
        case .table: return try Self.text(result, layout, isWide: false)
        case .wide: return try Self.text(result, layout, isWide: true)
        case .json: return result.json.serialized(pretty: true)
        case .yaml: return YAMLText.render(result.json)
        case .csv:
            let columns = try layout.select(from: Result.columns, for: self)
            return Terminal.harmless(Table(columns: columns, rows: result.rows).csv(layout))
        case .name: return Terminal.harmless(result.names.joined(separator: "\n"))
        }
    }

    private static func text<Result: Renderable>(_ result: Result, _ layout: Layout, isWide: Bool) throws(Failure)
        -> String
    {
        if !layout.asksForTable, let text = try result.text(layout, isWide: isWide) { return text }
        let columns = try layout.select(from: Result.columns, for: isWide ? .wide : .table)
        return Table(columns: columns, rows: result.tableRows).text(layout, isWide: isWide)
    }
}

extension MetricFormat {
    func render(_ result: some Measurable, _ layout: Layout) throws(Failure) -> String {
        switch self {
        case .result(let format): try format.render(result, layout)
        case .prometheus: PrometheusText.render(result.metrics)
        }
    }
}

import ArgumentParser
import IPAMKit

/// How a result is printed.
struct OutputOptions: ParsableArguments {
    @Option(
        name: [.customShort("o", allowingJoined: true), .customLong("output")],
        help: ArgumentHelp("The format of the result. Default: table.", valueName: "format"))
    var given: OutputFormat?

    @OptionGroup var table: TableOptions

    var format: OutputFormat { given ?? .standard }

    /// How the result is laid out on standard output.
    var layout: Layout { table.layout(on: .standardOutput(table.color)) }

    /// Checks the options before anything is read.
    ///
    /// - Throws: ``Failure`` for a column that the result does not have, and for `--columns` with a format without columns.
    func check<Result: Tabular>(_ result: Result.Type) throws(Failure) {
        try table.check(result, format)
    }

    /// - Throws: ``Failure`` as ``check(_:)``.
    func print(_ result: some Renderable) throws(Failure) {
        Terminal.show(try format.render(result, layout))
    }

    /// Prints what a change has done.
    ///
    /// - Throws: why not everything was done.
    func finish(_ result: ChangeList) throws(Failure) {
        try print(result)
        if let failure = result.failure { throw failure }
    }
}

/// How a result is printed that has metrics.
struct MetricOutputOptions: ParsableArguments {
    @Option(
        name: [.customShort("o", allowingJoined: true), .customLong("output")],
        help: ArgumentHelp("The format of the result. Default: table.", valueName: "format"))
    var given: MetricFormat?

    @OptionGroup var table: TableOptions

    @Option(help: "Write the result to this file, completely or not at all; - is standard output.")
    var outputFile = ResultFile.standardOutput

    @Option(help: "With -o prometheus: a file of 'ipamctl audit --report', for the number of leaked addresses.")
    var report: String?

    var format: MetricFormat { given ?? .result(.standard) }

    func validate() throws {
        if report != nil, format != .prometheus { throw ValidationError("--report goes with -o prometheus") }
    }

    /// See ``OutputOptions/check(_:)``.
    func check<Result: Measurable>(_ result: Result.Type) throws(Failure) {
        try table.check(result, format.common)
    }

    /// Writes the result to ``outputFile``.
    func write(_ result: some Measurable) throws(Failure) {
        let screen = outputFile.isStandardOutput ? Screen.standardOutput(table.color) : .file(table.color)
        try outputFile.write(try format.render(result, table.layout(on: screen)))
    }
}

/// The look of tables.
struct TableOptions: ParsableArguments {
    @Option(
        help: """
            Print these columns, in this order: headers in any case, separated by commas. For the formats table, wide and \
            csv. A name that does not exist is answered with those that do.
            """, transform: ColumnNames.init(argument:))
    var columns: ColumnNames?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Sort by these columns, separated by commas; a - before a column sorts it in descending order.",
            valueName: "columns"),
        transform: SortOrder.init(argument:))
    var sortBy: SortOrder?

    @Flag(help: "Omit the headers of the columns.")
    var noHeaders = false

    @Option(
        help: ArgumentHelp(
            "When to use colours; auto is only on a terminal, and not if NO_COLOR is set or TERM is dumb.",
            valueName: "when"))
    var color = ColorMode.auto

    func layout(on screen: Screen) -> Layout {
        Layout(
            columns: columns?.names, order: sortBy?.keys ?? [], hasHeader: !noHeaders, screen: screen,
            now: Operator.now())
    }

    /// - Parameter format: nil for a format that not every result has.
    fileprivate func check<Result: Tabular>(_ result: Result.Type, _ format: OutputFormat?) throws(Failure) {
        if columns != nil, format?.hasColumns != true {
            let name = format?.rawValue ?? "prometheus"
            throw Failure(
                .usage, "--columns does not apply to -o \(name)", hint: "it applies to -o table, wide and csv")
        }
        let format = format ?? .table
        let layout = layout(on: .file(.never))
        _ = try layout.select(from: Result.columns, for: format)
        _ = try layout.sortColumns(of: Result.columns, for: format)
    }
}

/// The value of `--columns`.
struct ColumnNames: Sendable {
    let names: [ColumnName]

    /// - Throws: ``Failure`` if there is no name, or an empty one.
    init(argument text: String) throws(Failure) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmed }
        guard parts.allSatisfy({ !$0.isEmpty }) else {
            throw Failure(
                .usage, "\(text.quotedForPeople) has an empty name",
                hint: "write the headers of columns, separated by commas, such as status,address")
        }
        names = parts.map { ColumnName(text: String($0)) }
    }
}

/// The value of `--sort-by`.
struct SortOrder: Sendable {
    let keys: [SortKey]

    /// - Throws: ``Failure`` if there is no name, or an empty one.
    init(argument text: String) throws(Failure) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmed }
        guard parts.allSatisfy({ !$0.isEmpty && $0 != "-" }) else {
            throw Failure(
                .usage, "\(text.quotedForPeople) has an empty name",
                hint: "write the headers of columns, separated by commas, such as network,-age")
        }
        keys = parts.map { part in
            let isDescending = part.hasPrefix("-")
            return SortKey(
                name: ColumnName(text: String(isDescending ? part.dropFirst() : part)), isDescending: isDescending)
        }
    }
}

extension Substring {
    /// Without blanks around it.
    fileprivate var trimmed: Substring {
        let rest = drop { $0 == " " }
        return rest[..<(rest.lastIndex { $0 != " " }.map(rest.index(after:)) ?? rest.startIndex)]
    }
}

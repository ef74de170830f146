/// A column of a table: its header, its cells, and what happens to it on a narrow terminal.
struct Column<Row>: Sendable {
    /// The formats in which the column is printed unless `--columns` names it.
    enum Formats: Sendable {
        /// Tables and CSV.
        case all
        /// Wide tables and CSV.
        case wide
        /// Tables of both widths: what CSV has in another form.
        case tables
        /// The narrow table only: the wide ones have more columns instead.
        case table
    }

    /// What happens to long texts on a narrow terminal.
    enum Shortening: Sendable {
        /// Addresses, times and numbers.
        case never
        /// Names: their beginnings and ends tell most.
        case middle
        /// Prose.
        case end
    }

    /// In which order columns are left out on a narrow terminal, the first one first.
    enum Importance: Int, Sendable, Comparable {
        case detail, context, figure
        /// Never left out.
        case essential

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// The header, in capitals.
    let title: String
    var formats = Formats.all
    var importance = Importance.essential
    var shortening = Shortening.never
    /// Whether the column is the first to be left out if all rows have the same cell in it.
    var groupsRows = false
    /// Whether cells are aligned to the right.
    var isNumeric = false
    /// Whether the cells are percentages, which are shown with a bar.
    var isBar = false
    var style: @Sendable (Row) -> Style? = { _ in nil }
    let cell: @Sendable (Row) -> Cell

    func isShown(in format: OutputFormat) -> Bool {
        switch format {
        case .table: formats != .wide
        case .wide: formats != .table
        case .csv: formats == .all || formats == .wide
        // These formats have no columns.
        case .json, .yaml, .name: false
        }
    }
}

extension Column {
    /// The network of a row.
    static func network(_ name: @escaping @Sendable (Row) -> String) -> Column {
        Column(title: "NETWORK", importance: .context, shortening: .middle, groupsRows: true) { .text(name($0)) }
    }

    /// A column of names or prose.
    static func text(
        _ title: String, _ formats: Formats = .all, _ importance: Importance = .essential,
        shortening: Shortening = .middle, style: @escaping @Sendable (Row) -> Style? = { _ in nil },
        _ text: @escaping @Sendable (Row) -> String?
    ) -> Column {
        Column(
            title: title, formats: formats, importance: importance, shortening: shortening, style: style,
            cell: { Cell(text($0)) })
    }

    /// A column of numbers.
    static func number(
        _ title: String, _ formats: Formats = .all, _ importance: Importance = .figure,
        _ cell: @escaping @Sendable (Row) -> Cell
    ) -> Column {
        Column(title: title, formats: formats, importance: importance, isNumeric: true, cell: cell)
    }
}

// MARK: Names

/// The name of a column, as `--columns` and `--sort-by` take it: the header in any case, with `-`, `_` or a blank for a blank.
struct ColumnName: Sendable {
    let text: String

    func matches(_ title: String) -> Bool { Self.plain(title) == Self.plain(text) }

    /// The usual form of a header: `used-by`.
    static func plain(_ title: String) -> String {
        String(title.lowercased().map { $0 == " " || $0 == "_" ? "-" : $0 })
    }

    /// The usual forms of the headers, each once.
    static func all(of titles: [String]) -> [String] {
        var names: [String] = []
        for name in titles.map(plain) where !names.contains(name) { names.append(name) }
        return names
    }

    /// The column with this name. If several have it, the one that `format` shows.
    ///
    /// - Throws: ``Failure`` that lists the names, for the option that has the name.
    func column<Row>(of columns: [Column<Row>], in format: OutputFormat, option: String) throws(Failure) -> Column<Row>
    {
        let found = columns.filter { matches($0.title) }
        guard let column = found.first(where: { $0.isShown(in: format) }) ?? found.first else {
            throw Failure(
                .usage, "\(option): unknown column \(text.quotedForPeople)",
                hint: "the columns are \(Self.all(of: columns.map(\.title)).joined(separator: ", "))")
        }
        return column
    }
}

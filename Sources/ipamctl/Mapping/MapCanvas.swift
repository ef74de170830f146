import IPAMKit

/// Where `ipamctl map --watch` draws: in place on a terminal, or one picture after another.
struct MapCanvas {
    private let output: OutputOptions
    /// Whether a picture replaces the one before.
    let isInPlace: Bool
    private var size: MapPicture.Size?
    private var isFirst = true

    init(_ output: OutputOptions) {
        self.output = output
        isInPlace =
            output.format == .table && TerminalSize() != nil && Variable.text("TERM") != "dumb"
    }

    /// Whether the terminal has another size than the picture on it.
    var isOutdated: Bool { isInPlace && size != Self.terminalSize }

    private static var terminalSize: MapPicture.Size? {
        TerminalSize().map { MapPicture.Size(columns: $0.columns, rows: $0.rows) }
    }

    /// - Parameters:
    ///   - time: when the networks were read.
    ///   - problem: why the picture may be out of date; nil if it is not.
    mutating func show(_ list: MapList, _ time: Timestamp, _ problem: String?) throws(Failure) {
        defer { isFirst = false }
        if isInPlace, let size = Self.terminalSize {
            self.size = size
            return draw(list, size, "as of \(time)" + (problem.map { "; \($0); trying again" } ?? "; Ctrl-C to stop"))
        }
        switch output.format {
        case .json: Terminal.print(list.json.serialized())
        case .yaml: Terminal.print("---\n" + YAMLText.render(list.json))
        case .table, .wide, .csv, .name:
            let picture = try output.format.render(list, output.layout)
            Terminal.print((isFirst ? "" : "\n") + "as of \(time)\n" + picture)
        }
    }

    private func draw(_ list: MapList, _ size: MapPicture.Size, _ status: String) {
        // The last line of the terminal stays empty, for the cursor.
        var lines = list.picture(
            output.layout, MapPicture.Size(columns: size.columns, rows: size.rows - 1))
        let room = max(1, size.rows - 2)
        func fitting(_ text: String) -> String {
            DisplayText.cut(
                DisplayText.visible(text), to: size.columns ?? .max, keepingEnd: false,
                ellipsis: output.layout.screen.ellipsis)
        }
        if lines.count > room {
            let omitted = lines.count - room + 1
            lines = lines.prefix(room - 1) + [fitting("... \(omitted) more lines: name a network, or use --cidr")]
        }
        // Each line erases what was behind it, and the last one what was below: nothing flickers.
        Terminal.control(
            "\u{1B}[H" + (isFirst ? "\u{1B}[2J" : "") + (lines + [fitting(status)]).map { $0 + "\u{1B}[K\n" }.joined()
                + "\u{1B}[J")
    }
}

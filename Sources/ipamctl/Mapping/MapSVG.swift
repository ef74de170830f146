import IPAMKit

/// Maps as an SVG image: no scripts, nothing that is loaded, and titles that a browser shows under the pointer.
struct MapSVG {
    private let maps: [AddressMap]
    private let now: Timestamp
    private var elements: [String] = []
    /// Where the next element begins, in pixels from the top.
    private var top = 0
    private var width = 0

    private static let margin = 16
    private static let cell = 12
    private static let pitch = 14
    /// Between groups of cells.
    private static let gap = 6
    private static let group = 8
    /// The width of a character of a label, at most.
    private static let character = 8
    private static let line = 18

    /// - Parameter now: the time of the image, for its text.
    init(_ maps: [AddressMap], now: Timestamp) {
        self.maps = maps
        self.now = now
        top = Self.margin
        for map in maps {
            text("network \(map.network)", Self.margin, "h")
            top += 6
            for section in map.sections { draw(MapList.grid(section)) }
        }
        drawLegend()
    }

    /// The document, in UTF-8.
    var document: String {
        let width = max(self.width, 640) + Self.margin
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(top)" viewBox="0 0 \(width) \(top)" \
            role="img" aria-label="\(Self.escaped("address map of \(maps.map(\.network.text).joined(separator: ", "))"))">
            <style>
            \(Self.style)
            </style>
            <rect class="page" width="100%" height="100%"/>
            \(elements.joined(separator: "\n"))
            </svg>
            """
    }

    /// Each state has a shape or a pattern of its own, and a colour for light and dark backgrounds.
    private static let style = """
        text { font: 12px ui-monospace, monospace; fill: #1f2328; }
        .h { font-size: 15px; font-weight: bold; }
        .d { fill: #59636e; }
        .g { font-size: 10px; font-weight: bold; text-anchor: middle; pointer-events: none; }
        .page { fill: #ffffff; }
        .used { fill: #0a58ca; }
        .free { fill: #ddf4e4; stroke: #8fc9a3; }
        .fixed { fill: #fff5d6; stroke: #b58900; stroke-dasharray: 2 1.5; }
        .gateway { fill: #ffffff; stroke: #59636e; }
        .excluded { fill: #eaeef2; stroke: #c8d1da; }
        .mark { fill: #8b3fb8; pointer-events: none; }
        .level { fill: #0a58ca; pointer-events: none; }
        .line { stroke: #8c959f; pointer-events: none; }
        g:hover > rect { stroke: #cf222e; stroke-width: 2; stroke-dasharray: none; }
        @media (prefers-color-scheme: dark) {
          text { fill: #e6edf3; }
          .d { fill: #9198a1; }
          .page { fill: #0d1117; }
          .used { fill: #6cb0ff; }
          .free { fill: #14301f; stroke: #2f6b45; }
          .fixed { fill: #332a0a; stroke: #d4a72c; }
          .gateway { fill: #0d1117; stroke: #9198a1; }
          .excluded { fill: #1c2128; stroke: #3d444d; }
          .mark { fill: #d79bff; }
          .level { fill: #6cb0ff; }
          .line { stroke: #656c76; }
          g:hover > rect { stroke: #ff7b72; }
        }
        """

    // MARK: Sections

    private mutating func text(_ text: String, _ x: Int, _ style: String? = nil) {
        top += Self.line
        elements.append(Self.text(text, x, top - 5, style))
        width = max(width, x + text.count * Self.character)
    }

    private static func text(_ text: String, _ x: Int, _ y: Int, _ style: String? = nil) -> String {
        "<text x=\"\(x)\" y=\"\(y)\"\(style.map { " class=\"\($0)\"" } ?? "")>\(escaped(text))</text>"
    }

    private mutating func draw(_ grid: MapGrid) {
        let section = grid.section
        let family = section.first.family
        var heading = section.subnet?.description ?? "outside every subnet"
        heading += ": " + section.counts.phrase { String($0) }
        text(heading, Self.margin)
        let scale =
            grid.blockBits == 0
            ? "a cell is an address"
            : "a cell is a /\(family.bitWidth - grid.blockBits) of \(grid.addressesPerCell) addresses"
        text(scale, Self.margin, "d")
        let labels = grid.rows.map(\.first.description)
        let left = Self.margin + Self.character * ((labels.map(\.utf8.count).max() ?? 0) + 1)
        func x(_ index: Int) -> Int { left + index * Self.pitch + index / Self.group * Self.gap }
        top += Self.line
        for first in stride(from: 0, to: grid.cellsPerRow, by: Self.group) {
            let distance = MapPicture.distance(UInt128(first) << grid.blockBits, family)
            elements.append(Self.text("+" + distance, x(first), top - 5, "d"))
        }
        width = max(width, x(grid.cellsPerRow - 1) + Self.pitch)
        for (row, label) in zip(grid.rows, labels) {
            elements.append(Self.text(label, Self.margin, top + Self.cell - 2, "d"))
            switch row {
            case .cells(_, let cells):
                for (index, cell) in cells.enumerated() {
                    if let cell { elements.append(Self.element(cell, x(index), top)) }
                }
            case .folded(let cell, _):
                let title = Self.title(cell)
                let text = "\(cell.range.count) addresses to \(cell.range.end): \(cell.state.phrase)"
                let span = max(x(grid.cellsPerRow - 1) + Self.cell, left + text.count * Self.character) - left
                width = max(width, left + span)
                elements.append(
                    "<g><title>\(title)</title>\(Self.box(cell.state, left, top, span, Self.cell))</g>"
                        + Self.folded(text, cell.state, left, top))
            }
            top += Self.pitch
            if case .folded = row { top += Self.line }
        }
        top += Self.line
    }

    /// The text below a box that stands for several rows.
    private static func folded(_ text: String, _ state: MapState, _ x: Int, _ y: Int) -> String {
        self.text(text, x, y + cell + line - 5, "d")
    }

    private static func box(_ state: MapState, _ x: Int, _ y: Int, _ width: Int, _ height: Int) -> String {
        // A reserved address is a free one with a mark.
        let style = state == .reserved ? "fixed" : state.rawValue
        return "<rect class=\"\(style)\" x=\"\(x)\" y=\"\(y)\" width=\"\(width)\" height=\"\(height)\" rx=\"2\"/>"
    }

    /// A cell with its title, and what distinguishes it apart from its colour.
    private static func element(_ cell: MapCell, _ x: Int, _ y: Int) -> String {
        "<g><title>\(title(cell))</title>\(shape(cell.counts, x, y))</g>"
    }

    private static func shape(_ counts: MapCounts, _ x: Int, _ y: Int) -> String {
        let size = Self.cell
        let state = counts.state
        switch state {
        case .free, .fixed: return box(state, x, y, size, size)
        case .used:
            guard counts.fill < 1 else { return box(state, x, y, size, size) }
            let height = max(2, min(size - 2, Int(counts.fill * Double(size))))
            return box(counts[.fixed] > counts[.free] ? .fixed : .free, x, y, size, size)
                + "<rect class=\"level\" x=\"\(x)\" y=\"\(y + size - height)\" width=\"\(size)\" height=\"\(height)\"/>"
        case .reserved:
            let half = size / 2
            return box(state, x, y, size, size)
                + "<path class=\"mark\" d=\"M\(x + half) \(y + 1)l\(half - 1) \(half - 1)l-\(half - 1) \(half - 1)"
                + "l-\(half - 1) -\(half - 1)z\"/>"
        case .gateway:
            return box(state, x, y, size, size)
                + "<text class=\"g\" x=\"\(x + size / 2)\" y=\"\(y + size - 3)\">G</text>"
        case .excluded:
            return box(state, x, y, size, size)
                + "<path class=\"line\" d=\"M\(x + 2) \(y + size - 2)L\(x + size - 2) \(y + 2)\"/>"
        }
    }

    /// What a browser shows under the pointer: the addresses, their state, and who has them.
    private static func title(_ cell: MapCell) -> String {
        var lines = ["\(cell.range)"]
        if cell.range.count == 1 {
            lines[0] += ": \(cell.state.phrase)"
        } else {
            lines.append(cell.counts.phrase { String($0) })
        }
        if let who = cell.who { lines.append(who) }
        if let note = cell.note { lines.append("note: \(note)") }
        return escaped(lines.joined(separator: "\n"))
    }

    private mutating func drawLegend() {
        var x = Self.margin
        top += 4
        for state in MapState.allCases {
            var counts = MapCounts()
            counts[state] = 1
            elements.append(Self.shape(counts, x, top))
            elements.append(Self.text(state.phrase, x + Self.pitch + 4, top + Self.cell - 2))
            x += Self.pitch + 4 + (state.phrase.count + 2) * Self.character
        }
        var half = MapCounts()
        (half[.used], half[.free]) = (1, 1)
        elements.append(Self.shape(half, x, top))
        let partly = "block, partly taken"
        elements.append(Self.text(partly, x + Self.pitch + 4, top + Self.cell - 2))
        width = max(width, x + Self.pitch + 4 + partly.count * Self.character)
        top += Self.pitch + 6
        text("as of \(now)", Self.margin, "d")
        top += Self.margin
    }

    // MARK: Text

    /// Text for an element or an attribute. Characters that XML 1.0 does not allow, and marks that change the direction of
    /// text, are replaced.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in Terminal.harmless(text).unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case "\u{FFFE}", "\u{FFFF}": escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

import IPAMKit

/// Maps as text.
struct MapPicture {
    /// The space for a picture.
    struct Size: Hashable, Sendable {
        /// nil for lines of any length.
        let columns: Int?
        let rows: Int

        /// What is not for a terminal: up to 64 rows for each subnet, or up to 1,024 if all details are wanted.
        static func unlimited(isWide: Bool) -> Size { Size(columns: nil, rows: isWide ? 1_024 : 64) }
    }

    private let maps: [AddressMap]
    private let grids: [[MapGrid]]
    private let size: Size
    private let characters: MapCharacters
    private let hasColor: Bool
    /// Whether there are headings, rulers and a legend.
    private let hasHeader: Bool

    init(_ maps: [AddressMap], size: Size, characters: MapCharacters, hasColor: Bool, hasHeader: Bool = true) {
        self.maps = maps
        self.size = size
        self.characters = characters
        self.hasColor = hasColor
        self.hasHeader = hasHeader
        let sections = maps.flatMap(\.sections)
        var rest = size.rows
        if size.columns != nil, hasHeader {
            // A heading of two lines, a ruler and an empty line for each section, the legend, and the next prompt.
            rest -= 4 * sections.count + 3
        }
        // Those that need the fewest rows come first, and leave the others more.
        var grids = [MapGrid?](repeating: nil, count: sections.count)
        let order = sections.indices.sorted { (sections[$0].segments.count, $0) < (sections[$1].segments.count, $1) }
        for (done, index) in order.enumerated() {
            let most = size.columns == nil ? size.rows : max(1, rest / (sections.count - done))
            let grid = Self.grid(sections[index], most, size.columns)
            rest -= grid.rows.count
            grids[index] = grid
        }
        var next = grids.compactMap(\.self)[...]
        self.grids = maps.map { map in
            defer { next = next.dropFirst(map.sections.count) }
            return Array(next.prefix(map.sections.count))
        }
    }

    private static let usualCellBits = 6
    private static let cellBits = 3...7

    /// The widest grid whose lines fit.
    private static func grid(_ section: MapSection, _ mostRows: Int, _ columns: Int?) -> MapGrid {
        guard let columns else { return MapGrid(section, cellBits: usualCellBits, mostRows: mostRows) }
        for bits in cellBits.reversed() {
            let grid = MapGrid(section, cellBits: bits, mostRows: mostRows)
            if labelWidth(grid) + 1 + grid.cellsPerRow <= columns { return grid }
        }
        return MapGrid(section, cellBits: cellBits.lowerBound, mostRows: mostRows)
    }

    private static func labelWidth(_ grid: MapGrid) -> Int {
        grid.rows.reduce(0) { max($0, $1.first.description.utf8.count) }
    }

    // MARK: Lines

    /// The lines, without line breaks.
    var lines: [String] {
        var lines: [String] = []
        for (map, grids) in zip(maps, grids) {
            if grids.isEmpty {
                lines.append(fitting("\(map.network)  no address ranges, and no address in use"))
                if hasHeader { lines.append("") }
            }
            for grid in grids {
                lines += self.lines(grid, of: map)
                if hasHeader { lines.append("") }
            }
        }
        guard hasHeader, grids.contains(where: { !$0.isEmpty }) else { return lines }
        return lines + legend
    }

    private func fitting(_ text: String) -> String {
        guard let columns = size.columns else { return text }
        return DisplayText.cut(text, to: columns, keepingEnd: false, ellipsis: characters.isUTF8 ? "…" : "...")
    }

    private func lines(_ grid: MapGrid, of map: AddressMap) -> [String] {
        let label = Self.labelWidth(grid)
        let group = grid.cellsPerRow > 32 ? 16 : 8
        let groups = (grid.cellsPerRow + group - 1) / group
        // Between the label and the cells, then between the groups.
        let room = size.columns.map { $0 - label - grid.cellsPerRow } ?? .max
        let indent = room >= 2 ? 2 : 1
        let gap = room - indent >= groups - 1 ? 1 : 0
        var lines: [String] = []
        if hasHeader {
            lines.append(fitting(heading(grid, of: map)))
            lines.append(fitting(grid.section.counts.phrase(Self.short)))
            lines.append(
                String(repeating: " ", count: label + indent)
                    + ruler(grid, group, gap, room: size.columns.map { $0 - label - indent } ?? .max))
        }
        for row in grid.rows {
            let name = row.first.description
            let start = name + String(repeating: " ", count: label - name.utf8.count + indent)
            switch row {
            case .cells(_, let cells): lines.append(start + text(cells, group, gap))
            case .folded(let cell, _):
                // An address is never cut.
                let count = "\(start)* \(Self.short(cell.range.count)) addresses"
                let complete = "\(count) to \(cell.range.end): \(cell.state.phrase)"
                let isTooLong = size.columns.map { complete.utf8.count > $0 } ?? false
                lines.append(isTooLong ? "\(count): \(cell.state.phrase)" : complete)
            }
        }
        return lines
    }

    private func text(_ cells: [MapCell?], _ group: Int, _ gap: Int) -> String {
        var text = ""
        var style: Style?
        func change(to next: Style?) {
            guard hasColor, next != style else { return }
            text += (style == nil ? "" : Style.end) + (next?.start ?? "")
            style = next
        }
        let used = cells.lastIndex { $0 != nil }.map { $0 + 1 } ?? 0
        for (index, cell) in cells.prefix(used).enumerated() {
            if gap > 0, index > 0, index % group == 0 {
                change(to: nil)
                text += " "
            }
            change(to: cell?.state.style)
            text.append(cell.map(characters.character) ?? " ")
        }
        change(to: nil)
        return text
    }

    private func heading(_ grid: MapGrid, of map: AddressMap) -> String {
        let section = grid.section
        var parts = [map.network.text, section.subnet?.description ?? "outside every subnet"]
        if section.gateways.count == 1 { parts.append("gateway \(section.gateways[0])") }
        if grid.blockBits == 0 {
            parts.append("a cell is an address")
        } else {
            let prefix = section.first.family.bitWidth - grid.blockBits
            parts.append("a cell is a /\(prefix) (\(Self.short(grid.addressesPerCell)) addresses)")
        }
        return parts.joined(separator: "  ")
    }

    /// The distances of cells from the address of their row.
    private func ruler(_ grid: MapGrid, _ group: Int, _ gap: Int, room: Int) -> String {
        var ruler = ""
        for first in stride(from: 0, to: grid.cellsPerRow, by: group) {
            let column = first + first / group * gap
            let text = "+" + Self.distance(UInt128(first) << grid.blockBits, grid.section.first.family)
            guard column == 0 || ruler.utf8.count < column, column + text.utf8.count <= room else { continue }
            ruler += String(repeating: " ", count: column - ruler.utf8.count) + text
        }
        return ruler
    }

    /// The end of an address: `48`, `12.0` or `8000:0`.
    static func distance(_ distance: UInt128, _ family: AddressFamily) -> String {
        let (bits, radix, separator) = family == .ipv4 ? (8, 10, ".") : (16, 16, ":")
        var parts: [String] = []
        var rest = distance
        repeat {
            parts.append(String(rest & (1 << bits - 1), radix: radix))
            rest >>= bits
        } while rest > 0
        return parts.reversed().joined(separator: separator)
    }

    /// A number as in tables: long ones are abbreviated.
    private static func short(_ number: UInt128) -> String { Cell.number(number).shortText(at: Timestamp(seconds: 0)) }

    private var legend: [String] {
        let hasBlocks = grids.joined().contains { $0.blockBits > 0 }
        var lines: [String] = []
        var (line, used) = ("", 0)
        for (character, meaning, style) in characters.legend(hasBlocks: hasBlocks) {
            let width = character.count + 1 + meaning.count
            if used > 0, let columns = size.columns, used + 2 + width > columns {
                lines.append(line)
                (line, used) = ("", 0)
            }
            let shown = style.flatMap { hasColor ? $0.start + character + Style.end : nil } ?? character
            line += (used > 0 ? "  " : "") + shown + " " + meaning
            used += (used > 0 ? 2 : 0) + width
        }
        return lines + [line]
    }
}

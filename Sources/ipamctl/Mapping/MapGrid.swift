import IPAMKit

/// A section of a map as rows of cells.
struct MapGrid: Sendable {
    enum Row: Sendable {
        /// Cells from the address of the row; nil for a cell without an address of the map.
        case cells(first: IPAddress, [MapCell?])
        /// Several rows, all of whose addresses have the same state.
        case folded(MapCell, rows: UInt128)

        var first: IPAddress {
            switch self {
            case .cells(let first, _): first
            case .folded(let cell, _): cell.range.start
            }
        }

        var cells: [MapCell] {
            switch self {
            case .cells(_, let cells): cells.compactMap(\.self)
            case .folded(let cell, _): [cell]
            }
        }
    }

    let section: MapSection
    /// A cell has 2 to this power addresses.
    let blockBits: Int
    /// A row has 2 to this power cells.
    let cellBits: Int
    let rows: [Row]

    /// The grid with the smallest blocks that fits. If all rows do not fit, equal ones are folded; if that is not enough,
    /// a cell gets more addresses.
    ///
    /// - Parameters:
    ///   - cellBits: a row has at most 2 to this power cells.
    ///   - mostRows: at least 1.
    init(_ section: MapSection, cellBits: Int, mostRows: Int) {
        self.section = section
        let difference = section.first.value ^ section.last.value
        // The addresses of the section lie in one block of 2 to this power.
        let bits = max(
            UInt128.bitWidth - difference.leadingZeroBitCount, section.last.value == .max ? 1 : 0)
        var block = 0
        while true {
            let cells = min(cellBits, bits - block)
            let lines = Lines(section.segments, rowBits: block + cells, atMost: max(1, mostRows))
            if let lines {
                self.blockBits = block
                self.cellBits = cells
                rows = lines.rows(section, blockBits: block, cellBits: cells)
                return
            }
            // At the latest, one row has all of it.
            block += 1
        }
    }

    /// The number of cells of a full row.
    var cellsPerRow: Int { 1 << cellBits }

    /// The number of addresses of a cell.
    var addressesPerCell: UInt128 { 1 << UInt128(blockBits) }
}

/// Which rows a grid has.
private struct Lines {
    private enum Line {
        /// A row with addresses of several states, by its number.
        case mixed(UInt128)
        case equal(first: UInt128, last: UInt128, state: MapState)
    }

    private var lines: [Line] = []
    private let rowBits: Int
    private var isFolded = false

    /// - Parameters:
    ///   - rowBits: a row has 2 to this power addresses.
    ///   - limit: the largest number of rows.
    /// - Returns: nil if there are more rows, also if equal ones are folded.
    init?(_ segments: [MapSegment], rowBits: Int, atMost limit: Int) {
        self.rowBits = rowBits
        // 2 to the power of 128 is 0 here, and the mask has all bits.
        let mask = (UInt128(1) << rowBits) &- 1
        // The number of the row after the last one has to be a number, too.
        if rowBits == 0, segments.last?.range.end.value == .max { return nil }
        var next: UInt128 = 0
        var unfolded = 0
        for segment in segments {
            let (start, end) = (segment.range.start.value, segment.range.end.value)
            let (firstRow, lastRow) = (start >> rowBits, end >> rowBits)
            let isWholeFirst = start & mask == 0 && (firstRow < lastRow || end & mask == mask)
            if !isWholeFirst, lines.isEmpty || firstRow >= next {
                lines.append(.mixed(firstRow))
                next = firstRow &+ 1
            }
            let wholeFirst = isWholeFirst ? firstRow : firstRow &+ 1
            let wholeEnd = end & mask == mask ? lastRow &+ 1 : lastRow
            if wholeFirst < wholeEnd {
                lines.append(.equal(first: wholeFirst, last: wholeEnd - 1, state: segment.state))
                next = wholeEnd
                unfolded = Int(clamping: UInt128(unfolded) &+ (wholeEnd - wholeFirst) &- 1)
            }
            if lastRow >= next, wholeEnd == lastRow, firstRow < lastRow {
                lines.append(.mixed(lastRow))
                next = lastRow &+ 1
            }
            if lines.count > limit { return nil }
        }
        let (all, overflow) = lines.count.addingReportingOverflow(unfolded)
        isFolded = overflow || all > limit
    }

    func rows(_ section: MapSection, blockBits: Int, cellBits: Int) -> [MapGrid.Row] {
        var rows: [MapGrid.Row] = []
        var segment = 0
        let family = section.first.family
        func address(_ row: UInt128) -> IPAddress { IPAddress(family: family, value: row << rowBits) }
        func appendCells(_ row: UInt128) {
            let start = row << rowBits
            var cells: [MapCell?] = []
            for index in 0..<(UInt128(1) << cellBits) {
                let first = start + index << blockBits
                let last = first | ((UInt128(1) << blockBits) &- 1)
                cells.append(cell(first, last, section, &segment))
            }
            rows.append(.cells(first: address(row), cells))
        }
        for line in lines {
            switch line {
            case .mixed(let row): appendCells(row)
            case .equal(let first, let last, _) where !isFolded || first == last:
                for row in first...last { appendCells(row) }
            case .equal(let first, let last, let state):
                let end = last << rowBits | ((UInt128(1) << rowBits) &- 1)
                let range = AddressRange(unchecked: address(first), IPAddress(family: family, value: end))
                var counts = MapCounts()
                counts[state] = range.count
                let cell = MapCell(range: range, counts: counts, entries: section.entries(in: range))
                rows.append(.folded(cell, rows: last - first + 1))
            }
        }
        return rows
    }

    /// - Parameter segment: the index of a segment that is not behind `first`; it is moved forward.
    private func cell(_ first: UInt128, _ last: UInt128, _ section: MapSection, _ segment: inout Int) -> MapCell? {
        let segments = section.segments
        while segment < segments.count, segments[segment].range.end.value < first { segment += 1 }
        var counts = MapCounts()
        var index = segment
        var bounds: (first: UInt128, last: UInt128)?
        while index < segments.count, segments[index].range.start.value <= last {
            let range = segments[index].range
            let (start, end) = (max(first, range.start.value), min(last, range.end.value))
            let distance = end - start
            counts[segments[index].state] += distance == .max ? .max : distance + 1
            bounds = (bounds?.first ?? start, end)
            index += 1
        }
        guard let bounds else { return nil }
        let family = section.first.family
        let range = AddressRange(
            unchecked: IPAddress(family: family, value: bounds.first), IPAddress(family: family, value: bounds.last))
        return MapCell(
            range: range, counts: counts, entries: counts.taken > 0 ? section.entries(in: range) : [])
    }
}

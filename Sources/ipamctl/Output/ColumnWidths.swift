/// Fits the columns of a table into the width of a terminal.
///
/// If they do not fit, columns that say nothing are left out. If that is not enough, long texts are assumed to be cut to
/// ``comfortable`` cells; if that is not enough either, the least important columns are left out. The room that is left
/// goes to the texts again. If no column can be left out any more, texts are cut further, to ``shortest`` cells. Addresses,
/// times and numbers are never cut: if they need more than the width, the terminal wraps the lines.
struct ColumnWidths {
    /// One column.
    struct Column {
        /// The widths that the column can have, the largest first. If it ``canBeCut``, only the largest.
        let widths: [Int]
        /// Whether every smaller width down to ``ColumnWidths/shortest`` is possible, too.
        let canBeCut: Bool
        /// Columns with smaller numbers are left out first, those with negative ones before anything is cut; nil if the
        /// column is never left out.
        let rank: Int?

        fileprivate var natural: Int { widths.first ?? 0 }

        fileprivate func least(_ floor: Int) -> Int { canBeCut ? min(natural, floor) : widths.last ?? 0 }
    }

    static let comfortable = 20
    static let shortest = 8
    /// Between two columns.
    static let gap = 2

    /// The width of each column; nil for a column that is left out.
    let widths: [Int?]

    init(_ columns: [Column], fitting width: Int) {
        var kept = Array(columns.indices)
        func total(_ width: (Column) -> Int) -> Int {
            kept.reduce(Self.gap * max(0, kept.count - 1)) { $0 + width(columns[$1]) }
        }
        var chosen: [Int?] = columns.map(\.natural)
        if total(\.natural) > width {
            for index in columns.indices where columns[index].rank.map({ $0 < 0 }) ?? false {
                kept.removeAll { $0 == index }
                chosen[index] = nil
            }
        }
        if total(\.natural) > width {
            while total({ $0.least(Self.comfortable) }) > width {
                let droppable = kept.filter { columns[$0].rank != nil }
                // Of equals the last one.
                guard let least = droppable.compactMap({ columns[$0].rank }).min(),
                    let dropped = droppable.last(where: { columns[$0].rank == least })
                else { break }
                kept.removeAll { $0 == dropped }
                chosen[dropped] = nil
            }
            let floor = total { $0.least(Self.comfortable) } > width ? Self.shortest : Self.comfortable
            var spare = width - total { $0.least(floor) }
            for index in kept { chosen[index] = columns[index].least(floor) }
            for index in kept where !columns[index].canBeCut {
                let least = columns[index].least(floor)
                let width = columns[index].widths.first { $0 - least <= max(0, spare) } ?? least
                spare -= width - least
                chosen[index] = width
            }
            while spare > 0 {
                let growing = kept.filter { columns[$0].canBeCut && (chosen[$0] ?? 0) < columns[$0].natural }
                if growing.isEmpty { break }
                let share = max(1, spare / growing.count)
                for index in growing where spare > 0 {
                    let more = min(share, spare, columns[index].natural - (chosen[index] ?? 0))
                    chosen[index] = (chosen[index] ?? 0) + more
                    spare -= more
                }
            }
        }
        widths = chosen
    }
}

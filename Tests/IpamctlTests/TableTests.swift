import IPAMKit
import TestSupport
import Testing

@testable import ipamctl

/// How columns are fitted into a width, and how single values are written and ordered.
@Suite struct TableTests {
    private func widths(_ columns: [ColumnWidths.Column], _ width: Int) -> [Int?] {
        ColumnWidths(columns, fitting: width).widths
    }

    private func fixed(_ width: Int, rank: Int? = nil) -> ColumnWidths.Column {
        .init(widths: [width], canBeCut: false, rank: rank)
    }

    private func name(_ width: Int, rank: Int? = nil) -> ColumnWidths.Column {
        .init(widths: [width], canBeCut: true, rank: rank)
    }

    @Test func whatFitsIsLeftAlone() {
        #expect(widths([fixed(10, rank: 1), name(50), fixed(16)], 80) == [10, 50, 16])
    }

    @Test func namesAreCutBeforeColumnsGo_butNotTooMuch() {
        #expect(widths([fixed(10, rank: 1), name(100), fixed(16)], 80) == [10, 50, 16])
        #expect(widths([fixed(10, rank: 1), name(100), fixed(16)], 50) == [10, 20, 16])
        #expect(widths([fixed(10, rank: 1), name(100), fixed(16)], 49) == [nil, 31, 16])
    }

    @Test func whatSaysNothingGoesBeforeAnythingIsCut() {
        #expect(widths([fixed(10, rank: -1), name(50), fixed(16)], 80) == [10, 50, 16])
        #expect(widths([fixed(10, rank: -1), name(50), fixed(16)], 79) == [nil, 50, 16])
        #expect(widths([fixed(10, rank: -1), name(50), fixed(16)], 60) == [nil, 42, 16])
    }

    @Test func theLeastImportantColumnGoesFirst_ofEqualsTheLastOne() {
        let columns = [fixed(10, rank: 2), fixed(10, rank: 1), fixed(10, rank: 1), fixed(10)]
        #expect(widths(columns, 46) == [10, 10, 10, 10])
        #expect(widths(columns, 45) == [10, 10, nil, 10])
        #expect(widths(columns, 33) == [10, nil, nil, 10])
        #expect(widths(columns, 21) == [nil, nil, nil, 10])
        #expect(widths(columns, 5) == [nil, nil, nil, 10])
    }

    @Test func spareRoomGoesToNamesThatNeedIt() {
        #expect(widths([name(25), name(100)], 80) == [25, 53])
        #expect(widths([name(100), name(100)], 62) == [30, 30])
        // Below what is comfortable if nothing else can go.
        #expect(widths([fixed(40), name(100)], 52) == [40, 10])
        #expect(widths([fixed(40), name(100)], 30) == [40, 8])
    }

    @Test func barsBecomeShorterBeforeColumnsGo() {
        let bar = ColumnWidths.Column(widths: [17, 12, 4], canBeCut: false, rank: nil)
        #expect(widths([fixed(10, rank: 1), bar], 29) == [10, 17])
        #expect(widths([fixed(10, rank: 1), bar], 28) == [10, 12])
        #expect(widths([fixed(10, rank: 1), bar], 20) == [10, 4])
        #expect(widths([fixed(10, rank: 1), bar], 15) == [nil, 12])
    }

    /// Whatever the columns are: no line is wider than the terminal unless what is left cannot be cut.
    @Test func linesFit() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let columns = (0..<Int.random(in: 1...9, using: &generator)).map { _ -> ColumnWidths.Column in
                let rank = Bool.random(using: &generator) ? Int.random(in: 1...3, using: &generator) : nil
                let width = Int.random(in: 1...90, using: &generator)
                return Bool.random(using: &generator) ? name(width, rank: rank) : fixed(width, rank: rank)
            }
            let width = Int.random(in: 1...200, using: &generator)
            let chosen = widths(columns, width)
            let total = chosen.compactMap(\.self).reduce(0, +) + 2 * (chosen.compactMap(\.self).count - 1)
            let kept = zip(columns, chosen).filter { $1 != nil }.map(\.0)
            let canShrink = kept.contains { $0.rank != nil }
            let least = kept.reduce(2 * (kept.count - 1)) { $0 + ($1.canBeCut ? min($1.widths[0], 8) : $1.widths[0]) }
            #expect(total <= width || (!canShrink && total == least), "\(columns) in \(width): \(chosen)")
            #expect(zip(columns, chosen).allSatisfy { $1.map { $0 > 0 } ?? ($0.rank != nil) })
        }
    }

    @Test(
        arguments: [
            ("abc", 3), ("", 0), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("한글", 4), ("ﾊﾝ", 2), ("🎈", 2), ("👍🏽", 2),
            ("🇩🇪", 2), ("ａ", 2),
            ("①", 1), ("…", 1),
        ] as [(String, Int)]) func widthIsCountedInCells(text: String, width: Int)
    {
        #expect(DisplayText.width(of: text) == width)
    }

    @Test func namesAreCutInTheMiddle_proseAtItsEnd() {
        func cut(_ text: String, _ width: Int, keepingEnd: Bool = true, _ ellipsis: String = "…") -> String {
            DisplayText.cut(text, to: width, keepingEnd: keepingEnd, ellipsis: ellipsis)
        }
        #expect(cut("default/db-0", 12) == "default/db-0")
        #expect(cut("default/db-0", 11) == "defau…/db-0")
        #expect(cut("default/db-0", 10) == "defau…db-0")
        #expect(cut("default/db-0", 10, "...") == "defa...b-0")
        #expect(cut("default/db-0", 10, keepingEnd: false) == "default/d…")
        // A wide character is not cut in two.
        #expect(cut("日本語日本語", 8) == "日本…語")
        #expect(cut("e\u{301}e\u{301}e\u{301}e\u{301}", 3) == "e\u{301}…e\u{301}")
        for width in 0...3 { #expect(DisplayText.width(of: cut("abcdefgh", width)) <= max(width, 1)) }
    }

    @Test(
        arguments: [
            (0, "0s"), (45, "45s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172_799, "47h"),
            (172_800, "2d"), (63_071_999, "729d"), (63_072_000, "2y"), (-5, "0s"),
        ] as [(Int64, String)]) func agesAreShort(seconds: Int64, text: String)
    {
        let begin = Timestamp(seconds: 1_795_000_000)
        #expect(Age.text(from: begin, to: begin.advanced(bySeconds: seconds)) == text)
    }

    @Test func proseIsWrappedBetweenWords() {
        func wrapped(_ text: String, _ width: Int) -> String { DisplayText.wrapped(text, to: width, indent: 3) }
        #expect(wrapped("its pod is gone and its node too", 20) == "its pod is gone and\n   its node too")
        #expect(wrapped("its pod is gone and its", 23) == "its pod is gone and its")
        let long = String(repeating: "x", count: 30)
        #expect(wrapped("a \(long) b", 20) == "a\n   \(long)\n   b")
        #expect(wrapped("数据库 数据库 数据库 数据库", 20) == "数据库 数据库 数据库\n   数据库")
        #expect(wrapped("too little room", 10) == "too little room")
    }

    @Test func cellsAreComparedByTheirValues() throws {
        let ascending: [Cell] = [
            .address(try IPAddress("10.188.0.9")), .address(try IPAddress("10.188.0.100")),
            .address(try IPAddress("fd00::1")), .number(9), .number(10), .number(.max), .fullness(9), .fullness(100),
            .time(Timestamp(seconds: 5)), .time(.latest), .now, .age(Timestamp(seconds: 9)),
            .age(Timestamp(seconds: 5)), .text("a"), .text("b"),
        ]
        for (index, cell) in ascending.enumerated() {
            #expect(cell.precedes(cell, descending: false) == nil)
            for later in ascending.dropFirst(index + 1) {
                #expect(cell.precedes(later, descending: false) == true, "\(cell) \(later)")
                #expect(cell.precedes(later, descending: true) == false, "\(cell) \(later)")
            }
            for isDescending in [true, false] {
                #expect(cell.precedes(.none, descending: isDescending) == true)
                #expect(Cell.text("").precedes(cell, descending: isDescending) == false)
            }
        }
    }

    @Test func aBarIsEmptyOnlyIfNothingIsTaken_andFullOnlyIfEverythingIs() {
        func bar(_ percent: Int, _ cells: Int = 10) -> String {
            FullnessBar.text(ofPercent: percent, cells: cells, isUTF8: false)
        }
        #expect(bar(0) == "[..........]   0%" && bar(1) == "[#.........]   1%" && bar(50) == "[#####.....]  50%")
        #expect(bar(99) == "[#########.]  99%" && bar(100) == "[##########] 100%")
        #expect(bar(50, 0) == "50%" && bar(50, 5) == "[###..]  50%")
        #expect(FullnessBar.text(ofPercent: 34, cells: 10, isUTF8: true) == "███░░░░░░░  34%")
        for cells in FullnessBar.sizes {
            for isUTF8 in [true, false] {
                let text = FullnessBar.text(ofPercent: 100, cells: cells, isUTF8: isUTF8)
                #expect(text.count == FullnessBar.width(cells: cells, isUTF8: isUTF8))
            }
        }
    }

    @Test func theStandardFormatIsTheTable() { #expect(OutputFormat.standard == .table) }
}

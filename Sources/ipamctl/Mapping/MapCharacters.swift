/// The characters of a map on a terminal.
struct MapCharacters: Sendable {
    /// False for ASCII only.
    let isUTF8: Bool

    /// ASCII also for a terminal that can only print: `TERM=dumb`.
    init(_ screen: Screen) {
        isUTF8 = screen.isUTF8 && Variable.text("TERM") != "dumb"
    }

    init(isUTF8: Bool) {
        self.isUTF8 = isUTF8
    }

    subscript(state: MapState) -> Character {
        switch state {
        case .used: isUTF8 ? "█" : "#"
        case .reserved: isUTF8 ? "◆" : "r"
        case .free: isUTF8 ? "·" : "."
        case .fixed: isUTF8 ? "◇" : "f"
        case .gateway: "G"
        case .excluded: "-"
        }
    }

    /// The character of a cell. If a part of a block is used, it shows how much of the block is used or reserved.
    func character(of cell: MapCell) -> Character {
        let fill = cell.counts.fill
        guard cell.state == .used, fill < 1 else { return self[cell.state] }
        if isUTF8 { return Self.eighths[max(1, Int(fill * 8)) - 1] }
        return Character(String(max(1, Int(fill * 10))))
    }

    private static let eighths: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇"]

    /// What the characters mean, in parts that stay together on a line.
    ///
    /// - Parameter hasBlocks: whether a cell of the map has several addresses.
    func legend(hasBlocks: Bool) -> [(character: String, meaning: String, style: Style?)] {
        let states = MapState.allCases.map { (String(self[$0]), $0.phrase, $0.style) }
        guard hasBlocks else { return states }
        let parts =
            isUTF8
            ? ("▁ to ▇", "block, 1/8 to 7/8 taken", nil as Style?)
            : ("1-9", "block, 10-90 % taken", nil as Style?)
        return states + [parts]
    }
}

/// A percentage with a bar: `[#####.....]  50%`, or with blocks where the locale has them.
enum FullnessBar {
    /// The numbers of cells that the bar can have on a terminal, the largest first; 0 is the number alone.
    static let sizes = [10, 5, 0]

    /// At least one cell is filled if anything is, and one is empty unless everything is full.
    static func text(ofPercent percent: Int, cells: Int, isUTF8: Bool) -> String {
        let number = "\(percent)%"
        guard cells > 0 else { return number }
        let rounded = (percent * cells + 50) / 100
        let filled = percent >= 100 ? cells : percent <= 0 ? 0 : min(max(rounded, 1), cells - 1)
        let (full, empty) = isUTF8 ? ("█", "░") : ("#", ".")
        let bar = String(repeating: full, count: filled) + String(repeating: empty, count: cells - filled)
        return (isUTF8 ? bar : "[\(bar)]") + String(repeating: " ", count: 5 - number.utf8.count) + number
    }

    /// The width of the text above.
    static func width(cells: Int, isUTF8: Bool) -> Int {
        cells == 0 ? 4 : cells + (isUTF8 ? 0 : 2) + 5
    }
}

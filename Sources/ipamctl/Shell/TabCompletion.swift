/// What Tab offers for the word at the cursor.
struct TabCompletion {
    private let candidates: [Completion.Candidate]
    private let current: String
    /// Whether the next word begins after the candidate.
    private let endsWord: Bool

    private static let mostListed = 100

    /// - Parameters:
    ///   - candidates: words; only those that begin with `current` are offered.
    ///   - current: what is typed of the word.
    ///   - endsWord: whether a blank follows the only candidate, if that is complete.
    init(_ candidates: [Completion.Candidate], current: String, endsWord: Bool = true) {
        self.candidates = candidates.filter { $0.value.hasPrefix(current) }
        self.current = current
        self.endsWord = endsWord
    }

    /// What to insert at the cursor: the rest of the only candidate, or what all candidates have in common; nil if that is
    /// nothing.
    func insertion(at beginning: ShellWords.Beginning) -> String? {
        guard let first = candidates.first?.value else { return nil }
        let common = candidates.dropFirst().reduce(Substring(first)) { common, candidate in
            common.prefix(zip(common, candidate.value).prefix { $0 == $1 }.count)
        }
        let rest = ShellWords.escaped(String(common.dropFirst(current.count)), in: beginning.quote)
        guard candidates.count == 1 else { return rest.isEmpty ? nil : rest }
        let end = (beginning.quote.map { String($0) } ?? "") + " "
        return endsWord && candidates[0].isComplete ? rest + end : rest.isEmpty ? nil : rest
    }

    /// The candidates, for a terminal of so many columns; nil if there are none.
    func list(columns: Int) -> String? {
        guard !candidates.isEmpty else { return nil }
        let shown = candidates.prefix(Self.mostListed)
        let width = shown.map(\.value.count).max() ?? 0
        var lines: [String]
        if shown.contains(where: { $0.description != nil }) {
            lines = shown.map { candidate in
                let padding = String(repeating: " ", count: width - candidate.value.count + 2)
                let line = candidate.description.map { candidate.value + padding + $0 } ?? candidate.value
                return String(Terminal.harmless(line).prefix(columns - 1))
            }
        } else {
            let perLine = max(1, columns / (width + 2))
            let height = (shown.count + perLine - 1) / perLine
            lines = (0..<height).map { row in
                stride(from: row, to: shown.count, by: height).map { index in
                    shown[index].value + String(repeating: " ", count: width - shown[index].value.count)
                }.joined(separator: "  ")
            }
        }
        if candidates.count > shown.count { lines.append("... and \(candidates.count - shown.count) more") }
        return lines.map { $0 + "\n" }.joined()
    }
}

/// What Tab offers for the word at the cursor.
struct TabCompletion {
    private let candidates: [Completion.Candidate]
    private let current: String
    /// Whether the next word begins after the candidate.
    private let endsWord: Bool

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

    /// The candidates, for a terminal of so many cells; nil if there are none. The list leaves room for the line that is
    /// being typed.
    func list(columns: Int, rows: Int) -> String? {
        let names = candidates.map { DisplayText.visible($0.value) }
        guard !names.isEmpty else { return nil }
        let room = max(1, rows - 3)
        let width = names.map(DisplayText.width).max() ?? 0
        var lines: [String]
        if candidates.count <= room, candidates.contains(where: { $0.description != nil }) {
            lines = zip(names, candidates).map { name, candidate in
                let padding = String(repeating: " ", count: width - DisplayText.width(of: name) + 2)
                let line = candidate.description.map { name + padding + DisplayText.visible($0) } ?? name
                return DisplayText.cut(line, to: columns - 1, keepingEnd: false, ellipsis: "")
            }
        } else {
            let perLine = max(1, columns / (width + 2))
            let height = min(room, (names.count + perLine - 1) / perLine)
            let shown = names.prefix(height * perLine)
            lines = (0..<height).map { row in
                stride(from: row, to: shown.count, by: height).map { index in
                    shown[index] + String(repeating: " ", count: width - DisplayText.width(of: shown[index]))
                }.joined(separator: "  ")
            }
            if names.count > shown.count { lines.append("... and \(names.count - shown.count) more") }
        }
        return lines.map { $0 + "\n" }.joined()
    }
}

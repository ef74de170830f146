/// Values that begin alike, summed up. A shell inserts what all candidates have in common, so a list that is merely cut off
/// would make it insert a text that rules other values out.
enum CommonStarts {
    /// The candidates themselves if there are at most `limit`. Otherwise one incomplete candidate for each text that some of
    /// them begin with: what all have in common, and one more character.
    ///
    /// - Parameter noun: what is counted, such as `address`.
    static func candidates(_ all: [Completion.Candidate], limit: Int, noun: String) -> [Completion.Candidate] {
        guard all.count > limit else { return all }
        let common = common(to: all.map(\.value))
        var groups: [String: [Completion.Candidate]] = [:]
        for candidate in all { groups[String(candidate.value.prefix(common.count + 1)), default: []].append(candidate) }
        return groups.sorted { $0.key < $1.key }.map { start, members in
            members.count == 1 ? members[0] : .init(start, members.count.counted(noun), isComplete: false)
        }
    }

    /// The text that all values begin with.
    static func common(to values: [String]) -> String {
        guard var common = values.first?[...] else { return "" }
        for value in values {
            while !value.hasPrefix(common) { common.removeLast() }
        }
        return String(common)
    }
}

/// Words that may have been meant by a word that is not known.
public enum Spelling {
    /// The word among `words` that is nearest to an unknown one; nil if none is near enough.
    ///
    /// - Parameter tolerance: the most differences, in relation to the length of the known word: 3 is one in three characters.
    ///   One difference is always allowed.
    public static func nearest(to word: String, among words: some Sequence<String>, tolerance: Int) -> String? {
        words.map { (word: $0, distance: distance($0, word)) }
            .filter { $0.distance <= max(1, $0.word.count / tolerance) }.min { $0.distance < $1.distance }?.word
    }

    /// The Levenshtein distance: the number of characters to insert, delete or replace; two that are swapped count as one.
    public static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.unicodeScalars)
        let right = Array(right.unicodeScalars.prefix(64))
        var before: [Int] = []
        var above = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var row = [i + 1]
            for (j, b) in right.enumerated() {
                var least = min(above[j] + (a == b ? 0 : 1), above[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a == right[j - 1], left[i - 1] == b { least = min(least, before[j - 1] + 1) }
                row.append(least)
            }
            before = above
            above = row
        }
        return above[right.count]
    }
}

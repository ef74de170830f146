extension String {
    /// The text as part of a sentence: without control characters, and not longer than people read.
    var excerpt: String { excerpt(300) }

    /// The text in quotes, as part of a sentence.
    var quoted: String { "\"\(excerpt(100))\"" }

    /// The first `limit` characters, where each run of white space and control characters is one space.
    private func excerpt(_ limit: Int) -> String {
        var result = String.UnicodeScalarView()
        var hasGap = false
        var count = 0
        for scalar in unicodeScalars {
            if scalar.value <= 0x20 || (0x7F...0x9F).contains(scalar.value) {
                hasGap = count > 0
                continue
            }
            guard count < limit else { return String(result) + "..." }
            if hasGap { result.append(" ") }
            hasGap = false
            result.append(scalar)
            count += 1
        }
        return String(result)
    }
}

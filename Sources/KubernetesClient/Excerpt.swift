extension String {
    /// The text for an error message: at most 300 characters, without control characters.
    var excerpt: String { excerpt(300) }

    /// At most 100 characters of the text in quotes, for an error message.
    var quoted: String { "\"\(excerpt(100))\"" }

    /// The first `limit` characters; each run of white space and control characters becomes one space.
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

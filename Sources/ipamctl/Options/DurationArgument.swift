import ArgumentParser

/// A span of time, such as `90s`, `30m`, `72h`, `7d` or `1h30m`; a bare number is seconds.
struct DurationArgument {
    let seconds: Int64

    private static let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800]

    /// - Throws: `ValidationError` that says how a span is written.
    init(parsing text: String) throws {
        guard let span = DurationArgument(argument: text) else {
            throw ValidationError("write a span of time, such as 5s, 1m or 1h30m")
        }
        self = span
    }

    /// Longer spans (31,688 years) are not meant; a sum of them would overflow.
    private static let longest: Int64 = 1_000_000_000_000

    init?(argument: String) {
        var total: Int64 = 0
        var digits = ""
        for character in argument {
            if character.isASCII, character.isNumber {
                digits.append(character)
            } else {
                guard let unit = Self.units[character], let number = Int64(digits), number < 1_000_000_000 else {
                    return nil
                }
                total += number * unit
                guard total < Self.longest else { return nil }
                digits = ""
            }
        }
        if !digits.isEmpty {
            guard total == 0, let number = Int64(digits), number < 1_000_000_000 else { return nil }
            total = number
        }
        guard total > 0 else { return nil }
        seconds = total
    }
}

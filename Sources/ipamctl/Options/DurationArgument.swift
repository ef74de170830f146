/// A time span, such as `90s`, `30m`, `72h`, `7d` or `1h30m`; a bare number is seconds.
struct DurationArgument: Sendable, CustomStringConvertible {
    let seconds: Int64

    private static let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800]

    /// A number of ten digits is rather a Unix time, and a span of 31,688 years a mistake.
    private static let largestNumber: Int64 = 1_000_000_000
    private static let longest: Int64 = 1_000_000_000_000

    var description: String { "\(seconds)s" }

    /// How long one read or one change may take unless `--timeout` says something else.
    static let standard = DurationArgument(seconds: 20)

    init(seconds: Int64) {
        self.seconds = seconds
    }

    /// - Throws: ``Failure`` that says how a span is written.
    init(argument text: String) throws(Failure) {
        guard let span = DurationArgument(text) else {
            throw Failure(.usage, "\"\(text)\" is not valid: write a time span, such as 5s, 1m or 1h30m")
        }
        self = span
    }

    /// nil for a text that is not a time span.
    init?(_ text: String) {
        var total: Int64 = 0
        var rest = text[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest.removeFirst(digits.count)
            guard let number = Int64(digits), number < Self.largestNumber else { return nil }
            // A number without a unit stands alone.
            guard let factor = rest.popFirst().map({ Self.units[$0] }) ?? (total == 0 ? 1 : nil) else { return nil }
            total += number * factor
            guard total < Self.longest else { return nil }
        }
        guard total > 0 else { return nil }
        seconds = total
    }
}

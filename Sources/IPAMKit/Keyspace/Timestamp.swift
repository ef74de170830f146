/// A time in seconds, in the format of the keyspace: RFC 3339 in UTC, such as `2026-11-23T02:00:00Z`.
///
/// It does not use Foundation's `Date`, whose first formatting takes a twentieth of the time of a whole ADD.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z.
    public let seconds: Int64

    /// 9999-12-31T23:59:59Z: RFC 3339 has no later time.
    public static let latest = Timestamp(seconds: 253_402_300_799)

    /// The largest difference between the clocks of nodes and operators, in seconds: a time that another machine has written
    /// takes effect this much later.
    public static let largestClockDifference: Int64 = 300

    /// Makes a time from seconds since 1970-01-01T00:00:00Z.
    public init(seconds: Int64) {
        self.seconds = seconds
    }

    /// Reads RFC 3339 text (section 5.6) with any offset; a fraction is cut off. Nil for any other text, and for years before
    /// 1970.
    public init?(_ text: String) {
        var rest = Array(text.utf8)[...]
        guard let year = Self.number(&rest, 4), year >= 1970, Self.take(&rest, "-"),
            let month = Self.number(&rest, 2), (1...12).contains(month), Self.take(&rest, "-"),
            let day = Self.number(&rest, 2), (1...Self.days(in: month, of: year)).contains(day),
            Self.take(&rest, "Tt "), let hour = Self.number(&rest, 2), hour < 24, Self.take(&rest, ":"),
            let minute = Self.number(&rest, 2), minute < 60, Self.take(&rest, ":"),
            let second = Self.number(&rest, 2), second <= 60
        else { return nil }
        if Self.take(&rest, ".") {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty else { return nil }
            rest = rest.dropFirst(digits.count)
        }
        guard let offset = Self.offset(&rest), rest.isEmpty else { return nil }
        let seconds = Self.days(from: year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
        guard (0...Self.latest.seconds).contains(seconds) else { return nil }
        self.seconds = seconds
    }

    /// RFC 3339 in UTC: `2026-11-23T02:00:00Z`.
    public var description: String {
        let days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
        let second = seconds - days * 86400
        let (year, month, day) = Self.date(ofDay: days)
        return Self.padded(year, 4) + "-" + Self.padded(month, 2) + "-" + Self.padded(day, 2) + "T"
            + Self.padded(second / 3600, 2) + ":" + Self.padded(second / 60 % 60, 2) + ":"
            + Self.padded(second % 60, 2) + "Z"
    }

    /// The time that is so many seconds later, or earlier if `seconds` is negative.
    public func advanced(bySeconds seconds: Int64) -> Timestamp {
        Timestamp(seconds: self.seconds + seconds)
    }

    /// Whether `left` is earlier.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.seconds < right.seconds
    }

    // MARK: The Gregorian calendar, counted from 1 March of year 0, so that a leap day ends its year

    private static let daysBeforeEpoch: Int64 = 719_468

    /// Days from 1970-01-01 to a date.
    private static func days(from year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - daysBeforeEpoch
    }

    private static func date(ofDay days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let day = days + daysBeforeEpoch
        let era = (day >= 0 ? day : day - 146_096) / 146_097
        let dayOfEra = day - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        let next = month == 12 ? days(from: year + 1, 1, 1) : days(from: year, month + 1, 1)
        return next - days(from: year, month, 1)
    }

    // MARK: Text

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, _ width: Int) -> Int64? {
        let digits = rest.prefix(width)
        guard digits.count == width, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        rest = rest.dropFirst(width)
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    private static func take(_ rest: inout ArraySlice<UInt8>, _ any: StaticString) -> Bool {
        guard let first = rest.first, any.withUTF8Buffer({ $0.contains(first) }) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// Seconds east of UTC.
    private static func offset(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        if take(&rest, "Zz") { return 0 }
        let sign: Int64 = take(&rest, "+") ? 1 : take(&rest, "-") ? -1 : 0
        guard sign != 0, let hours = number(&rest, 2), hours < 24, take(&rest, ":"), let minutes = number(&rest, 2),
            minutes < 60
        else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}

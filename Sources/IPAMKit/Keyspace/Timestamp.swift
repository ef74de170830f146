import FoundationEssentials

/// A moment, to the second, as the keyspace writes it: RFC 3339 in UTC, such as `2026-11-23T02:00:00Z`.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z.
    public let seconds: Int64

    public init(seconds: Int64) {
        self.seconds = seconds
    }

    /// Reads RFC 3339 text; nil for anything else.
    public init?(_ text: String) {
        guard
            let date = (try? Date(text, strategy: .iso8601))
                ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
        else { return nil }
        seconds = Int64(date.timeIntervalSince1970.rounded(.down))
    }

    public var description: String {
        Date(timeIntervalSince1970: Double(seconds)).ISO8601Format()
    }

    public func advanced(bySeconds seconds: Int64) -> Timestamp {
        Timestamp(seconds: self.seconds + seconds)
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.seconds < right.seconds
    }
}

import IPAMKit

/// A time that is over, as an operator writes it: a span ago such as `24h`, or a time in UTC.
enum PastTime {
    /// - Parameter option: for the sentence: `--at`.
    /// - Throws: ``Failure`` for what is no time, or one that is to come.
    static func read(_ text: String, _ option: String, now: Timestamp) throws(Failure) -> Timestamp {
        // A number alone could be anything.
        let isNumber = text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        let span = isNumber ? nil : DurationArgument(argument: text)
        let time =
            span.map { now.advanced(bySeconds: -$0.seconds) } ?? Timestamp(text) ?? Timestamp(text + "Z")
            ?? Timestamp(text + ":00Z")
        guard let time else {
            throw Failure(
                .usage, "\(option): \"\(text)\" is neither a span nor a time",
                hint: "write a span ago, such as 24h or 7d, or a time in UTC, such as \"2026-11-22 03:00\"")
        }
        guard time <= now else { throw Failure(.usage, "\(option): \(time) is to come") }
        return time
    }
}

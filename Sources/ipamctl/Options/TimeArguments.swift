import IPAMKit

/// A time in the past, as an operator writes it: a span ago such as `24h`, or a time in UTC.
struct PastTime: Sendable {
    let time: Timestamp

    /// - Throws: ``Failure`` for a text that is not a time, or for a time in the future.
    init(argument text: String) throws(Failure) {
        let now = Operator.now()
        // A number alone could be a span, a year or a Unix time.
        let isNumber = text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        let span = isNumber ? nil : DurationArgument(text)
        let time =
            span.map { now.advanced(bySeconds: -$0.seconds) } ?? Timestamp(text) ?? Timestamp(text + "Z")
            ?? Timestamp(text + ":00Z")
        guard let time else {
            throw Failure(
                .usage, "\"\(text)\" is neither a time span nor a time",
                hint: "write a span before now, such as 24h or 7d, or a time in UTC, such as \"2026-11-22 03:00\"")
        }
        guard time <= now else { throw Failure(.usage, "\(time) is in the future") }
        self.time = time
    }
}

/// When an existing reservation is to expire: as ``ExpiryTime``, or `never`.
enum NewExpiry: Sendable {
    case never
    case time(ExpiryTime)

    /// - Throws: ``Failure`` as ``ExpiryTime/init(argument:)``.
    init(argument text: String) throws(Failure) {
        guard text.lowercased() != "never" else {
            self = .never
            return
        }
        do {
            self = .time(try ExpiryTime(argument: text))
        } catch {
            throw Failure(error.status, error.message, hint: error.hint.map { "\($0), or never" })
        }
    }

    /// Nil for never.
    ///
    /// - Parameter now: when the expiry is set.
    func time(from now: Timestamp) -> Timestamp? {
        switch self {
        case .never: nil
        case .time(let time): time.time(from: now)
        }
    }
}

/// When a reservation expires: after a span such as `72h`, or at a time.
enum ExpiryTime: Sendable {
    case after(DurationArgument)
    case at(Timestamp)

    /// - Throws: ``Failure`` for a text that is not a time, for a time in the past, and for one that cannot be stored.
    init(argument text: String) throws(Failure) {
        let now = Operator.now()
        guard let expiry = DurationArgument(text).map(Self.after) ?? Timestamp(text).map(Self.at) else {
            throw Failure(
                .usage, "\"\(text)\" is neither a time span nor a time",
                hint: "write 72h or 7d, or 2026-12-24T18:00:00Z")
        }
        let time = expiry.time(from: now)
        guard time > now else { throw Failure(.usage, "\(time) is in the past") }
        guard time <= .latest else { throw Failure(.usage, "\"\(text)\" is after \(Timestamp.latest)") }
        self = expiry
    }

    /// - Parameter now: when the reservation is made.
    func time(from now: Timestamp) -> Timestamp {
        switch self {
        case .after(let span): now.advanced(bySeconds: span.seconds)
        case .at(let time): time
        }
    }
}

import IPAMKit

/// A server's clock, by the field `Date` of its response, beside this machine's clock.
struct ClockComparison: Hashable, Sendable {
    /// The server's time, in whole seconds.
    let server: Timestamp
    /// When the request was sent, in whole seconds.
    let sent: Timestamp
    /// When the response had arrived, in whole seconds.
    let received: Timestamp

    /// How many seconds the server is certainly ahead; negative if it is behind. Both clocks are rounded down to seconds, so
    /// differences below two seconds are not seen.
    var secondsAhead: Int64 {
        if server.seconds > received.seconds + 1 { return server.seconds - received.seconds - 1 }
        if server.seconds + 1 < sent.seconds { return server.seconds + 1 - sent.seconds }
        return 0
    }

    /// The time in a field `Date`, such as `Thu, 26 Nov 2026 21:12:59 GMT` (RFC 9110 section 5.6.7); nil for another format.
    static func time(inDate text: String) -> Timestamp? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let month = months.firstIndex(of: String(words[2])) else {
            return nil
        }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return Timestamp("\(words[3])-\(number)-\(words[1])T\(words[4])Z")
    }
}

extension Check {
    /// A difference that expiry times and the judgement of holders do not notice, in seconds.
    private static let harmlessDifference: Int64 = 5

    static func clock(_ clocks: ClockComparison, of url: String) -> Check {
        let ahead = clocks.secondsAhead
        guard ahead != 0 else { return .ok(.etcdClock, url, "its clock and this machine's agree within 2 s") }
        let seen = "its clock is \(abs(ahead)) s \(ahead > 0 ? "ahead of" : "behind") this machine's"
        let next = "synchronise both clocks (NTP)"
        if abs(ahead) <= harmlessDifference { return .ok(.etcdClock, url, seen) }
        if abs(ahead) <= Timestamp.largestClockDifference { return .warning(.etcdClock, url, seen, next: next) }
        return .failed(
            .etcdClock, url,
            "\(seen); more than \(Timestamp.largestClockDifference) s make reservations expire at wrong times",
            next: next)
    }
}

import IPAMKit

/// How long ago something was, as kubectl writes it.
enum Age {
    private static let (minute, hour, day, year) = (Int64(60), Int64(3600), Int64(86_400), Int64(31_536_000))

    /// One number and its unit: `45s`, `5m`, `3h`, `5d` or `4y`. Two units of a kind are needed for the next larger one: 90
    /// seconds are `90s`. A time in the future, which a clock that is ahead has written, is `0s`.
    static func text(from begin: Timestamp, to now: Timestamp) -> String {
        text(ofSeconds: max(0, now.seconds - begin.seconds))
    }

    private static func text(ofSeconds seconds: Int64) -> String {
        switch seconds {
        case ..<(2 * minute): "\(seconds)s"
        case ..<(2 * hour): "\(seconds / minute)m"
        case ..<(2 * day): "\(seconds / hour)h"
        case ..<(2 * year): "\(seconds / day)d"
        default: "\(seconds / year)y"
        }
    }

    /// A time with its distance from now: `2026-11-23T02:00:00Z (3d ago)`, or `(in 3d)`.
    static func phrase(_ time: Timestamp, at now: Timestamp) -> String {
        let distance =
            time <= now
            ? "\(text(ofSeconds: now.seconds - time.seconds)) ago"
            : "in \(text(ofSeconds: time.seconds - now.seconds))"
        return "\(time) (\(distance))"
    }
}

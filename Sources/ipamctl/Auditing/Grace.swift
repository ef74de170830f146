import HTTPTransport
import IPAMKit

/// How long to wait before holders that appear to be gone are checked again; 0 means no second check.
struct Grace: Sendable, CustomStringConvertible {
    let seconds: Int64

    static let standard = Grace(seconds: Suspect.confirmationSeconds)

    var description: String { "\(seconds)s" }

    private init(seconds: Int64) {
        self.seconds = seconds
    }

    /// - Throws: ``Failure`` that says how a span is written.
    init(argument text: String) throws(Failure) {
        seconds = ["0", "0s"].contains(text) ? 0 : try DurationArgument(argument: text).seconds
    }

    /// Waits between two checks.
    ///
    /// - Parameters:
    ///   - passed: the seconds since the first check.
    ///   - count: how many holders are checked again.
    /// - Throws: `CancellationError` if the task is cancelled.
    func wait(after passed: Int64 = 0, for count: Int) async throws {
        let end = ContinuousClock.now + .seconds(seconds - passed)
        Terminal.note("\(count.counted("holder")) may still be stopping: checking again in \(seconds - passed) s")
        defer { Terminal.progress("") }
        while ContinuousClock.now < end {
            try Task.checkCancellation()
            Terminal.progress("checking again in \((end - .now).components.seconds + 1) s ")
            await TransferLoop.current.sleep(until: min(end, .now + .seconds(1)))
        }
    }
}

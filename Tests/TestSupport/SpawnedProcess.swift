import Foundation
import Synchronization

/// A program that runs: to be waited for, or to be killed at a chosen moment.
///
/// It has a process group of its own. One that nobody waits for is killed with its last reference.
public final class SpawnedProcess: Sendable {
    /// The process ID, also the ID of its group. It stays taken until the process has been waited for.
    public let pid: Int32

    private let command: String
    private let state: Mutex<State>

    private struct State: ~Copyable {
        var streams: ProcessStreams?
        var waitStatus: Int32?
    }

    /// Starts a program with exactly this environment; see ``runProcess(_:_:environment:stdin:timeout:)``.
    public init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], stdin: Data? = nil
    ) throws {
        let input = try PipeEnds()
        let output = try PipeEnds()
        let errors = try PipeEnds()
        let empty = OwnedDescriptor(open("/dev/null", Int32(O_RDONLY | O_CLOEXEC)))
        pid = try spawn(
            executable, arguments, environment: environment,
            stdin: stdin == nil ? empty.number : input.reading.number,
            stdout: output.writing.number, stderr: errors.writing.number)
        command = ([executable] + arguments).joined(separator: " ")
        let streams = ProcessStreams(
            input: try input.keepWriting(), output: try output.keepReading(), errors: try errors.keepReading(),
            pending: stdin ?? Data())
        state = Mutex(State(streams: consume streams, waitStatus: nil))
    }

    deinit {
        if !hasEnded {
            signalGroup(SIGKILL)
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        }
    }

    /// Sends a signal to the process alone. Nothing happens when it has been waited for already.
    public func kill(_ signal: Int32 = SIGKILL) {
        state.withLock { state in
            // Under the lock nobody can wait for it meanwhile, so that the number cannot become another process's.
            if state.waitStatus == nil { _ = Foundation.kill(pid, signal) }
        }
    }

    /// Whether the process has ended.
    public var hasEnded: Bool { endStatus() != nil }

    /// Waits for the end without holding a thread of the concurrency runtime. To be called once.
    ///
    /// - Throws: `TestSupportError.timedOut`, or `CancellationError` when the task is cancelled; the process is killed
    ///   with both.
    public func output(timeout: Duration = .seconds(60)) async throws -> ProcessOutput {
        let output = try await withTaskCancellationHandler {
            try await offPool { try self.finish(timeout: timeout) }
        } onCancel: {
            signalGroup(SIGKILL)
        }
        try Task.checkCancellation()
        return output
    }

    /// Waits for the end on this thread. To be called once, here or by `output`.
    func finish(timeout: Duration) throws -> ProcessOutput {
        let deadline = ContinuousClock.now + timeout
        guard var streams = state.withLock({ $0.streams.take() }) else {
            preconditionFailure("\(command) has been waited for already")
        }
        var endSeen = false
        while streams.areOpen, deadline > .now {
            let quiet = try streams.pump(forAtMost: min(deadline - .now, .milliseconds(50)))
            // What the process left in the pipes is read by now: only a process that it left behind holds them open.
            if quiet, endSeen { break }
            endSeen = hasEnded
        }
        var pause: UInt32 = 50
        while !hasEnded, deadline > .now {
            usleep(pause)
            pause = min(pause * 2, 5_000)
        }
        guard let status = endStatus() else {
            signalGroup(SIGKILL)
            while !hasEnded { usleep(200) }
            throw TestSupportError.timedOut(
                what: command, after: timeout,
                detail: String(decoding: streams.errorBytes + streams.outputBytes, as: UTF8.self))
        }
        let signal = status & 0x7f
        return ProcessOutput(
            command: command, status: signal == 0 ? (status >> 8) & 0xff : 128 + signal,
            signal: signal == 0 ? nil : signal, stdout: streams.outputBytes, stderr: streams.errorBytes)
    }

    private func signalGroup(_ signal: Int32) {
        state.withLock { state in
            if state.waitStatus == nil { _ = Foundation.kill(-pid, signal) }
        }
    }

    /// The status as `waitpid` gives it, once the process has ended.
    private func endStatus() -> Int32? {
        state.withLock { state in
            if state.waitStatus == nil {
                var status: Int32 = 0
                if waitpid(pid, &status, WNOHANG) == pid { state.waitStatus = status }
            }
            return state.waitStatus
        }
    }
}

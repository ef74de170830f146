import Foundation

/// This side of a process's three standard streams, served all at once, so that no amount of output can block it.
struct ProcessStreams: ~Copyable {
    private var input: OwnedDescriptor?
    private var output: OwnedDescriptor?
    private var errors: OwnedDescriptor?
    private var pending: Data
    /// What has been read of its standard output.
    private(set) var outputBytes = Data()
    /// What has been read of its standard error.
    private(set) var errorBytes = Data()

    init(
        input: consuming OwnedDescriptor, output: consuming OwnedDescriptor, errors: consuming OwnedDescriptor,
        pending: Data
    ) {
        self.input = consume input
        self.output = consume output
        self.errors = consume errors
        self.pending = pending
        if pending.isEmpty { self.input = nil }
    }

    /// Whether the process, or one that it left behind, can still say something.
    var areOpen: Bool { output != nil || errors != nil }

    /// Waits until a stream is ready, then moves what can be moved.
    ///
    /// - Returns: Whether nothing happened in that time.
    mutating func pump(forAtMost duration: Duration) throws -> Bool {
        var polled = [
            pollfd(fd: input?.number ?? -1, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: output?.number ?? -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors?.number ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        let ready = poll(&polled, 3, duration.pollMilliseconds)
        guard ready >= 0 || errno == EINTR else { throw TestSupportError.current("poll") }
        guard ready > 0 else { return ready == 0 }
        if polled[0].revents != 0 { feed() }
        if polled[1].revents != 0, Self.drain(&output, into: &outputBytes) { output = nil }
        if polled[2].revents != 0, Self.drain(&errors, into: &errorBytes) { errors = nil }
        return false
    }

    private mutating func feed() {
        guard let number = input?.number else { return }
        let written = withoutBrokenPipeSignal { pending.withUnsafeBytes { write(number, $0.baseAddress, $0.count) } }
        if written > 0 { pending = Data(pending.dropFirst(written)) }
        // A process may end without reading its input: that is its affair.
        let failed = written < 0 && errno != EAGAIN && errno != EINTR
        if failed || pending.isEmpty { input = nil }
    }

    /// Reads once; returns whether the stream has ended.
    private static func drain(_ stream: inout OwnedDescriptor?, into bytes: inout Data) -> Bool {
        guard let number = stream?.number else { return true }
        let count = withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { buffer in
            let count = read(number, buffer.baseAddress, buffer.count)
            if count > 0 { bytes.append(contentsOf: buffer[..<count]) }
            return count
        }
        return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)
    }
}

/// Runs a write with SIGPIPE blocked on this thread, and takes back the signal that a closed reader causes.
private func withoutBrokenPipeSignal(_ body: () -> Int) -> Int {
    var broken = sigset_t()
    var before = sigset_t()
    sigemptyset(&broken)
    sigaddset(&broken, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &broken, &before)
    let result = body()
    let code = errno
    if result < 0, code == EPIPE {
        var none = timespec()
        while sigtimedwait(&broken, nil, &none) < 0, errno == EINTR {}
    }
    pthread_sigmask(SIG_SETMASK, &before, nil)
    errno = code
    return result
}

extension Duration {
    /// For `poll`: milliseconds, rounded up, so that a short rest is not waited for by spinning.
    var pollMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        let milliseconds = seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return Int32(clamping: max(milliseconds, 0))
    }
}

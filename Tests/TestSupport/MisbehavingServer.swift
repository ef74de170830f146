import Foundation
import Synchronization

/// A TCP server on this machine that fails its clients in one certain way, until it is stopped or its last reference goes.
public final class MisbehavingServer: Sendable {
    /// How it fails them.
    public enum Mode: Sendable {
        /// Accepts, and never says a word.
        case swallow
        /// Accepts, and closes at once.
        case closeAtOnce
        /// Accepts, sends these bytes whatever it is asked, and keeps the connection.
        case garbage([UInt8])
        /// Nothing listens there: the connection is refused.
        case refuse
        /// Connecting neither succeeds nor fails, as to an address behind a firewall that drops everything.
        case blackhole
    }

    /// The port that it is at.
    public let port: UInt16
    /// The address that it is at.
    public let host: LoopbackAddress

    /// `http://127.0.0.1:PORT`.
    public var url: String { "http://\(host):\(port)" }

    /// How many connections it has accepted.
    public var accepted: Int { sockets.withLock { $0.accepted } }

    private let sockets = Mutex(Sockets())

    /// All that is to be closed in the end. The accepting thread works under the lock of these, never beside it.
    private struct Sockets {
        var listener: Int32?
        var others: [Int32] = []
        var accepted = 0

        mutating func closeAll() {
            listener.map { _ = close($0) }
            others.forEach { _ = close($0) }
            listener = nil
            others = []
        }
    }

    /// Starts it.
    ///
    /// - Parameters:
    ///   - mode: How it fails its clients.
    ///   - host: The address that it is at.
    ///   - wanted: The port that it is at; 0 for any.
    public init(_ mode: Mode, at host: LoopbackAddress = .first, port wanted: UInt16 = 0) throws {
        self.host = host
        let listener = try TCPSocket(nonblocking: true)
        guard listener.bind(host, port: wanted) else { throw TestSupportError.current("bind") }
        port = try listener.localPort()
        let number = fcntl(listener.descriptor.number, F_DUPFD_CLOEXEC, 0)
        sockets.withLock { $0.listener = number }
        switch mode {
        case .refuse:
            // Bound and not listening: the port stays ours, and whoever connects is refused.
            break
        case .blackhole:
            guard listen(number, 0) == 0 else { throw TestSupportError.current("listen") }
            try fillQueue()
        case .swallow, .closeAtOnce, .garbage:
            guard listen(number, 128) == 0 else { throw TestSupportError.current("listen") }
            Thread.detachNewThread { [weak self] in
                while self?.serve(mode) == true { usleep(1_000) }
            }
        }
    }

    deinit {
        stop()
    }

    /// Closes it and every connection to it. Once is enough.
    public func stop() {
        sockets.withLock { $0.closeAll() }
    }

    /// Accepts what waits to be accepted. False once the server is stopped.
    private func serve(_ mode: Mode) -> Bool {
        sockets.withLock { sockets in
            guard let listener = sockets.listener else { return false }
            while true {
                let connection = startingNothing {
                    let connection = accept(listener, nil, nil)
                    closeOnExec(connection)
                    return connection
                }
                guard connection >= 0 else { return true }
                sockets.accepted += 1
                switch mode {
                case .closeAtOnce:
                    close(connection)
                case .garbage(let bytes):
                    _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
                    sockets.others.append(connection)
                case .swallow, .refuse, .blackhole:
                    sockets.others.append(connection)
                }
            }
        }
    }

    /// Connects until the queue of connections not yet accepted is full: from then on the kernel drops what comes.
    private func fillQueue() throws {
        for _ in 0..<16 {
            let filler = try TCPSocket(nonblocking: true)
            let code = filler.connect(host, port: port)
            let number = fcntl(filler.descriptor.number, F_DUPFD_CLOEXEC, 0)
            sockets.withLock { $0.others.append(number) }
            guard code == EINPROGRESS else { continue }
            var polled = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
            if poll(&polled, 1, 100) == 0 { return }
        }
        throw TestSupportError.serverFailed(name: "the black hole", detail: "its queue does not fill")
    }
}

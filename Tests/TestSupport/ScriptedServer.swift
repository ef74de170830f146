import Foundation

/// A small server in Python that does what a test asks of it, and writes down what it sees, a line each.
public final class ScriptedServer: Sendable {
    /// What it speaks.
    public enum Kind: Sendable {
        /// HTTP/1.1; the path says what is wanted, see `http_server.py`.
        case http
        /// The same behind TLS, with the server's certificate.
        case https(CertificateAuthority)
        /// The same on a unix socket.
        case unixSocket
        /// HTTP/2 without TLS, no more of it than gRPC needs. How each request is answered, in order over all
        /// connections; the last one for all that follow.
        case http2([Answer])
    }

    /// How a request over HTTP/2 is answered.
    public enum Answer: String, Sendable {
        /// An empty message and `grpc-status: 0`.
        case empty
        /// The connection is closed after the whole request was read.
        case close
        /// The stream is reset: REFUSED_STREAM, that is, certainly not looked at (RFC 9113 section 8.7).
        case refuse
        /// The stream is reset: INTERNAL_ERROR.
        case reset
        /// An empty message, and no status.
        case noStatus
        /// `grpc-status: 0` after a message that says it is compressed.
        case compressed
        /// `grpc-status: 0` after the head of a message that is not there.
        case cutMessage
        /// `grpc-status: 0` after a message that is no protobuf.
        case noMessage
        /// `grpc-status: 14`, `etcdserver: no leader`.
        case noLeader
        /// `grpc-status: 14`, `etcdserver: leader changed`.
        case leaderChanged
        /// Nothing, ever.
        case silence
        /// HTTP status 503 and no gRPC.
        case unavailable
    }

    /// Its port on 127.0.0.1; 0 where it has none.
    public let port: UInt16
    /// The path of its unix socket, where that is what it listens on.
    public let socketPath: String
    /// `http://127.0.0.1:PORT`, or https.
    public let url: String

    private let folder: TemporaryDirectory
    private let process: SupervisedProcess

    /// Starts one and waits until it listens.
    ///
    /// - Throws: `TestSupportError`.
    public static func start(_ kind: Kind) async throws -> ScriptedServer {
        try await offPool { try ScriptedServer(kind) }
    }

    private init(_ kind: Kind) throws {
        folder = try TemporaryDirectory(prefix: "server")
        socketPath = folder.file("socket").path
        var arguments: [String]
        var scheme = "http"
        switch kind {
        case .http: arguments = ["tcp"]
        case .https(let authority):
            arguments = ["tls", authority.server.certificate, authority.server.key]
            scheme = "https"
        case .unixSocket: arguments = ["unix", socketPath]
        case .http2(let answers): arguments = answers.map(\.rawValue)
        }
        let program: PythonProgram
        if case .http2 = kind { program = .http2Server } else { program = .httpServer }
        process = try SupervisedProcess(
            name: "python3", log: folder.file("log"), executable: "python3", arguments: program.command(arguments))
        try process.start()
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let words = process.logText.split(whereSeparator: \.isWhitespace)
            if words.count >= 2, words[0] == "listening", let port = UInt16(words[1]), process.logText.contains("\n") {
                self.port = port
                break
            }
            guard process.isRunning, deadline > .now else {
                throw TestSupportError.serverFailed(name: "python3", detail: process.logText)
            }
            usleep(5_000)
        }
        url = "\(scheme)://127.0.0.1:\(port)"
    }

    /// What it has seen: `connection`, `GET /path`, `request`, `gone`, ... a line each.
    public var seen: [String] {
        process.logText.split(separator: "\n").dropFirst().map(String.init)
    }

    /// How often it has seen this.
    public func count(_ line: String) -> Int { seen.count { $0 == line } }

    /// Waits until it has seen this so often.
    ///
    /// - Throws: `TestSupportError.timedOut` after a minute.
    public func waitUntilSeen(_ line: String, times: Int = 1) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while count(line) < times {
            guard deadline > .now else {
                throw TestSupportError.timedOut(
                    what: "'\(line)' from a server", after: .seconds(60), detail: process.logText)
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

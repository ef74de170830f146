import Foundation

/// A small server in Python that does what a test asks of it, and writes down what it sees, a line each.
public final class ScriptedServer: Sendable {
    /// What it speaks.
    public enum Kind: Sendable {
        /// HTTP/1.1; the path says what is wanted, see the script.
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
        let script: String
        if case .http2 = kind { script = Self.http2Script } else { script = Self.httpScript }
        let path = try folder.write(script, to: "server.py").path
        process = try SupervisedProcess(
            name: "python3", log: folder.file("log"), executable: "python3", arguments: ["-u", path] + arguments)
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

    private static let httpScript = """
        import http.server, os, socket, socketserver, ssl, sys, time

        def say(*words):
            # One write for a line: threads must not mix theirs.
            os.write(1, (" ".join(map(str, words)) + "\\n").encode())

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *args): pass
            def setup(self):
                say("connection")
                super().setup()
            def finish(self):
                say("gone")
                try: super().finish()
                except OSError: pass
            def handle(self):
                try: super().handle()
                except OSError: self.close_connection = True
            def answer(self, body, status=200, fields=()):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                for name, value in fields: self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD": self.wfile.write(body)
            def do(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                say(self.command, self.path)
                what, _, rest = self.path.strip("/").partition("/")
                if what == "bytes": self.answer(b"x" * int(rest))
                elif what == "echo":
                    head = (self.requestline + "\\n" + str(self.headers)).encode()
                    self.answer(head + b"\\n" + body, fields=[("X-Empty", ""), ("X-Spaced", "  a b \\t")])
                elif what == "interim":
                    self.wfile.write(b"HTTP/1.1 100 Continue\\r\\n\\r\\nHTTP/1.1 103 Early Hints\\r\\nX-Early: 1\\r\\n\\r\\n")
                    self.answer(b"final", fields=[("X-Late", "2")])
                elif what == "trailers":
                    self.wfile.write(b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\nTrailer: X-Sum\\r\\n\\r\\n"
                        b"5\\r\\nhello\\r\\n0\\r\\nX-Sum: 42\\r\\n\\r\\n")
                elif what == "status": self.answer(b"", int(rest))
                elif what == "cut":
                    self.wfile.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 100\\r\\n\\r\\nonly this")
                    self.close_connection = True
                elif what == "cutchunk":
                    self.wfile.write(b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n64\\r\\nonly this")
                    self.close_connection = True
                elif what == "close": self.close_connection = True
                elif what == "stall":
                    self.wfile.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 100\\r\\n\\r\\nonly this")
                    self.connection.recv(1)
                elif what == "silence": self.connection.recv(1)
                elif what == "head":
                    self.wfile.write(b"HTTP/1.1 200 OK\\r\\n")
                    for number in range(int(rest)): self.wfile.write(b"X-%d: %s\\r\\n" % (number, b"y" * 1000))
                    self.wfile.write(b"Content-Length: 0\\r\\n\\r\\n")
                elif what == "endless":
                    self.send_response(200)
                    self.end_headers()
                    self.close_connection = True
                    sent = 0
                    self.connection.settimeout(0.5)
                    stalled = False
                    piece = b"z" * 65536
                    try:
                        while sent < 1 << 30:
                            try:
                                sent += self.connection.send(piece)
                                if stalled: say("resumed")
                                stalled = False
                            except (TimeoutError, socket.timeout):
                                if not stalled: say("stalled"); say("sent", sent >> 20)
                                stalled = True
                    finally: self.connection.settimeout(None)
                else: self.answer(b"no such thing", 404)
            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do
            def do_CONNECT(self):
                say("CONNECT", self.path)
                host, _, port = self.path.rpartition(":")
                with socket.create_connection((host, int(port))) as onward:
                    self.wfile.write(b"HTTP/1.1 200 Connection established\\r\\nX-Proxy: yes\\r\\n\\r\\n")
                    self.close_connection = True
                    import threading
                    def copy(a, b):
                        try:
                            while True:
                                data = a.recv(65536)
                                if not data: break
                                b.sendall(data)
                        except OSError: pass
                        for s in (a, b):
                            try: s.shutdown(socket.SHUT_RDWR)
                            except OSError: pass
                    thread = threading.Thread(target=copy, args=(onward, self.connection))
                    thread.start()
                    copy(self.connection, onward)
                    thread.join()

        class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
            daemon_threads = True
            request_queue_size = 512
            def handle_error(self, request, address): say("error")

        class UnixServer(Server):
            address_family = socket.AF_UNIX
            def get_request(self):
                request, _ = super().get_request()
                return request, ("unix", 0)

        kind = sys.argv[1]
        if kind == "unix":
            server = UnixServer(sys.argv[2], Handler)
            say("listening 0")
        else:
            server = Server(("127.0.0.1", 0), Handler)
            if kind == "tls":
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(sys.argv[2], sys.argv[3])
                server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            say("listening", server.server_address[1])
        server.serve_forever()
        """

    private static let http2Script = """
        import os, socket, sys, threading

        def say(*words):
            # One write for a line: threads must not mix theirs.
            os.write(1, (" ".join(map(str, words)) + "\\n").encode())

        answers = sys.argv[1:]
        lock = threading.Lock()

        def frame(kind, flags, stream, payload=b""):
            return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload

        def field(name, value):
            # A literal field without indexing, new name, no Huffman code (RFC 7541 section 6.2.2).
            return b"\\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value

        def head(stream, end=False, status=b"\\x88", fields=b""):
            return frame(1, 5 if end else 4, stream, status + field(b"content-type", b"application/grpc") + fields)

        def trailers(stream, code=b"0", message=b""):
            return frame(1, 5, stream, field(b"grpc-status", code) + field(b"grpc-message", message))

        def respond(answer, stream):
            if answer == "empty": return head(stream) + frame(0, 0, stream, bytes(5)) + trailers(stream)
            if answer == "refuse": return frame(3, 0, stream, (7).to_bytes(4, "big"))
            if answer == "reset": return frame(3, 0, stream, (2).to_bytes(4, "big"))
            if answer == "noStatus": return head(stream) + frame(0, 1, stream, bytes(5))
            if answer == "compressed": return head(stream) + frame(0, 0, stream, b"\\x01" + bytes(4)) + trailers(stream)
            if answer == "cutMessage": return head(stream) + frame(0, 0, stream, bytes(4) + b"\\x09ab") + trailers(stream)
            if answer == "noMessage": return (
                head(stream) + frame(0, 0, stream, bytes(4) + b"\\x03\\xff\\xff\\xff") + trailers(stream))
            if answer == "noLeader": return head(stream) + trailers(stream, b"14", b"etcdserver: no leader")
            if answer == "leaderChanged": return head(stream) + trailers(stream, b"14", b"etcdserver: leader changed")
            if answer == "unavailable": return frame(1, 5, stream, field(b":status", b"503"))
            return b""

        def serve(connection):
            say("connection")
            read = connection.makefile("rb")
            try:
                preface = read.read(24)
                if not preface.startswith(b"PRI * HTTP/2.0"):
                    if preface: say("no HTTP/2")
                    return
                connection.sendall(frame(4, 0, 0))
                while True:
                    top = read.read(9)
                    if len(top) < 9: break
                    payload = read.read(int.from_bytes(top[:3], "big"))
                    kind, flags, stream = top[3], top[4], int.from_bytes(top[5:], "big") & 0x7fffffff
                    if kind == 4 and not flags & 1: connection.sendall(frame(4, 1, 0))
                    if kind == 6 and not flags & 1: connection.sendall(frame(6, 1, 0, payload))
                    if kind == 3: say("reset by the client")
                    if kind in (0, 1) and flags & 1:
                        with lock:
                            answer = answers.pop(0) if len(answers) > 1 else answers[0]
                            say("request")
                        if answer == "close": break
                        connection.sendall(respond(answer, stream))
            except OSError: pass
            finally:
                try: connection.shutdown(socket.SHUT_RDWR)
                except OSError: pass
                connection.close()
                say("gone")

        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        say("listening", listener.getsockname()[1])
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()
        """
}

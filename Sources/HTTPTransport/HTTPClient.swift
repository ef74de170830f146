import CCurl

/// An asynchronous HTTP client on a ``TransferLoop``. All clients of one loop share its connections, which are kept open.
public actor HTTPClient {
    /// Carries the transfers.
    public nonisolated let loop: TransferLoop
    /// The loop: the client runs on its thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// The origin of each idle HTTP/2 connection without TLS, as far as this client knows: the server may have closed some,
    /// and other clients of the loop use them too. See ``Transfer/CleartextHTTP2``. An array for the reason given in
    /// ``TransferLoop``.
    private var idleCleartext: [String] = []

    private static let hasReuseFault: Bool = {
        guard let info = curl_version_info(CURLVERSION_TENTH) else { return false }
        let version = info.pointee.version_num
        return version == 0x075800 || version == 0x075801
    }()

    /// Makes a client whose transfers `loop` carries.
    public init(loop: TransferLoop) {
        self.loop = loop
    }

    /// Sends `request` and returns the whole response.
    ///
    /// - Throws: ``HTTPError``; a response with any status is not an error.
    public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        try await onFittingConnection(request, collects: true) { exchange async throws(HTTPError) in
            try await exchange.collect()
        }
    }

    /// Sends `request` and returns as soon as the head of the response has arrived. The caller reads the stream to its end,
    /// cancels it or drops it.
    ///
    /// - Throws: ``HTTPError``.
    public func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponseStream {
        try await onFittingConnection(request, collects: false) { exchange async throws(HTTPError) in
            HTTPResponseStream(head: try await exchange.head(), exchange: exchange)
        }
    }

    /// Runs `body` on an exchange that asks for HTTP/2 in the way that its connection, new or reused, needs.
    private func onFittingConnection<Value: Sendable>(
        _ request: HTTPRequest, collects: Bool, _ body: @Sendable (Exchange) async throws(HTTPError) -> Value
    ) async throws(HTTPError) -> Value {
        guard request.version == .http2, request.url.hasScheme("http") else {
            return try await body(try Exchange(request, collects: collects, cleartext: nil, loop: loop))
        }
        guard Self.hasReuseFault else {
            return try await body(try Exchange(request, collects: collects, cleartext: .priorKnowledge, loop: loop))
        }
        let origin = request.connectionKey
        var request = request
        if let idle = idleCleartext.firstIndex(of: origin) {
            idleCleartext.remove(at: idle)
            let started = ContinuousClock.now
            let exchange = try Exchange(request, collects: collects, cleartext: .reusedConnectionOnly, loop: loop)
            do throws(HTTPError) {
                let value = try await body(exchange)
                if collects { idleCleartext.append(origin) }
                return value
            } catch {
                guard await exchange.refusedNewConnection else { throw error }
                idleCleartext.removeAll { $0 == origin }
            }
            request.shorten(by: .now - started)
        }
        let exchange = try Exchange(request, collects: collects, cleartext: .priorKnowledgeOnNewConnection, loop: loop)
        let value = try await body(exchange)
        if collects { idleCleartext.append(origin) }
        return value
    }
}

/// A response whose body is still arriving.
public struct HTTPResponseStream: Sendable {
    /// The status and the header fields.
    public let head: HTTPResponseHead
    private let exchange: Exchange

    init(head: HTTPResponseHead, exchange: Exchange) {
        self.head = head
        self.exchange = exchange
    }

    /// The next bytes of the body, at least one; nil at its end. A slow reader makes the server wait. Dropping the stream gives
    /// up the rest of the response.
    ///
    /// - Throws: ``HTTPError``, of kind `interrupted` if the body was cut off.
    public func next() async throws(HTTPError) -> [UInt8]? {
        try await exchange.next()
    }

    /// The fields after the body (RFC 9110 section 6.5); complete once ``next()`` has returned nil.
    public var trailers: HTTPFields {
        get async { await exchange.trailers }
    }

    /// Gives up the rest of the response.
    public func cancel() async {
        await exchange.cancel()
    }
}

extension HTTPRequest {
    /// Takes the time already spent from all timeouts, which count from the call.
    fileprivate mutating func shorten(by elapsed: Duration) {
        connectTimeout -= elapsed
        timeout = timeout.map { $0 - elapsed }
        headTimeout = headTimeout.map { $0 - elapsed }
    }

    /// Requests with the same key can share a connection.
    fileprivate var connectionKey: String {
        let rest = url.utf8.dropFirst("http://".utf8.count)
        let authority = rest.prefix { $0 != UInt8(ascii: "/") }
        return (unixSocket ?? "") + "|" + String(Substring(authority))
    }
}

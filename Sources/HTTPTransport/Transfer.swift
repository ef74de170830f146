import CCurl
import Glibc

/// One exchange on one libcurl easy handle. Lives on the loop's thread and nowhere else.
final class Transfer {
    let easy: UnsafeMutableRawPointer
    /// True once the request was about to be sent, so that the server may have seen it.
    private(set) var requestStarted = false
    /// True when libcurl opened a connection although this transfer was only good for a reused one.
    private(set) var refusedNewConnection = false
    /// Set whenever bytes of the body arrive; the loop clears it.
    var receivedData = false
    private(set) var head: HTTPResponseHead?
    private(set) var trailers = HTTPFields()

    /// What happened, for the owner: called on the loop's thread.
    var onEvent: ((Event) -> Void)?

    enum Event {
        case head
        case data
        case finished(Result<Void, HTTPError>)
    }

    /// What has arrived and was not taken yet.
    private var buffer: [UInt8] = []
    private var status = 0
    private var headers = HTTPFields()
    private var needsReusedConnection = false
    private var paused = false
    private let request: HTTPRequest
    private let collects: Bool
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    private let errorText: UnsafeMutablePointer<CChar>
    private var tooLarge = false

    /// A stream's buffer may grow to this many bytes before the server is made to wait.
    private static let streamWindow = 4 << 20

    /// - Parameter collects: true keeps the whole body until the end; false makes the server wait for a slow reader.
    /// - Throws: ``HTTPError`` of kind `invalidRequest`.
    init(_ request: HTTPRequest, collects: Bool) throws(HTTPError) {
        guard let easy = curl_easy_init() else {
            throw HTTPError(.invalidRequest, "libcurl could not allocate a handle")
        }
        self.easy = easy
        self.request = request
        self.collects = collects
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        setTransport()
        try setMessage()
        setTLS()
        setCallbacks()
    }

    deinit {
        curl_easy_cleanup(easy)
        lists.forEach(curl_slist_free_all)
        errorText.deallocate()
    }

    /// Takes what has arrived.
    func takeBuffer() -> [UInt8] {
        let bytes = buffer
        buffer = []
        if paused {
            paused = false
            curl_easy_pause(easy, CURLPAUSE_CONT)
        }
        return bytes
    }

    var hasData: Bool { !buffer.isEmpty }

    /// How an `http` URL asks for HTTP/2 (libcurl's fault 10634: in 7.88.0 and 7.88.1, asking with prior knowledge on a
    /// reused connection fails, and asking without it on a new one silently becomes an upgrade from HTTP/1.1).
    enum CleartextHTTP2 {
        case priorKnowledge
        case priorKnowledgeOnNewConnection
        case reusedConnectionOnly
    }

    func setCleartextHTTP2(_ mode: CleartextHTTP2) {
        switch mode {
        case .priorKnowledge:
            ccurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE))
        case .priorKnowledgeOnNewConnection:
            ccurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE))
            ccurl_set_long(easy, CURLOPT_FRESH_CONNECT, 1)
        case .reusedConnectionOnly:
            ccurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2_0))
            needsReusedConnection = true
        }
    }

    func finish(_ code: CURLcode) {
        if code == CURLE_OK, head != nil {
            onEvent?(.finished(.success(())))
        } else if tooLarge {
            onEvent?(
                .finished(
                    .failure(
                        HTTPError(
                            .tooLarge, "the response is larger than \(request.maximumBodySize) bytes",
                            mayHaveReachedServer: true))))
        } else {
            let error = HTTPError(code: code, message: String(cString: errorText), requestStarted: requestStarted)
            onEvent?(.finished(.failure(error)))
        }
        onEvent = nil
    }

    // MARK: Options

    private func setTransport() {
        ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        ccurl_set_string(easy, CURLOPT_URL, request.url)
        ccurl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        // Smaller buffers let the tail of a large answer stall on a reused cleartext connection (libcurl 7.88).
        ccurl_set_long(easy, CURLOPT_BUFFERSIZE, 512 << 10)
        if let proxy = request.proxy {
            ccurl_set_string(easy, CURLOPT_PROXY, proxy)
        } else {
            ccurl_set_string(easy, CURLOPT_PROXY, "")
            ccurl_set_string(easy, CURLOPT_NOPROXY, "*")
        }
        if let path = request.unixSocket { ccurl_set_string(easy, CURLOPT_UNIX_SOCKET_PATH, path) }
        let connect = max(1, request.connectTimeout.roundedUpMilliseconds)
        ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, Int(connect))
        if let timeout = request.timeout {
            ccurl_set_long(easy, CURLOPT_TIMEOUT_MS, Int(max(1, timeout.roundedUpMilliseconds)))
        }
        switch request.version {
        case .http1: ccurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        case .http2: ccurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        }
    }

    private func setMessage() throws(HTTPError) {
        if let body = request.body {
            ccurl_set_long(easy, CURLOPT_POST, 1)
            _ = body.withUnsafeBytes { ccurl_set_body(easy, $0.baseAddress, $0.count) }
        }
        if request.method == "HEAD" {
            ccurl_set_long(easy, CURLOPT_NOBODY, 1)
        } else {
            ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method)
        }
        // An empty Expect keeps libcurl from asking the server's leave (100-continue) for a large body.
        var lines = ["Expect:"]
        for (name, value) in request.headers {
            guard !(name + value).utf8.contains(where: { $0 == 13 || $0 == 10 || $0 == 0 }) else {
                throw HTTPError(.invalidRequest, "the header field \(name) contains a line break")
            }
            lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        setList(CURLOPT_HTTPHEADER, lines)
    }

    private func setList(_ option: CURLoption, _ lines: [String]) {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines { list = curl_slist_append(list, line) }
        guard let list else { return }
        lists.append(list)
        ccurl_set_list(easy, option, list)
    }

    private func setTLS() {
        guard request.url.hasPrefix("https:") else { return }
        let tls = request.tls
        ccurl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        switch tls.trustRoots {
        case .file(let path): ccurl_set_string(easy, CURLOPT_CAINFO, path)
        case .bytes(let pem): setBlob(CURLOPT_CAINFO_BLOB, pem)
        case nil: break
        }
        if tls.trustRoots != nil || !tls.verifiesServer {
            // Loading the system's roots costs 25 ms, and they must not vouch for a private server.
            ccurl_set_string(easy, CURLOPT_CAPATH, nil)
        }
        if !tls.verifiesServer {
            ccurl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 0)
            ccurl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 0)
            if tls.trustRoots == nil { ccurl_set_string(easy, CURLOPT_CAINFO, nil) }
        }
        switch tls.certificate {
        case .file(let path): ccurl_set_string(easy, CURLOPT_SSLCERT, path)
        case .bytes(let pem): setBlob(CURLOPT_SSLCERT_BLOB, pem)
        case nil: break
        }
        switch tls.privateKey {
        case .file(let path): ccurl_set_string(easy, CURLOPT_SSLKEY, path)
        case .bytes(let pem): setBlob(CURLOPT_SSLKEY_BLOB, pem)
        case nil: break
        }
        if let name = tls.serverName { connect(to: name) }
    }

    /// Puts `serverName` into the URL, for TLS to prove, and leads the connection to the URL's own host and port.
    private func connect(to serverName: String) {
        guard let handle = curl_url() else { return }
        defer { curl_url_cleanup(handle) }
        guard curl_url_set(handle, CURLUPART_URL, request.url, 0) == CURLUE_OK else { return }
        var host: UnsafeMutablePointer<CChar>?
        var port: UnsafeMutablePointer<CChar>?
        var url: UnsafeMutablePointer<CChar>?
        defer { for text in [host, port, url] { curl_free(text) } }
        curl_url_get(handle, CURLUPART_HOST, &host, 0)
        curl_url_get(handle, CURLUPART_PORT, &port, UInt32(CURLU_DEFAULT_PORT))
        guard let host, let port, curl_url_set(handle, CURLUPART_HOST, serverName, 0) == CURLUE_OK,
            curl_url_get(handle, CURLUPART_URL, &url, 0) == CURLUE_OK, let url
        else { return }
        ccurl_set_string(easy, CURLOPT_URL, url)
        setList(CURLOPT_CONNECT_TO, ["\(serverName):\(String(cString: port)):\(String(cString: host)):"])
    }

    private func setBlob(_ option: CURLoption, _ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { ccurl_set_blob(easy, option, $0.baseAddress, $0.count) }
    }

    private func setCallbacks() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_pointer(easy, CURLOPT_HEADERDATA, context)
        ccurl_set_data_callback(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
            Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receiveHeader(line)
            return size * count
        }
        ccurl_set_pointer(easy, CURLOPT_WRITEDATA, context)
        ccurl_set_data_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let data = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receiveData(data)
        }
        ccurl_set_pointer(easy, CURLOPT_PREREQDATA, context)
        ccurl_set_prereq_callback(easy) { context, _, _, _, _ in
            guard let context else { return CURL_PREREQFUNC_ABORT }
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().willSendRequest()
        }
    }

    // MARK: Callbacks, called from inside curl_multi_perform

    private func willSendRequest() -> Int32 {
        if needsReusedConnection {
            var opened = 0
            ccurl_get_long(easy, CURLINFO_NUM_CONNECTS, &opened)
            if opened > 0 {
                refusedNewConnection = true
                return CURL_PREREQFUNC_ABORT
            }
        }
        requestStarted = true
        return CURL_PREREQFUNC_OK
    }

    private func receiveHeader(_ bytes: UnsafeRawBufferPointer) {
        let line = String(decoding: bytes, as: UTF8.self).trimmingLineEnd
        if head == nil, line.hasPrefix("HTTP/") {
            status = line.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0) } ?? 0
            headers = HTTPFields()
        } else if line.isEmpty {
            // 1xx are interim responses; another header block follows.
            guard head == nil, status >= 200 else { return }
            head = HTTPResponseHead(status: status, headers: headers)
            onEvent?(.head)
        } else if let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex {
            let name = line[..<colon].lowercased()
            let value = line[line.utf8.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            if head == nil {
                headers.append(name, String(value))
            } else {
                trailers.append(name, String(value))
            }
        }
    }

    private func receiveData(_ bytes: UnsafeRawBufferPointer) -> Int {
        if collects {
            guard buffer.count + bytes.count <= request.maximumBodySize else {
                tooLarge = true
                return 0
            }
        } else if buffer.count >= Self.streamWindow {
            paused = true
            return Int(CURL_WRITEFUNC_PAUSE)
        }
        buffer.append(contentsOf: bytes)
        receivedData = true
        if !collects { onEvent?(.data) }
        return bytes.count
    }
}

extension String {
    /// The line without its CR LF. (In Swift, CR LF is one Character.)
    fileprivate var trimmingLineEnd: Substring {
        var end = utf8.endIndex
        while end > utf8.startIndex {
            let before = utf8.index(before: end)
            guard utf8[before] == 13 || utf8[before] == 10 else { break }
            end = before
        }
        return self[..<end]
    }
}

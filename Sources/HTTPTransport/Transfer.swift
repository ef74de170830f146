import CCurl
import Glibc

/// One exchange on one libcurl easy handle.
final class Transfer: @unchecked Sendable {
    // Why @unchecked is sound: only the loop's thread uses it. Other threads only hand the reference back
    // (``TransferLoop/discard(_:)``), or drop the last reference to a handle that the loop no longer uses.
    let easy: UnsafeMutableRawPointer
    /// True as soon as sending the request begins: the server may have seen it.
    private(set) var requestStarted = false
    /// True if libcurl opened a connection although this transfer can only use an existing one.
    private(set) var refusedNewConnection = false
    /// Set whenever bytes of the body arrive; the loop clears it.
    var receivedData = false
    private(set) var head: HTTPResponseHead?
    private(set) var trailers = HTTPFields()

    /// True from the opening of a socket until the connection is ready for the request, also if libcurl connects again after
    /// losing a reused connection.
    var isConnecting: Bool { connecting.pointee }

    /// Tells the owner what happened; called on the loop's thread.
    var onEvent: ((Event) -> Void)?

    enum Event {
        case head
        case data
        case finished(Result<Void, HTTPError>)
    }

    /// The part of the body that has arrived and was not taken yet.
    private var buffer: [UInt8] = []
    private var status = 0
    private var headers = HTTPFields()
    private var headerBytes = 0
    private var needsReusedConnection = false
    private var paused = false
    let request: HTTPRequest
    private let collects: Bool
    var lists: [UnsafeMutablePointer<curl_slist>] = []
    private let errorText: UnsafeMutablePointer<CChar>
    /// Set by libcurl's callback for new sockets.
    let connecting: UnsafeMutablePointer<Bool>
    /// Why a callback made libcurl give up; replaces libcurl's own error.
    private var refusal: HTTPError?

    /// The size in bytes from which on a stream's buffer makes the server wait.
    private static let streamWindow = 4 << 20
    /// The largest size in bytes of all header and trailer fields of one response, with those of interim responses.
    private static let largestHead = 256 << 10

    /// - Parameters:
    ///   - request: the request to send.
    ///   - collects: true keeps the whole body until the end; false makes the server wait for a slow reader.
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
        connecting = .allocate(capacity: 1)
        connecting.initialize(to: false)
        ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        try setOptions()
        setCallbacks()
    }

    deinit {
        curl_easy_cleanup(easy)
        lists.forEach(curl_slist_free_all)
        errorText.deallocate()
        connecting.deallocate()
    }

    /// Takes the part of the body that has arrived.
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

    /// The certificates of the server, in the order in which it sent them.
    var certificates: [X509Certificate] {
        var pointer: UnsafeMutableRawPointer?
        guard request.recordsCertificates, ccurl_get_pointer(easy, CURLINFO_CERTINFO, &pointer) == CURLE_OK, let pointer
        else { return [] }
        let info = pointer.assumingMemoryBound(to: curl_certinfo.self).pointee
        return (0..<Int(max(0, info.num_of_certs))).flatMap { index -> [X509Certificate] in
            var line = info.certinfo?[index]
            while let current = line {
                // Among lines such as `Subject:CN = localhost`.
                let text = String(cString: current.pointee.data)
                if text.hasPrefix("Cert:") { return X509Certificate.all(inPEM: Array(text.dropFirst(5).utf8)) }
                line = current.pointee.next
            }
            return []
        }
    }

    /// How a request to an `http` URL asks for HTTP/2. In libcurl 7.88.0 and 7.88.1, asking with prior knowledge on a reused
    /// connection fails (curl issue 10634), and asking without it on a new one silently becomes an upgrade from HTTP/1.1.
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
        } else if let refusal {
            onEvent?(.finished(.failure(refusal)))
        } else {
            let error = HTTPError(code: code, message: String(cString: errorText), requestStarted: requestStarted)
            onEvent?(.finished(.failure(error)))
        }
        onEvent = nil
    }

    private func setCallbacks() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_pointer(easy, CURLOPT_HEADERDATA, context)
        ccurl_set_data_callback(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receiveHeader(line)
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
        connecting.pointee = false
        if requestStarted, !request.isIdempotent {
            // libcurl automatically sends a request again that had no response on a reused connection. The server may have
            // acted on the first one.
            refusal = HTTPError(
                .interrupted, "the connection was lost before the response", mayHaveReachedServer: true)
            return CURL_PREREQFUNC_ABORT
        }
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

    /// Returns the number of bytes taken; any other number than `bytes.count` ends the transfer.
    private func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        headerBytes += bytes.count
        guard headerBytes <= Self.largestHead else {
            refusal = HTTPError(
                .tooLarge, "the response's head is larger than \(Self.largestHead) bytes", mayHaveReachedServer: true)
            return 0
        }
        readHeader(bytes)
        return bytes.count
    }

    private func readHeader(_ bytes: UnsafeRawBufferPointer) {
        let line = String(decoding: bytes, as: UTF8.self).trimmingLineEnd
        if head == nil, line.hasPrefix("HTTP/") {
            status = line.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0) } ?? 0
            headers = HTTPFields()
        } else if line.isEmpty {
            // After an interim response (1xx) another header section follows.
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
                refusal = HTTPError(
                    .tooLarge, "the response is larger than \(request.maximumBodySize) bytes",
                    mayHaveReachedServer: true)
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
    /// The line without its CR LF, which is one Character in Swift.
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

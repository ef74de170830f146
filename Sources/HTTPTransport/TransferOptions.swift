import CCurl
import Machine

// Gives the request to libcurl, option by option.
extension Transfer {
    /// - Throws: ``HTTPError`` of kind `invalidRequest`.
    func setOptions() throws(HTTPError) {
        try setTransport()
        try setMessage()
        try setTLS()
    }

    private func setTransport() throws(HTTPError) {
        guard request.url.hasScheme("http") || request.url.hasScheme("https") else {
            throw HTTPError(.invalidRequest, "\(request.url) is not an http or https URL")
        }
        ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        ccurl_set_quick_exit(easy)
        try set(CURLOPT_URL, request.url)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        ccurl_set_socket_callbacks(easy, connecting)
        // With a smaller buffer, libcurl 7.88 stalls at the end of a large response on a reused cleartext connection.
        ccurl_set_long(easy, CURLOPT_BUFFERSIZE, 512 << 10)
        // Both are always set, because libcurl takes them from the environment otherwise.
        try set(CURLOPT_PROXY, request.proxy ?? "")
        try set(CURLOPT_NOPROXY, request.proxy == nil ? "*" : "")
        // The proxy's response to CONNECT is not the server's.
        ccurl_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        if let path = request.unixSocket { try set(CURLOPT_UNIX_SOCKET_PATH, path) }
        ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeout.curlMilliseconds)
        if let timeout = request.timeout { ccurl_set_long(easy, CURLOPT_TIMEOUT_MS, timeout.curlMilliseconds) }
        switch request.version {
        case .http1: ccurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        case .http2: ccurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        }
    }

    private func setMessage() throws(HTTPError) {
        guard request.method.isToken else {
            throw HTTPError(.invalidRequest, "\(request.method) is not an HTTP method")
        }
        if let body = request.body {
            ccurl_set_long(easy, CURLOPT_POST, 1)
            _ = body.withUnsafeBytes { ccurl_set_body(easy, $0.baseAddress, $0.count) }
        }
        if request.method == "HEAD" {
            ccurl_set_long(easy, CURLOPT_NOBODY, 1)
        } else {
            try set(CURLOPT_CUSTOMREQUEST, request.method)
        }
        // With an empty Expect, libcurl does not wait for 100-continue before it sends a large body.
        var lines = ["Expect:"]
        for (name, value) in request.headers {
            guard name.isToken else { throw HTTPError(.invalidRequest, "\(name) is not the name of a header field") }
            guard !value.utf8.contains(where: { ($0 < 0x20 && $0 != 9) || $0 == 0x7F }) else {
                throw HTTPError(.invalidRequest, "the header field \(name) contains a control character")
            }
            // "name:" without a value means to libcurl that the field is not sent; "name;" sends an empty value.
            let isBlank = value.utf8.allSatisfy { $0 == 0x20 || $0 == 9 }
            lines.append(isBlank ? "\(name);" : "\(name): \(value)")
        }
        if request.tls.serverName != nil, !request.headers.contains(where: { $0.name.lowercased() == "host" }) {
            // The server name is for TLS only; the request still names the host of the URL.
            lines.append("Host: \(request.url.authority)")
        }
        setList(CURLOPT_HTTPHEADER, lines)
    }

    private func setTLS() throws(HTTPError) {
        guard request.url.hasScheme("https") else { return }
        guard TransferLoop.hasTLS.load(ordering: .relaxed) else {
            throw HTTPError(.invalidRequest, "\(request.url): this process was started without TLS")
        }
        let tls = request.tls
        if request.recordsCertificates {
            ccurl_set_long(easy, CURLOPT_CERTINFO, 1)
            // libcurl records them during the handshake only.
            ccurl_set_long(easy, CURLOPT_FRESH_CONNECT, 1)
        }
        ccurl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try set(tls.trustRoots ?? SystemTrust.roots(of: tls), file: CURLOPT_CAINFO, blob: CURLOPT_CAINFO_BLOB)
        if tls.trustRoots != nil || !tls.verifiesServer {
            // Loading the system's CA certificates costs 25 ms, and a private server is not to be verified with them.
            ccurl_set_string(easy, CURLOPT_CAPATH, nil)
        }
        if !tls.verifiesServer {
            ccurl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 0)
            ccurl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 0)
            if tls.trustRoots == nil { ccurl_set_string(easy, CURLOPT_CAINFO, nil) }
        }
        try refuseEncrypted(tls)
        try set(tls.certificate, file: CURLOPT_SSLCERT, blob: CURLOPT_SSLCERT_BLOB)
        try set(tls.privateKey, file: CURLOPT_SSLKEY, blob: CURLOPT_SSLKEY_BLOB)
        // Otherwise OpenSSL could ask for a passphrase on the terminal of the process, and wait past every deadline.
        if tls.certificate != nil { try set(CURLOPT_KEYPASSWD, "") }
        if let name = tls.serverName { try connect(to: name) }
    }

    /// Refuses a private key with a passphrase, because nobody can be asked for it.
    private func refuseEncrypted(_ tls: TLSOptions) throws(HTTPError) {
        let remedy = "is encrypted: it must be a private key without a passphrase"
        // The file of a certificate may also contain its key.
        switch tls.privateKey ?? tls.certificate {
        case .file(let path):
            guard let text = PrivateKeyPEM.text(of: path), PrivateKeyPEM.isEncrypted(text) else { break }
            throw HTTPError(.invalidRequest, "the key \(path) \(remedy)")
        case .bytes(let text):
            if PrivateKeyPEM.isEncrypted(text) { throw HTTPError(.invalidRequest, "the client's key \(remedy)") }
        case nil: break
        }
        // OpenSSL would ask for the passphrase of these too, unless it reads them from a file.
        if case .bytes(let text) = tls.trustRoots, PrivateKeyPEM.hasEncryptedHeader(text) {
            throw HTTPError(.invalidRequest, "a CA certificate is encrypted")
        }
    }

    /// Puts `serverName` into the URL, for TLS to verify, and connects to the host and port of the original URL.
    private func connect(to serverName: String) throws(HTTPError) {
        let unusable = HTTPError(.invalidRequest, "the TLS server name \(serverName) cannot be used for \(request.url)")
        guard let handle = curl_url() else { throw unusable }
        defer { curl_url_cleanup(handle) }
        guard !serverName.isEmpty, !serverName.utf8.contains(0),
            curl_url_set(handle, CURLUPART_URL, request.url, 0) == CURLUE_OK
        else { throw unusable }
        var host: UnsafeMutablePointer<CChar>?
        var port: UnsafeMutablePointer<CChar>?
        var url: UnsafeMutablePointer<CChar>?
        defer { for text in [host, port, url] { curl_free(text) } }
        curl_url_get(handle, CURLUPART_HOST, &host, 0)
        curl_url_get(handle, CURLUPART_PORT, &port, UInt32(CURLU_DEFAULT_PORT))
        guard let host, let port, curl_url_set(handle, CURLUPART_HOST, serverName, 0) == CURLUE_OK,
            curl_url_get(handle, CURLUPART_URL, &url, 0) == CURLUE_OK, let url
        else { throw unusable }
        ccurl_set_string(easy, CURLOPT_URL, url)
        setList(CURLOPT_CONNECT_TO, ["\(serverName):\(String(cString: port)):\(String(cString: host)):"])
    }

    // MARK: One option

    private func set(_ option: CURLoption, _ text: String) throws(HTTPError) {
        guard !text.utf8.contains(0), ccurl_set_string(easy, option, text) == CURLE_OK else {
            throw HTTPError(.invalidRequest, "\(text) cannot be used")
        }
    }

    private func set(_ pem: TLSOptions.PEM?, file: CURLoption, blob: CURLoption) throws(HTTPError) {
        switch pem {
        case .file(let path):
            // OpenSSL would wait for the writer of a pipe, past every deadline.
            if let kind = FileReader.kind(of: path), kind != .file {
                throw HTTPError(.invalidRequest, "\(path) is not a file")
            }
            try set(file, path)
        case .bytes(let bytes):
            let code = bytes.withUnsafeBytes { ccurl_set_blob(easy, blob, $0.baseAddress, $0.count) }
            guard code == CURLE_OK else { throw HTTPError(.invalidRequest, "a certificate or key cannot be used") }
        case nil: break
        }
    }

    private func setList(_ option: CURLoption, _ lines: [String]) {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines { list = curl_slist_append(list, line) }
        guard let list else { return }
        lists.append(list)
        ccurl_set_list(easy, option, list)
    }
}

extension String {
    /// True for a URL with this scheme, in any case (RFC 3986 section 3.1).
    func hasScheme(_ scheme: String) -> Bool {
        utf8.elementsEqual("\(scheme)://".utf8, upTo: scheme.utf8.count + 3)
    }

    /// The host and port of a URL, as written there (RFC 3986 section 3.2).
    fileprivate var authority: Substring {
        let slashes = "://"
        guard let scheme = utf8.firstIndex(of: UInt8(ascii: ":")) else { return self[...] }
        let rest = self[scheme...].dropFirst(slashes.count)
        let authority = rest.prefix { !"/?#".contains($0) }
        return authority.lastIndex(of: "@").map { authority[$0...].dropFirst() } ?? authority
    }

    /// A token of HTTP (RFC 9110 section 5.6.2).
    fileprivate var isToken: Bool {
        !isEmpty
            && utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}

extension Sequence<UInt8> {
    /// Compares the first `count` bytes, ASCII letters without regard to case.
    fileprivate func elementsEqual(_ other: some Sequence<UInt8>, upTo count: Int) -> Bool {
        prefix(count).elementsEqual(other) { left, right in
            left == right || ((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(left) && left | 0x20 == right)
        }
    }
}

extension Duration {
    /// For libcurl, where 0 would mean no limit.
    fileprivate var curlMilliseconds: Int { Int(min(max(1, roundedUpMilliseconds), Int64(Int32.max))) }
}

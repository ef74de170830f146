import CCurl

/// Why a request has no response.
public struct HTTPError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    public enum Kind: Sendable, Equatable {
        /// The request itself cannot be used, such as its URL or a certificate file.
        case invalidRequest
        /// The host name has no address.
        case unknownHost
        /// No connection: refused, unreachable, lost at once, or not within the connect timeout.
        case cannotConnect
        /// TLS failed: an untrusted certificate, a wrong name, a refused client certificate.
        case tls
        /// The response was not complete within the timeout.
        case timedOut
        /// The connection or the stream ended before the response did.
        case interrupted
        /// The body is larger than ``HTTPRequest/maximumBodySize``, or the head is larger than 256 KiB.
        case tooLarge
        /// The task was cancelled.
        case cancelled
    }

    /// What kind of failure it is.
    public let kind: Kind
    /// The error message, without a full stop.
    public let detail: String
    /// False only if it is certain that no byte of the request left this machine.
    public let mayHaveReachedServer: Bool

    /// The error message.
    public var description: String { detail }

    /// Whether the name lookup was not finished within the connect timeout (libcurl's `multi_handle_timeout`).
    public var isSlowNameLookup: Bool { kind == .cannotConnect && detail.hasPrefix("Resolving timed out") }

    init(_ kind: Kind, _ detail: String, mayHaveReachedServer: Bool = false) {
        self.kind = kind
        self.detail = detail
        self.mayHaveReachedServer = mayHaveReachedServer
    }

    /// The error for libcurl's `code`.
    ///
    /// - Parameters:
    ///   - code: what libcurl returned.
    ///   - message: libcurl's message; may be empty.
    ///   - requestStarted: whether sending the request had begun.
    init(code: CURLcode, message: String, requestStarted: Bool) {
        var text = message.isEmpty ? String(cString: curl_easy_strerror(code)) : message
        if code == CURLE_OK { text = "the response has no head" }
        let kind: Kind =
            switch code {
            case CURLE_URL_MALFORMAT, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE, CURLE_BAD_FUNCTION_ARGUMENT:
                .invalidRequest
            // libcurl also returns this for a response that is HTTP/0.9, or no HTTP at all.
            case CURLE_UNSUPPORTED_PROTOCOL: requestStarted ? .interrupted : .invalidRequest
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .unknownHost
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR,
                CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CLIENTCERT, CURLE_SSL_INVALIDCERTSTATUS:
                .tls
            case CURLE_OPERATION_TIMEDOUT: requestStarted ? .timedOut : .cannotConnect
            case CURLE_FILESIZE_EXCEEDED: .tooLarge
            // In TLS 1.3 the server checks the client's certificate after the client has finished the handshake, so the alert
            // can arrive while the request is being sent (RFC 8446 section 4.4.2.4).
            case _ where text.contains("SSL routines:") && text.contains(" alert "): .tls
            default: requestStarted ? .interrupted : .cannotConnect
            }
        self.init(kind, text, mayHaveReachedServer: requestStarted)
    }
}

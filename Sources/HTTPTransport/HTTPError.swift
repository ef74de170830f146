import CCurl

/// Why an exchange had no response.
public struct HTTPError: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// The request itself is unusable: its URL, a certificate file.
        case invalidRequest
        /// The host's name has no address.
        case unknownHost
        /// No connection: refused, unreachable, lost at once, or not within the connect timeout.
        case cannotConnect
        /// TLS failed: an untrusted certificate, a wrong name, a refused client certificate.
        case tls
        /// The total timeout passed.
        case timedOut
        /// The connection or the stream ended before the response did.
        case interrupted
        /// The response is larger than ``HTTPRequest/maximumBodySize``, or its head than 256 KiB.
        case tooLarge
        /// The task was cancelled.
        case cancelled
    }

    public let kind: Kind
    /// One clause for people, without a full stop.
    public let detail: String
    /// False only when it is certain that no byte of the request left this machine.
    public let mayHaveReachedServer: Bool

    public var description: String { detail }

    /// Whether the time for connecting passed before the host's name had an address (libcurl's `multi_handle_timeout`).
    public var isSlowNameLookup: Bool { kind == .cannotConnect && detail.hasPrefix("Resolving timed out") }

    init(_ kind: Kind, _ detail: String, mayHaveReachedServer: Bool = false) {
        self.kind = kind
        self.detail = detail
        self.mayHaveReachedServer = mayHaveReachedServer
    }

    /// The error that libcurl's `code` stands for, where `requestStarted` tells whether the request was being sent.
    init(code: CURLcode, message: String, requestStarted: Bool) {
        var text = message.isEmpty ? String(cString: curl_easy_strerror(code)) : message
        if code == CURLE_OK { text = "the response has no head" }
        let kind: Kind =
            switch code {
            case CURLE_URL_MALFORMAT, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE, CURLE_BAD_FUNCTION_ARGUMENT:
                .invalidRequest
            // Also what a response in HTTP/0.9, or in no HTTP at all, is called.
            case CURLE_UNSUPPORTED_PROTOCOL: requestStarted ? .interrupted : .invalidRequest
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .unknownHost
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR,
                CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CLIENTCERT, CURLE_SSL_INVALIDCERTSTATUS:
                .tls
            case CURLE_OPERATION_TIMEDOUT: requestStarted ? .timedOut : .cannotConnect
            case CURLE_FILESIZE_EXCEEDED: .tooLarge
            // A client certificate is refused after the client's part of a TLS 1.3 handshake: the alert then meets the
            // request (RFC 8446 section 4.4.2.4).
            case _ where text.contains("SSL routines:") && text.contains(" alert "): .tls
            default: requestStarted ? .interrupted : .cannotConnect
            }
        self.init(kind, text, mayHaveReachedServer: requestStarted)
    }
}

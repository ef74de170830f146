/// A request, complete: what is asked, how it is carried and how long it may take.
public struct HTTPRequest: Sendable {
    /// The protocol that carries the request.
    public enum Version: Sendable {
        /// HTTP/1.1 (RFC 9112).
        case http1
        /// HTTP/2 (RFC 9113): by ALPN on `https`, with prior knowledge on `http`.
        case http2
    }

    /// The request method, such as `GET` or `POST`.
    public var method: String
    /// An absolute `http` or `https` URL.
    public var url: String
    /// Header fields in order, without `Host` and `Content-Length`.
    public var headers: [(name: String, value: String)] = []
    /// The body of a `POST`, `PUT` or `PATCH`; nil sends none.
    public var body: [UInt8]?
    public var version: Version = .http1
    /// How the server is proved and the client proves itself; used by `https` only.
    public var tls = TLSOptions()
    /// The path of a unix socket to connect to instead of the URL's host and port.
    public var unixSocket: String?
    /// The URL of a proxy. The environment's proxy variables never apply.
    public var proxy: String?
    /// How long connecting (name, TCP and TLS) may take, counted from the call. Of a host with several addresses, the
    /// first has half of it, the next half of the rest, and so on; the last has what is left.
    public var connectTimeout: Duration = .seconds(5)
    /// How long the whole exchange may take, counted from the call; nil for no bound (long streams).
    public var timeout: Duration? = .seconds(20)
    /// How long the response's head may take, counted from the call; nil for no bound but ``timeout``.
    public var headTimeout: Duration?
    /// Whether the request may be sent again, unasked, when the connection is lost before an answer (RFC 9110 section
    /// 9.2.2). Where it may not, a lost connection is an error and the request was sent at most once.
    public var isIdempotent: Bool
    /// The largest body accepted, in bytes, of a response that is collected; a larger one is an error.
    public var maximumBodySize = 256 << 20

    public init(method: String = "GET", url: String) {
        self.method = method
        self.url = url
        isIdempotent = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"].contains(method)
    }
}

/// TLS as the client sees it. TLS 1.2 is the least that is spoken.
public struct TLSOptions: Sendable, Hashable {
    /// PEM text, in a file or in memory.
    public enum PEM: Sendable, Hashable {
        case file(String)
        case bytes([UInt8])
    }

    /// The certificates that vouch for the server; nil for the system's.
    public var trustRoots: PEM?
    /// The client's certificate (chain), leaf first.
    public var certificate: PEM?
    /// The client's private key.
    public var privateKey: PEM?
    /// The name the server's certificate must bear, where it is not the URL's host (RFC 6066 server name).
    public var serverName: String?
    /// False accepts any certificate.
    public var verifiesServer = true

    public init(trustRoots: PEM? = nil, certificate: PEM? = nil, privateKey: PEM? = nil) {
        self.trustRoots = trustRoots
        self.certificate = certificate
        self.privateKey = privateKey
    }

    /// The options for PEM files, by their paths; each may be nil.
    public init(caFile: String?, certFile: String?, keyFile: String?) {
        self.init(
            trustRoots: caFile.map(PEM.file), certificate: certFile.map(PEM.file), privateKey: keyFile.map(PEM.file))
    }
}

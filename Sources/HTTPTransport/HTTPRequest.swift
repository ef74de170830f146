/// A request with everything that sending it takes: the message, the way to the server and the timeouts.
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
    /// The protocol to use.
    public var version: Version = .http1
    /// How the server is verified, and how the client authenticates; for `https` only.
    public var tls = TLSOptions()
    /// The path of a unix socket to connect to instead of the URL's host and port.
    public var unixSocket: String?
    /// The URL of a proxy; nil for none. The proxy variables of the environment never apply.
    public var proxy: String?
    /// How long connecting (name lookup, TCP and TLS) may take, counted from the call. If a host has several addresses, the
    /// first one gets half of it, the next one half of the rest, and so on; the last one gets what is left.
    public var connectTimeout: Duration = .seconds(5)
    /// How long the whole exchange may take, counted from the call; nil for no limit, as for long streams.
    public var timeout: Duration? = .seconds(20)
    /// How long the head of the response may take, counted from the call; nil for no limit other than ``timeout``.
    public var headTimeout: Duration?
    /// Whether the request may be sent again automatically if the connection is lost before a response (RFC 9110 section
    /// 9.2.2). If not, a lost connection is an error and the request was sent at most once.
    public var isIdempotent: Bool
    /// Whether the response has the server's certificates. The request then opens a connection of its own.
    public var recordsCertificates = false
    /// The largest body, in bytes, of a response that ``HTTPClient/send(_:)`` returns; a larger one is an error.
    public var maximumBodySize = 256 << 20

    /// Makes a request; all other properties have defaults. The method decides ``isIdempotent``.
    public init(method: String = "GET", url: String) {
        self.method = method
        self.url = url
        isIdempotent = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"].contains(method)
    }
}

/// The client's settings for TLS. The oldest version in use is TLS 1.2.
public struct TLSOptions: Sendable, Hashable {
    /// PEM text, in a file or in memory.
    public enum PEM: Sendable, Hashable {
        /// The path of a file, which is read for each connection.
        case file(String)
        /// The text itself.
        case bytes([UInt8])
    }

    /// The CA certificates that the server's certificate is verified with; nil for the system's.
    public var trustRoots: PEM?
    /// The client's certificate, with its chain, leaf first; nil for none.
    public var certificate: PEM?
    /// The client's private key, without a passphrase; nil if the file of the certificate has it.
    public var privateKey: PEM?
    /// The name that the server's certificate must have, if it is not the host of the URL (server name, RFC 6066).
    public var serverName: String?
    /// False accepts any certificate of the server.
    public var verifiesServer = true

    /// Settings that verify the server.
    public init(trustRoots: PEM? = nil, certificate: PEM? = nil, privateKey: PEM? = nil) {
        self.trustRoots = trustRoots
        self.certificate = certificate
        self.privateKey = privateKey
    }

    /// Settings that verify the server, from the paths of PEM files: CA certificates, client certificate, its private key.
    public init(caFile: String?, certFile: String?, keyFile: String?) {
        self.init(
            trustRoots: caFile.map(PEM.file), certificate: certFile.map(PEM.file), privateKey: keyFile.map(PEM.file))
    }
}

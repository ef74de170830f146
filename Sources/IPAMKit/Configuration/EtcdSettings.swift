/// How to reach etcd: `etcdConfig` of a configuration.
public struct EtcdSettings: Hashable, Sendable {
    /// The endpoints as URLs of scheme, host and port: `https://192.168.1.50:2379`.
    public var endpoints: [String]
    /// The path of the client certificate (PEM), `etcdCertFile`.
    public var certFile: String?
    /// The path of the client certificate's key (PEM), `etcdKeyFile`.
    public var keyFile: String?
    /// The path of the certificates of trusted authorities (PEM), `etcdTrustedCAFileFile` as published, or
    /// `etcdTrustedCAFile`.
    public var caFile: String?
    /// The user, `etcdUsername`.
    public var username: String?
    /// The user's password, `etcdPassword`.
    public var password: String?

    /// Makes settings of endpoints that are complete URLs.
    public init(
        endpoints: [String], certFile: String? = nil, keyFile: String? = nil, caFile: String? = nil,
        username: String? = nil, password: String? = nil
    ) {
        self.endpoints = endpoints
        self.certFile = certFile
        self.keyFile = keyFile
        self.caFile = caFile
        self.username = username
        self.password = password
    }

    /// The parts of a comma-separated list of endpoints, without the white space around them; empty ones are left out.
    public static func list(_ text: String) -> [String] {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        var parts: [String] = []
        for part in text.utf8.split(separator: UInt8(ascii: ",")) {
            var trimmed = part.drop(while: isBlank)
            while let last = trimmed.last, isBlank(last) { trimmed.removeLast() }
            if !trimmed.isEmpty { parts.append(String(Substring(trimmed))) }
        }
        return parts
    }

    /// The port etcd listens on for clients.
    public static let defaultPort = 2379

    /// The complete URL of an endpoint: `http://` or `https://`, host and port.
    ///
    /// Without a scheme it is https when certificates are given and http otherwise, without a port it is 2379. A single
    /// slash after the port is dropped.
    ///
    /// - Parameters:
    ///   - text: such as `https://192.168.1.50:2379`, `etcd-0.example:2379` or `[fd00::1]`.
    ///   - defaultsToTLS: whether an endpoint without scheme is https.
    /// - Returns: the URL, such as `https://192.168.1.50:2379`.
    /// - Throws: ``EndpointError`` for everything else: another scheme, credentials, a path, a bad host or port.
    public static func endpoint(_ text: String, defaultsToTLS: Bool) throws(EndpointError) -> String {
        if text.utf8.contains(UInt8(ascii: "@")) { throw .credentials }
        var rest = text[...]
        var scheme = defaultsToTLS ? "https" : "http"
        if let separator = text.utf8Index(of: "://") {
            scheme = text[..<separator].lowercased()
            rest = text[text.utf8.index(separator, offsetBy: 3)...]
            guard scheme == "http" || scheme == "https" else { throw .scheme(text) }
        }
        if rest.utf8.last == UInt8(ascii: "/") { rest = rest.dropLast() }
        let hostEnd: Substring.Index
        if rest.utf8.first == UInt8(ascii: "[") {
            guard let bracket = rest.utf8.firstIndex(of: UInt8(ascii: "]")),
                let address = try? IPAddress(String(rest[..<bracket].dropFirst())), address.family == .ipv6
            else { throw .host(text) }
            hostEnd = rest.utf8.index(after: bracket)
        } else {
            hostEnd = rest.utf8.firstIndex(of: UInt8(ascii: ":")) ?? rest.endIndex
            guard isHostName(rest[..<hostEnd]) else { throw .host(text) }
        }
        guard hostEnd < rest.endIndex else { return "\(scheme)://\(rest):\(defaultPort)" }
        let portText = rest[hostEnd...].utf8.dropFirst()
        guard rest.utf8[hostEnd] == UInt8(ascii: ":") else { throw .host(text) }
        guard (1...5).contains(portText.count), portText.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(Substring(portText)), (1...65535).contains(port)
        else { throw .port(text) }
        return "\(scheme)://\(rest[..<hostEnd]):\(port)"
    }

    /// A dotted quad or the letters, digits, "-", "_" and "." of a host name.
    private static func isHostName(_ host: Substring) -> Bool {
        (1...253).contains(host.utf8.count)
            && host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}

/// What is wrong with the URL of an endpoint.
public enum EndpointError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The scheme is neither http nor https.
    case scheme(String)
    /// The URL has a user or password in it, and is not repeated for that reason.
    case credentials
    /// The host is missing or malformed, or a path follows.
    case host(String)
    /// The port is not a number from 1 to 65535.
    case port(String)

    /// One sentence for people.
    public var description: String { "\(subject) \(problem)" }

    var subject: String {
        switch self {
        case .scheme(let text), .host(let text), .port(let text): text.quotedForPeople
        case .credentials: "an endpoint"
        }
    }

    var problem: String {
        switch self {
        case .scheme: "must start with http:// or https://"
        case .credentials: "has a user or password in its URL: use etcdUsername and etcdPassword"
        case .host: "is not an endpoint such as https://192.168.1.50:2379: scheme, host and port, and no path"
        case .port: "has no valid port: it is a number from 1 to 65535"
        }
    }
}

extension String {
    /// Where a text of ASCII first occurs.
    fileprivate func utf8Index(of needle: String) -> Index? {
        var start = startIndex
        while start < endIndex {
            if self[start...].utf8.starts(with: needle.utf8) { return start }
            start = utf8.index(after: start)
        }
        return nil
    }
}

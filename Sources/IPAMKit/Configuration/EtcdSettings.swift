/// The connection to etcd: `etcdConfig` of a configuration.
public struct EtcdSettings: Hashable, Sendable {
    /// The endpoints as URLs of scheme, host and port: `https://192.168.1.50:2379`.
    public var endpoints: [String]
    /// `etcdCertFile`: the path of the client certificate (PEM); nil for none.
    public var certFile: String?
    /// `etcdKeyFile`: the path of the client certificate's private key (PEM); nil for none.
    public var keyFile: String?
    /// `etcdTrustedCAFileFile` (as published) or `etcdTrustedCAFile`: the path of the certificates of trusted authorities
    /// (PEM); nil for the system's.
    public var caFile: String?
    /// `etcdUsername`; nil for a connection without a user.
    public var username: String?
    /// `etcdPassword`; it has no meaning without ``username``.
    public var password: String?

    /// Makes settings; the endpoints must be complete URLs, as ``endpoint(_:defaultsToTLS:)`` returns them.
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

    /// The parts of a comma-separated list of endpoints, without the white space around them; empty parts are left out.
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

    /// The default client port of etcd.
    public static let defaultPort = 2379

    /// The complete URL of an endpoint: `http://` or `https://`, host and port.
    ///
    /// The default scheme depends on `defaultsToTLS`, the default port is 2379. A single slash after the port is removed.
    ///
    /// - Parameters:
    ///   - text: such as `https://192.168.1.50:2379`, `etcd-0.example:2379` or `[fd00::1]`.
    ///   - defaultsToTLS: whether an endpoint without a scheme is https.
    /// - Returns: the URL, such as `https://192.168.1.50:2379`.
    /// - Throws: ``EndpointError`` for another scheme, credentials, a path, or an invalid host or port.
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

/// An error in the URL of an endpoint.
public enum EndpointError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The scheme is neither http nor https.
    case scheme(String)
    /// The URL has a user or a password in it; therefore the error message does not show the URL.
    case credentials
    /// The host is missing or malformed, or a path follows.
    case host(String)
    /// The port is not a number from 1 to 65535.
    case port(String)

    /// The error message, on one line.
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
        case .host: "is not an endpoint: write scheme, host and port without a path, such as https://192.168.1.50:2379"
        case .port: "has no valid port: it must be a number from 1 to 65535"
        }
    }
}

extension String {
    /// The index at which an ASCII text first occurs.
    fileprivate func utf8Index(of needle: String) -> Index? {
        var start = startIndex
        while start < endIndex {
            if self[start...].utf8.starts(with: needle.utf8) { return start }
            start = utf8.index(after: start)
        }
        return nil
    }
}

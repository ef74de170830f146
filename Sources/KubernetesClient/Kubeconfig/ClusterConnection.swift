import HTTPTransport

/// How to connect to a kubeconfig's cluster.
struct ClusterConnection {
    let server: String
    let proxy: String?
    let tls: TLSOptions
    /// The first CA certificate in DER form; nil if the cluster names none.
    let authority: [UInt8]?

    var isEncrypted: Bool { server.utf8.starts(with: "https".utf8) }

    /// - Throws: ``KubeconfigError``.
    init(_ cluster: KubeconfigSection, _ files: KubeconfigFiles) throws(KubeconfigError) {
        server = try Self.server(cluster)
        proxy = try Self.proxy(cluster)
        let trusted = try files.material("certificate-authority", of: cluster)
        var tls = TLSOptions(trustRoots: trusted?.pem)
        tls.serverName = try cluster.text("tls-server-name")
        tls.verifiesServer = try !cluster.flag("insecure-skip-tls-verify")
        if let trusted {
            guard tls.verifiesServer else {
                throw cluster.wrong(
                    "insecure-skip-tls-verify", "is true although \(trusted.field) is set: remove one of them")
            }
            guard let certificate = PEMText.firstCertificate(trusted.bytes) else {
                throw cluster.wrong(trusted.field, "has no certificate in PEM (RFC 7468)")
            }
            authority = certificate
        } else {
            authority = nil
        }
        self.tls = tls
    }

    private static func server(_ cluster: KubeconfigSection) throws(KubeconfigError) -> String {
        let example = "such as https://10.0.0.1:6443"
        guard let text = try cluster.text("server") else {
            throw .missing(
                cluster.place(), field: cluster.name("server"), expected: "it must be the API server's URL, \(example)")
        }
        guard let url = ServerURL(text), ["http", "https"].contains(url.scheme) else {
            throw cluster.wrong("server", "\(text.quoted) is not an http or https URL, \(example)")
        }
        guard !url.hasUserInformation else {
            throw cluster.wrong("server", "must not contain a user: credentials belong in the users of the kubeconfig")
        }
        guard !url.hasQuery else { throw cluster.wrong("server", "\(text.quoted) must end before any \"?\" or \"#\"") }
        return url.text
    }

    private static func proxy(_ cluster: KubeconfigSection) throws(KubeconfigError) -> String? {
        guard let text = try cluster.text("proxy-url") else { return nil }
        guard let url = ServerURL(text), ["http", "https", "socks5"].contains(url.scheme), !url.hasQuery else {
            // The message leaves the URL out, which may contain a password.
            throw cluster.wrong("proxy-url", "is not an http, https or socks5 URL")
        }
        // As in client-go, the proxy looks the name up, which libcurl calls socks5h.
        return url.scheme == "socks5" ? "socks5h" + url.text.dropFirst("socks5".count) : url.text
    }
}

/// The parts of a URL with a host (RFC 3986 section 3).
struct ServerURL {
    /// The URL, without slashes at the end and with the scheme in lower case.
    let text: String
    let scheme: String
    /// Host and port, as written in the URL.
    let authority: String
    let hasUserInformation: Bool
    let hasQuery: Bool

    /// nil if `text` is not such a URL.
    init?(_ text: String) {
        guard let separator = text.firstRange(of: "://"), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return nil
        }
        scheme = text[..<separator.lowerBound].lowercased()
        var rest = text[separator.upperBound...]
        while rest.last == "/" { rest.removeLast() }
        let place = rest.prefix { !"/?#".contains($0) }
        let host = place.lastIndex(of: "@").map { place[$0...].dropFirst() } ?? place
        guard !host.isEmpty, host.first != ":", Self.hasUsablePort(host), !host.contains("\\") else { return nil }
        hasUserInformation = place.contains("@")
        hasQuery = rest.contains { "?#".contains($0) }
        authority = String(host)
        self.text = "\(scheme)://\(rest)"
    }

    /// Whether there is no port, or a number from 1 to 65535.
    private static func hasUsablePort(_ host: Substring) -> Bool {
        let behindBrackets = host.lastIndex(of: "]").map { host[$0...].dropFirst() } ?? host
        guard let colon = behindBrackets.firstIndex(of: ":") else { return true }
        let port = behindBrackets[colon...].dropFirst()
        return port.utf8.allSatisfy { (0x30...0x39).contains($0) } && (UInt16(port) ?? 0) > 0
    }
}

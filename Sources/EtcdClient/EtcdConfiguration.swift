import HTTPTransport

/// How to reach an etcd cluster.
public struct EtcdConfiguration: Sendable {
    /// `http://host:port` or `https://host:port`, one for each member.
    public var endpoints: [String]
    public var tls: TLSOptions
    /// User and password, where etcd's authentication is on and certificates do not name the user.
    public var credentials: Credentials?
    /// When no answer has come after this long, the next endpoint is asked as well.
    public var stagger: Duration = .milliseconds(150)
    /// How long one endpoint may take to answer a write before its answer counts as lost.
    public var writeAttempt: Duration = .seconds(3)
    /// How long making a connection may take before it is tried anew. Of a host with several addresses, the first has
    /// half of it, the next half of the rest, and so on.
    public var connectAttempt: Duration = .seconds(5)
    public var userAgent = "kube-ipam"

    public struct Credentials: Sendable {
        public var user: String
        public var password: String

        public init(user: String, password: String) {
            self.user = user
            self.password = password
        }
    }

    public init(endpoints: [String], tls: TLSOptions = TLSOptions(), credentials: Credentials? = nil) {
        self.endpoints = endpoints
        self.tls = tls
        self.credentials = credentials
    }
}

/// One member's client URL, with the TLS options it is used with.
struct Endpoint: Sendable {
    let url: String
    let tls: TLSOptions

    /// False when requests to it would go who knows where.
    var isUsable: Bool {
        let lowered = url.lowercased()
        return ["http://", "https://"].contains { scheme in
            lowered.hasPrefix(scheme) && lowered.utf8.count > scheme.utf8.count && !lowered.hasPrefix(scheme + "/")
        }
    }

    init(_ text: String, tls: TLSOptions) {
        var url = text[...]
        while url.hasSuffix("/"), !url.hasSuffix("://") { url.removeLast() }
        self.url = String(url)
        self.tls = tls
    }
}

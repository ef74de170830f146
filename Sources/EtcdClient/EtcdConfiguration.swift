import HTTPTransport

/// How to reach an etcd cluster.
public struct EtcdConfiguration: Hashable, Sendable {
    /// `http://host:port` or `https://host:port`, one for each member.
    public var endpoints: [String]
    /// How `https` endpoints are verified, and how the client authenticates.
    public var tls: TLSOptions
    /// The user; nil if etcd's authentication is off, or if the client certificate names the user.
    public var credentials: Credentials?
    /// How long to wait for the response to a read before asking the next endpoint, too.
    public var stagger: Duration = .milliseconds(150)
    /// How long an endpoint may take to answer a write before the response counts as lost.
    public var writeAttempt: Duration = .seconds(3)
    /// How long making a connection may take before it is tried again. If a host has several addresses, the first one gets half
    /// of it, the next one half of the rest, and so on.
    public var connectAttempt: Duration = .seconds(5)
    /// The `user-agent` of the requests.
    public var userAgent = "kube-ipam"

    /// A user of etcd.
    public struct Credentials: Hashable, Sendable {
        /// The name, as `etcdctl user list` shows it.
        public var user: String
        /// The password.
        public var password: String

        /// Takes a name and a password.
        public init(user: String, password: String) {
            self.user = user
            self.password = password
        }
    }

    /// Makes a configuration; all other properties have defaults.
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

    /// Whether it is an http or https URL with a host.
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

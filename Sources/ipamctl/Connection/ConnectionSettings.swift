import EtcdClient
import Glibc
import HTTPTransport
import IPAMKit

/// The connection as options and variables give it: an option wins over `IPAMCTL_*`, that over `ETCDCTL_*`. Where a CNI
/// file is named, `ETCDCTL_*` do not count: many a control plane has them set for its own etcd.
struct ConnectionSettings {
    let network: String?
    let config: String?
    let endpoints: String?
    let kubeconfig: String?
    /// The kubeconfig's context that counts; nil for its `current-context`.
    let context: String?
    private let cacert: String?
    private let cert: String?
    private let key: String?
    private let user: String?

    init(_ options: GlobalOptions) {
        network = options.network ?? Self.variable("IPAMCTL_NETWORK")
        let config = options.config ?? Self.variable("IPAMCTL_CONFIG")
        func value(_ option: String?, _ name: String) -> String? {
            option ?? Self.variable("IPAMCTL_" + name) ?? (config == nil ? Self.variable("ETCDCTL_" + name) : nil)
        }
        self.config = config
        endpoints = value(options.endpoints, "ENDPOINTS")
        kubeconfig = options.kubeconfig ?? Self.variable("IPAMCTL_KUBECONFIG")
        context = options.context ?? Self.variable("IPAMCTL_CONTEXT")
        cacert = value(options.cacert, "CACERT")
        cert = value(options.cert, "CERT")
        key = value(options.key, "KEY")
        user = value(options.user, "USER")
    }

    private static var password: String? { variable("IPAMCTL_PASSWORD") ?? variable("ETCDCTL_PASSWORD") }

    static func variable(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    /// These settings, and for what they leave open those of a CNI file.
    ///
    /// - Throws: ``Failure`` for endpoints that are none.
    func merged(over file: EtcdSettings?) throws(Failure) -> EtcdConfiguration {
        let trustRoots = cacert ?? file?.caFile
        let certificate = cert ?? file?.certFile
        let privateKey = key ?? file?.keyFile
        guard (certificate == nil) == (privateKey == nil) else {
            throw Failure(.usage, "a client certificate and its key go together", hint: "give both --cert and --key")
        }
        var urls = file?.endpoints ?? []
        if let endpoints {
            urls = []
            for part in EtcdSettings.list(endpoints) {
                do throws(EndpointError) {
                    urls.append(
                        try EtcdSettings.endpoint(part, defaultsToTLS: trustRoots != nil || certificate != nil))
                } catch {
                    throw Failure(.usage, "--endpoints: \(error)")
                }
            }
        }
        guard !urls.isEmpty else { throw Failure(.usage, "--endpoints names no endpoint") }
        var configuration = EtcdConfiguration(
            endpoints: urls,
            tls: TLSOptions(
                trustRoots: trustRoots.map(TLSOptions.PEM.file), certificate: certificate.map(TLSOptions.PEM.file),
                privateKey: privateKey.map(TLSOptions.PEM.file)))
        if let user {
            let parts = user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let password = parts.count == 2 ? parts[1] : Self.password else {
                throw Failure(
                    .usage, "--user: the password is missing",
                    hint: "write --user NAME:PASSWORD, or set IPAMCTL_PASSWORD")
            }
            configuration.credentials = .init(user: parts[0], password: password)
        } else if endpoints == nil, let name = file?.username {
            // The file's password is for the file's servers.
            configuration.credentials = .init(user: name, password: file?.password ?? "")
        }
        configuration.userAgent = "ipamctl/\(ProductVersion.text)"
        return configuration
    }
}

import EtcdClient
import HTTPTransport
import IPAMKit

/// The way to etcd, all of it from one source: never the endpoints of one with the certificates or the user of another.
struct EtcdAccess: Sendable {
    let configuration: EtcdConfiguration
    /// The source, such as `--endpoints`, or `network k8s in /etc/cni/net.d/10-k8s.conf`.
    let origin: String

    /// The first source that says where etcd is: options, with `IPAMCTL_*` in place of those that are not given; then the CNI
    /// file; then `ETCDCTL_*`, which many a control plane has set for its own etcd.
    ///
    /// - Parameter file: finds the network, of the CNI files, that says where etcd is; nil where none is there.
    /// - Throws: ``Failure``: no source is there, one is not valid, or settings are given without the endpoints that they
    ///   belong to.
    init(
        named: EtcdSettingsGiven, etcdctl: EtcdSettingsGiven,
        file: () throws(Failure) -> (path: String, configuration: NetworkConfiguration)?
    ) throws(Failure) {
        if let endpoints = named.endpoints {
            configuration = try named.configuration()
            origin = endpoints.name
            return
        }
        if let file = try file() {
            let place = "network \(file.configuration.name) in \(file.path)"
            try named.requireNothing(beside: file.configuration.etcd, of: place)
            configuration = EtcdConfiguration(file.configuration.etcd)
            origin = place
            return
        }
        guard let endpoints = etcdctl.endpoints else {
            throw Failure(
                .failed, "no CNI configuration in \(ConfigurationFolder.standard) uses kube-ipam",
                hint: "name etcd with --endpoints or ETCDCTL_ENDPOINTS, or a CNI file with --config")
        }
        try named.requireNothing(beside: EtcdSettings(endpoints: [endpoints.text]), of: endpoints.name)
        configuration = try etcdctl.configuration()
        origin = endpoints.name
    }
}

/// The settings of one source, as they are given: options with `IPAMCTL_*`, or `ETCDCTL_*`.
struct EtcdSettingsGiven {
    struct Setting {
        let text: String
        /// `--cert`, or `IPAMCTL_CERT`.
        let name: String
    }

    let endpoints: Setting?
    private let cacert: Setting?
    private let cert: Setting?
    private let key: Setting?
    private let user: Setting?
    private let password: String?
    /// Which one to give, in hints.
    private let passwordVariable: String

    /// - Parameters:
    ///   - prefix: that of the variables, such as `IPAMCTL_`.
    ///   - options: what is given on the command line, which wins; nil for variables alone.
    init(prefix: String, options: GlobalOptions? = nil) {
        func setting(_ option: String?, _ name: String) -> Setting? {
            if let option { return Setting(text: option, name: "--" + name) }
            let variable = prefix + name.uppercased()
            return ConnectionSettings.variable(variable).map { Setting(text: $0, name: variable) }
        }
        endpoints = setting(options?.endpoints, "endpoints")
        cacert = setting(options?.cacert, "cacert")
        cert = setting(options?.cert, "cert")
        key = setting(options?.key, "key")
        user = setting(options?.user, "user")
        passwordVariable = prefix + "PASSWORD"
        password = ConnectionSettings.variable(passwordVariable)
    }

    /// Checks that nothing is given without endpoints while another source says where etcd is.
    ///
    /// - Throws: ``Failure`` with what to add, so that all settings are of one source.
    fileprivate func requireNothing(beside other: EtcdSettings, of place: String) throws(Failure) {
        let given = [cacert, cert, key, user].compactMap(\.self).map(\.name)
        guard !given.isEmpty else { return }
        var rest = ["--endpoints " + other.endpoints.joined(separator: ",")]
        if cacert == nil, let file = other.caFile { rest.append("--cacert " + file) }
        if cert == nil, key == nil, let certificate = other.certFile, let key = other.keyFile {
            rest.append("--cert \(certificate) --key \(key)")
        }
        throw Failure(
            .usage,
            "\(given.joined(separator: " and ")) without --endpoints: \(place) says where etcd is, and its settings are not "
                + "mixed with others", hint: "for that etcd add \(rest.joined(separator: " "))")
    }

    /// - Throws: ``Failure`` for endpoints that are none, half of a certificate, or a user without a password.
    fileprivate func configuration() throws(Failure) -> EtcdConfiguration {
        if cert == nil || key == nil, let half = cert ?? key {
            throw Failure(
                .usage, "\(half.name): a client certificate and its key go together", hint: "give both --cert and --key"
            )
        }
        let name = endpoints?.name ?? "--endpoints"
        var urls: [String] = []
        for part in EtcdSettings.list(endpoints?.text ?? "") {
            do throws(EndpointError) {
                urls.append(
                    try EtcdSettings.endpoint(part, defaultsToTLS: cacert != nil || cert != nil))
            } catch {
                throw Failure(.usage, "\(name): \(error)")
            }
        }
        guard !urls.isEmpty else { throw Failure(.usage, "\(name) names no endpoint") }
        var settings = EtcdSettings(
            endpoints: urls, certFile: cert?.text, keyFile: key?.text, caFile: cacert?.text)
        if let user {
            let parts = user.text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let password = parts.count == 2 ? parts[1] : password else {
                throw Failure(
                    .usage, "\(user.name): the password is missing",
                    hint: "write --user NAME:PASSWORD, or set \(passwordVariable)")
            }
            settings.username = parts[0]
            settings.password = password
        }
        return EtcdConfiguration(settings)
    }
}

extension EtcdConfiguration {
    fileprivate init(_ settings: EtcdSettings) {
        self.init(
            endpoints: settings.endpoints,
            tls: TLSOptions(caFile: settings.caFile, certFile: settings.certFile, keyFile: settings.keyFile))
        if let name = settings.username { credentials = .init(user: name, password: settings.password ?? "") }
        userAgent = "ipamctl/\(ProductVersion.text)"
    }
}

import EtcdClient
import HTTPTransport
import IPAMKit

/// How to reach etcd. All settings come from one source: the endpoints of one source are never combined with the
/// certificates or the user of another.
struct EtcdAccess: Sendable {
    let configuration: EtcdConfiguration
    /// The source, such as `--endpoints`, or `network k8s in /etc/cni/net.d/10-k8s.conf`.
    let origin: String

    /// The variable that gives etcd's endpoints to etcdctl.
    static let etcdctlEndpoints = "ETCDCTL_ENDPOINTS"

    /// Uses the first source that has endpoints: the options, with `IPAMCTL_*` for those that are not given; the CNI file;
    /// `ETCDCTL_*`, which are last because many control planes set them for their own etcd.
    ///
    /// - Parameter file: finds the network of the CNI files that has the endpoints; nil if there is none.
    /// - Throws: ``Failure`` if there is no source, if a source is not valid, or if settings are given without the endpoints
    ///   that they belong to.
    init(
        _ options: GlobalOptions, file: () throws(Failure) -> ConfigurationFiles.Network?
    ) throws(Failure) {
        let given = try EtcdSettingsGiven(prefix: "IPAMCTL_", options)
        if let endpoints = given.endpoints {
            configuration = try given.configuration(endpoints)
            origin = endpoints.name
            return
        }
        if let file = try file() {
            try given.requireNothing(beside: file.configuration.etcd, of: file.place)
            configuration = EtcdConfiguration(file.configuration.etcd)
            origin = file.place
            return
        }
        let etcdctl = try EtcdSettingsGiven(prefix: "ETCDCTL_", nil)
        guard let endpoints = etcdctl.endpoints else {
            throw Failure(
                .failed, "no CNI configuration in \(ConfigurationFolder.standard) uses kube-ipam",
                hint: "name etcd with --endpoints or IPAMCTL_ENDPOINTS, or a CNI file with --config")
        }
        try given.requireNothing(
            beside: EtcdSettings(endpoints: endpoints.value.urls(defaultsToTLS: false)), of: endpoints.name)
        configuration = try etcdctl.configuration(endpoints)
        origin = endpoints.name
    }
}

/// The settings that one source gives: options with `IPAMCTL_*`, or `ETCDCTL_*`.
private struct EtcdSettingsGiven {
    struct Setting<Value> {
        let value: Value
        /// `--cert`, or `IPAMCTL_CERT`.
        let name: String
    }

    let endpoints: Setting<EtcdEndpoints>?
    private let cacert: Setting<String>?
    private let cert: Setting<String>?
    private let key: Setting<String>?
    private let user: Setting<EtcdUser>?
    private let password: String?
    /// The variable that hints name.
    private let passwordVariable: String

    /// - Parameters:
    ///   - prefix: that of the variables, such as `IPAMCTL_`.
    ///   - options: the command line, which overrides the variables; nil for variables alone.
    /// - Throws: ``Failure`` for a variable that is not valid.
    init(prefix: String, _ options: GlobalOptions?) throws(Failure) {
        func setting<Value>(_ option: Value?, _ name: String, _ read: (String) throws -> Value)
            throws(Failure) -> Setting<Value>?
        {
            if let option { return Setting(value: option, name: "--" + name) }
            let variable = prefix + name.uppercased()
            return try Variable.value(variable, read).map { Setting(value: $0, name: variable) }
        }
        endpoints = try setting(options?.endpoints, "endpoints", EtcdEndpoints.init(argument:))
        cacert = try setting(options?.cacert, "cacert") { $0 }
        cert = try setting(options?.cert, "cert") { $0 }
        key = try setting(options?.key, "key") { $0 }
        user = try setting(options?.user, "user", EtcdUser.init(argument:))
        passwordVariable = prefix + "PASSWORD"
        password = Variable.text(passwordVariable)
    }

    /// Checks that no setting is given without endpoints while another source has the endpoints.
    ///
    /// - Throws: ``Failure`` with the options to add, so that all settings come from one source.
    func requireNothing(beside other: EtcdSettings, of place: String) throws(Failure) {
        let given = [cacert?.name, cert?.name, key?.name, user?.name].compactMap(\.self)
        guard !given.isEmpty else { return }
        var rest = ["--endpoints " + other.endpoints.joined(separator: ",")]
        if cacert == nil, let file = other.caFile { rest.append("--cacert " + file) }
        if cert == nil, key == nil, let certificate = other.certFile, let key = other.keyFile {
            rest.append("--cert \(certificate) --key \(key)")
        }
        throw Failure(
            .usage,
            "\(given.joined(separator: " and ")) without --endpoints: the endpoints come from \(place), and settings of "
                + "different sources are not combined", hint: "for that etcd add \(rest.joined(separator: " "))")
    }

    /// - Throws: ``Failure`` for a certificate without its key or the reverse, and for a user without a password.
    func configuration(_ endpoints: Setting<EtcdEndpoints>) throws(Failure) -> EtcdConfiguration {
        if cert == nil || key == nil, let half = cert ?? key {
            throw Failure(
                .usage, "\(half.name): a client certificate and its key go together", hint: "give both --cert and --key"
            )
        }
        var settings = EtcdSettings(
            endpoints: endpoints.value.urls(defaultsToTLS: cacert != nil || cert != nil), certFile: cert?.value,
            keyFile: key?.value, caFile: cacert?.value)
        if let user {
            guard let password = user.value.password ?? password else {
                throw Failure(
                    .usage, "\(user.name): the password is missing",
                    hint: "write --user NAME:PASSWORD, or set \(passwordVariable)")
            }
            settings.username = user.value.name
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

import Glibc

/// The connection as options and variables give it: an option wins over its variable.
struct ConnectionSettings {
    let network: String?
    let config: String?
    /// The options, with `IPAMCTL_*` in place of those that are not given.
    let etcd: EtcdSettingsGiven
    let etcdctl: EtcdSettingsGiven

    init(_ options: GlobalOptions) {
        network = options.network ?? Self.variable("IPAMCTL_NETWORK")
        config = options.config ?? Self.variable("IPAMCTL_CONFIG")
        etcd = EtcdSettingsGiven(prefix: "IPAMCTL_", options: options)
        etcdctl = EtcdSettingsGiven(prefix: "ETCDCTL_")
    }

    /// Nil also for a variable that is empty.
    static func variable(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}

import EtcdClient
import HTTPTransport
import IPAMKit

extension EtcdConfiguration {
    /// The connection that a CNI configuration's `etcdConfig` describes.
    init(_ settings: EtcdSettings) {
        self.init(
            endpoints: settings.endpoints,
            tls: TLSOptions(caFile: settings.caFile, certFile: settings.certFile, keyFile: settings.keyFile))
        if let user = settings.username {
            credentials = Credentials(user: user, password: settings.password ?? "")
        }
        userAgent = "kube-ipam/\(ProductVersion.text)"
    }
}

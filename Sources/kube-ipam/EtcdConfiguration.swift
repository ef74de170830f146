import EtcdClient
import HTTPTransport
import IPAMKit

extension EtcdConfiguration {
    /// The connection that a CNI configuration's `etcdConfig` describes.
    init(_ settings: EtcdSettings) {
        self.init(
            endpoints: settings.endpoints,
            tls: TLSOptions(
                trustRoots: settings.caFile.map(TLSOptions.PEM.file),
                certificate: settings.certFile.map(TLSOptions.PEM.file),
                privateKey: settings.keyFile.map(TLSOptions.PEM.file)))
        if let user = settings.username {
            credentials = Credentials(user: user, password: settings.password ?? "")
        }
        userAgent = "kube-ipam/\(ProductVersion.text)"
    }
}

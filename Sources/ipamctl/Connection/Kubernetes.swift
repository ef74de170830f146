import Glibc
import HTTPTransport
import IPAMKit
import KubernetesClient
import KubernetesPods

/// The Kubernetes cluster that a network's pods are of.
struct Kubernetes: Sendable {
    let pods: any PodSource
    /// By which the cluster is recorded with its pods; nil where it has no name.
    let cluster: String?

    /// - Throws: ``Failure`` where no kubeconfig is named, or it cannot be used.
    init(of network: NetworkName, _ connection: Connection) throws(Failure) {
        let configuration = connection.configured[network]
        let fallback = NetworkConfiguration.defaultKubeConfig
        let path =
            connection.namedKubeconfig ?? configuration?.kubeConfig ?? ConnectionSettings.variable("KUBECONFIG")
            ?? (access(fallback, R_OK) == 0 ? fallback : nil)
        guard let path else {
            throw Failure(
                .usage, "no kubeconfig says where the pods of network \(network) are",
                hint: "name one with --kubeconfig, or judge this node alone with --node-local")
        }
        do {
            let kubeconfig = try Kubeconfig(contentsOf: path)
            pods = KubernetesPodSource(
                client: KubernetesClient(
                    kubeconfig, userAgent: "ipamctl/\(ProductVersion.text)", loop: .current))
            if configuration?.cluster != nil, let own = configuration?.kubeConfig, own != path,
                let nodes = try? Kubeconfig(contentsOf: own), nodes.clusterFingerprint != kubeconfig.clusterFingerprint
            {
                throw Failure(
                    .usage, "\(path) is of another cluster than \(own), which the CNI file of network \(network) names",
                    hint: "name a kubeconfig of the cluster whose pods are on the network")
            }
            cluster = configuration?.cluster ?? kubeconfig.clusterFingerprint
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(.failed, "\(error)")
        }
    }
}

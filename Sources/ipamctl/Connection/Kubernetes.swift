import Glibc
import HTTPTransport
import IPAMKit
import KubernetesClient
import KubernetesPods

/// The Kubernetes cluster that a network's pods are of.
struct Kubernetes: Sendable {
    let pods: any PodSource
    /// By which the cluster is recorded with its pods: `ipam.cluster`, else the UID of its namespace `kube-system`; nil
    /// where Kubernetes does not tell.
    let cluster: String?

    /// What it is needed for.
    enum Purpose {
        case audit, adoption

        /// What to do without a kubeconfig.
        fileprivate var hint: String {
            switch self {
            case .audit: "name one with --kubeconfig, or judge this node alone with --node-local"
            case .adoption: "name one with --kubeconfig"
            }
        }

        /// What cannot be done where Kubernetes does not tell which cluster it is.
        fileprivate var loss: String {
            switch self {
            case .audit: "its holders cannot be told from another's"
            case .adoption: "whether the recorded pods are gone cannot be told later"
            }
        }
    }

    /// Finds the kubeconfig, and asks Kubernetes which cluster it is of.
    ///
    /// - Throws: ``Failure`` where no kubeconfig is named, it cannot be used, or it is of another cluster than the one that
    ///   the network's CNI file names; `IPAMError.lookupFailed` where Kubernetes cannot be asked.
    init(of network: NetworkName, _ connection: Connection, for purpose: Purpose) async throws {
        let configuration = connection.configured[network]
        let fallback = NetworkConfiguration.defaultKubeConfig
        let path =
            connection.namedKubeconfig ?? configuration?.kubeConfig ?? ConnectionSettings.variable("KUBECONFIG")
            ?? (access(fallback, R_OK) == 0 ? fallback : nil)
        guard let path else {
            throw Failure(
                .usage, "no kubeconfig says where the pods of network \(network) are",
                hint: purpose.hint)
        }
        let source = try Self.source(path, context: connection.kubeconfigContext)
        let timeout = connection.timeout
        var identity = configuration?.cluster.map(ClusterIdentity.known)
        if let own = configuration?.kubeConfig, own != path, access(own, F_OK) == 0 {
            let found = try await Self.identity(source, timeout)
            try await Self.requireSame(found, path, as: own, of: network, timeout)
            identity = identity ?? found
        }
        if identity == nil { identity = try await Self.identity(source, timeout) }
        switch identity {
        case .known(let name)?: cluster = name
        case nil: cluster = nil
        case .withheld(let reason)?:
            cluster = nil
            Terminal.note(
                "warning: nothing tells this cluster from another (\(reason); or set ipam.cluster): \(purpose.loss)")
        }
        pods = source
    }

    private static func source(_ path: String, context: String? = nil) throws(Failure) -> KubernetesPodSource {
        do throws(KubeconfigError) {
            let kubeconfig =
                path == ConnectionSettings.variable("KUBECONFIG")
                ? try Kubeconfig(list: path, context: context) : try Kubeconfig(contentsOf: path, context: context)
            return KubernetesPodSource(
                client: KubernetesClient(
                    kubeconfig, userAgent: "ipamctl/\(ProductVersion.text)", loop: .current))
        } catch {
            throw Failure(.failed, "\(error)")
        }
    }

    private static func identity(_ source: KubernetesPodSource, _ timeout: Duration)
        async throws(IPAMError) -> ClusterIdentity
    {
        do throws(PodSourceError) {
            return try await source.cluster(deadline: .now + timeout)
        } catch {
            throw .lookupFailed(error)
        }
    }

    /// Checks that the kubeconfig that somebody named is of the cluster that the nodes are of.
    ///
    /// - Parameters:
    ///   - identity: the cluster of the kubeconfig at `path`.
    ///   - own: the kubeconfig that the CNI file names.
    private static func requireSame(
        _ identity: ClusterIdentity, _ path: String, as own: String, of network: NetworkName, _ timeout: Duration
    ) async throws(Failure) {
        let problem: String
        do {
            switch (identity, try await source(own).cluster(deadline: .now + timeout)) {
            case (.known(let here), .known(let nodes)):
                guard here != nodes else { return }
                throw Failure(
                    .usage,
                    "\(path) is of another cluster (\(here)) than \(own) (\(nodes)), which the CNI file of network "
                        + "\(network) names", hint: "name a kubeconfig of the cluster whose pods are on the network")
            case (.withheld(let reason), .known):
                throw Failure(
                    .usage, "cannot tell whether \(path) is of the same cluster as \(own): \(reason)",
                    hint: "grant it that rule, or leave --kubeconfig out")
            case (_, .withheld(let reason)): problem = reason
            }
        } catch let failure as Failure where failure.status == .usage {
            throw failure
        } catch let failure as Failure {
            problem = failure.message
        } catch {
            problem = "\(error)"
        }
        Terminal.note("warning: cannot tell whether \(path) is of the same cluster as \(own): \(problem)")
    }
}

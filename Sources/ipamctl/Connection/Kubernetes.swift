import HTTPTransport
import IPAMKit
import KubernetesClient
import KubernetesPods
import Machine

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
            case .audit: "name one with --kubeconfig or KUBECONFIG, or judge this node alone with --node-local"
            case .adoption: "name one with --kubeconfig or KUBECONFIG"
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
        guard let origin = KubeconfigSource.first(connection.options, configuration) else {
            throw Failure(
                .usage, "no kubeconfig says where the pods of network \(network) are",
                hint: purpose.hint)
        }
        let kubeconfig = try origin.read(context: KubeconfigSource.context(connection.options))
        if connection.options.verbose {
            Terminal.note("kubernetes: \(kubeconfig.server) (\(origin.origin)) for network \(network)")
        }
        let source = Self.source(kubeconfig)
        let timeout = connection.timeout
        var identity = configuration?.cluster.map(ClusterIdentity.known)
        // One file may have the contexts of several clusters; the nodes go by its current one.
        let isAnother = KubeconfigSource.context(connection.options) != nil
        if configuration != nil, let own = KubeconfigSource.nodesPath(configuration),
            isAnother || own != origin.name, FileReader.exists(own)
        {
            let found = try await Self.identity(source, timeout)
            try await Self.requireSame(
                found, kubeconfig, origin.name, as: own, of: network, isNamed: configuration?.cluster != nil, timeout)
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

    private static func source(_ kubeconfig: Kubeconfig) -> KubernetesPodSource {
        KubernetesPodSource(
            client: KubernetesClient(kubeconfig, userAgent: "ipamctl/\(ProductVersion.text)", loop: .current))
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
    ///   - isNamed: whether the CNI file names the cluster: then the pods of any cluster would be judged by that name.
    private static func requireSame(
        _ identity: ClusterIdentity, _ kubeconfig: Kubeconfig, _ path: String, as own: String,
        of network: NetworkName, isNamed: Bool, _ timeout: Duration
    ) async throws(Failure) {
        let problem: String
        do {
            let nodes = try KubeconfigSource.nodes(path: own).read()
            switch (identity, try await source(nodes).cluster(deadline: .now + timeout)) {
            case (_, .withheld(let reason)) where isNamed && !kubeconfig.mayLeadToTheSameCluster(as: nodes):
                throw Failure(
                    .usage,
                    "cannot tell whether \(path) is of the same cluster as \(own), and they name different servers and "
                        + "certification authorities: \(reason)",
                    hint:
                        "grant the nodes' account that rule (docs/examples/rbac.yaml), or name another with --kubeconfig"
                )
            case (.known(let here), .known(let nodes)):
                guard here != nodes else { return }
                throw Failure(
                    .usage,
                    "\(path) is of another cluster (\(here)) than \(own) (\(nodes)), which the nodes of network "
                        + "\(network) go by",
                    hint: "name a kubeconfig of the cluster whose pods are on the network with --kubeconfig")
            case (.withheld(let reason), .known):
                throw Failure(
                    .usage, "cannot tell whether \(path) is of the same cluster as \(own): \(reason)",
                    hint: "grant it that rule, or name another with --kubeconfig")
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

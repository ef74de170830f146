import HTTPTransport
import IPAMKit
import KubernetesClient
import KubernetesPods
import Machine

/// The Kubernetes cluster of a network's pods.
struct Kubernetes: Sendable {
    let pods: any PodSource
    /// The identity of the cluster that is recorded with its pods: `ipam.cluster`, else the UID of its namespace
    /// `kube-system`; nil if that cannot be read.
    let cluster: String?

    /// What the pods are needed for.
    enum Purpose {
        case audit, adoption

        /// The next step if there is no kubeconfig.
        fileprivate var hint: String {
            switch self {
            case .audit:
                "name one with --kubeconfig, IPAMCTL_KUBECONFIG or KUBECONFIG, or check only this node with --node-local"
            case .adoption: "name one with --kubeconfig, IPAMCTL_KUBECONFIG or KUBECONFIG"
            }
        }

        /// The consequence if the cluster cannot be identified.
        fileprivate var loss: String {
            switch self {
            case .audit: "its pods cannot be distinguished from those of other clusters"
            case .adoption: "it will not be possible to find out whether the recorded pods are gone"
            }
        }
    }

    /// Finds the kubeconfig, and asks Kubernetes for the identity of the cluster.
    ///
    /// - Throws: ``Failure`` if there is no kubeconfig, or if it cannot be used or belongs to another cluster than the one
    ///   that the network's CNI file names; `IPAMError.lookupFailed` if Kubernetes cannot be asked.
    init(of network: NetworkName, _ connection: Connection, for purpose: Purpose) async throws {
        let configuration = connection.configured[network]
        guard let origin = KubeconfigSource.first(connection.options, configuration) else {
            throw Failure(
                .usage, "there is no kubeconfig for reading the pods of network \(network)",
                hint: purpose.hint)
        }
        let kubeconfig = try origin.read(context: KubeconfigSource.context(connection.options))
        if connection.options.verbose {
            Terminal.note("kubernetes: \(kubeconfig.server) (\(origin.origin)) for network \(network)")
        }
        let source = Self.source(kubeconfig)
        let timeout = connection.timeout
        var identity = configuration?.cluster.map(ClusterIdentity.known)
        // One file may have the contexts of several clusters; the nodes use its current one.
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
        cluster = if case .known(let name)? = identity { name } else { nil }
        if case .withheld(let reason)? = identity {
            Terminal.note(
                "warning: cannot identify this cluster (\(reason); or set ipam.cluster): \(purpose.loss)")
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

    /// Checks that the kubeconfig that was named belongs to the cluster of the nodes.
    ///
    /// - Parameters:
    ///   - identity: the cluster of the kubeconfig at `path`.
    ///   - own: the kubeconfig that the CNI file names.
    ///   - isNamed: whether the CNI file names the cluster: then the pods of any cluster would be taken for pods of that one.
    private static func requireSame(
        _ identity: ClusterIdentity, _ kubeconfig: Kubeconfig, _ path: String, as own: String,
        of network: NetworkName, isNamed: Bool, _ timeout: Duration
    ) async throws(Failure) {
        let nodes: Kubeconfig
        let theirs: ClusterIdentity
        do {
            nodes = try KubeconfigSource.nodes(path: own).read()
            theirs = try await source(nodes).cluster(deadline: .now + timeout)
        } catch {
            return warn(Failure(any: error).message)
        }
        func warn(_ problem: String) {
            Terminal.note("warning: cannot tell whether \(path) and \(own) belong to the same cluster: \(problem)")
        }
        switch (identity, theirs) {
        case (_, .withheld(let reason)) where isNamed && !kubeconfig.mayLeadToTheSameCluster(as: nodes):
            throw Failure(
                .usage,
                "cannot tell whether \(path) and \(own) belong to the same cluster; they name different servers and "
                    + "certification authorities: \(reason)",
                hint: "grant the nodes' account that rule (docs/examples/rbac.yaml), or name another kubeconfig with "
                    + "--kubeconfig")
        case (.known(let here), .known(let there)):
            guard here != there else { return }
            throw Failure(
                .usage,
                "\(path) belongs to another cluster (\(here)) than \(own) (\(there)), which the nodes of network "
                    + "\(network) use",
                hint: "use --kubeconfig to name a kubeconfig of the cluster whose pods are on the network")
        case (.withheld(let reason), .known):
            throw Failure(
                .usage, "cannot tell whether \(path) and \(own) belong to the same cluster: \(reason)",
                hint: "grant that rule, or name another kubeconfig with --kubeconfig")
        case (_, .withheld(let reason)): warn(reason)
        }
    }
}

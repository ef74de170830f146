import EtcdClient
import HTTPTransport
import IPAMKit
import KubernetesPods
import Machine

/// Carries out all checks. The groups run side by side, so that one dead server does not delay the others.
struct DoctorRun: Sendable {
    let options: GlobalOptions
    /// For the checks of a node; nil leaves them out.
    let node: NodeProbe.Folders?
    private let limit: Duration
    private let files: CNIFiles
    private let requested: NetworkName?
    private let access: Result<EtcdAccess, Failure>

    /// The longest time that one request may take, in seconds, whatever `--timeout` says.
    private static let longestRequest = 5.0

    /// - Throws: ``Failure`` for a variable that is not valid.
    init(_ given: GlobalOptions, node: NodeProbe.Folders?) throws(Failure) {
        let options = Session.current?.completed(given) ?? given
        self.options = options
        self.node = node
        limit = .seconds(min(Double((options.timeout ?? .standard).seconds), Self.longestRequest))
        files = CNIFiles(options, within: limit)
        let ofVariable = try Variable.value("IPAMCTL_NETWORK", NetworkName.init)
        requested = options.network ?? ofVariable
        access = Self.access(options, files, requested)
    }

    /// How the other commands would find etcd.
    private static func access(_ options: GlobalOptions, _ files: CNIFiles, _ requested: NetworkName?)
        -> Result<EtcdAccess, Failure>
    {
        do throws(Failure) {
            return .success(
                try EtcdAccess(options) { () throws(Failure) in
                    try Connection.source(try files.usable(), requested)
                })
        } catch {
            return .failure(error)
        }
    }

    /// The results, grouped, in the same order every time.
    func checks() async -> [Check] {
        async let endpoints = endpointChecks()
        async let store = storeChecks()
        async let kubernetes = kubernetesChecks()
        return await [accessCheck()] + endpoints + store + files.checks(isNode: node != nil) + kubernetes
    }

    // MARK: etcd

    private func accessCheck() -> Check {
        switch access {
        case .success(let access):
            let count = access.configuration.endpoints.count.counted("endpoint")
            let user = access.configuration.credentials.map { ", user \($0.user)" } ?? ""
            return .ok(.etcdAccess, "etcd", "\(count) from \(access.origin)\(user)")
        case .failure(let failure):
            return .failed(
                .etcdAccess, "etcd", failure.message, next: failure.hint ?? "name etcd with --endpoints")
        }
    }

    private func endpointChecks() async -> [Check] {
        guard case .success(let access) = access else { return [] }
        let configuration = access.configuration
        let reports = await withTaskGroup(of: (Int, EndpointProbe.Report).self) { group in
            for (index, url) in configuration.endpoints.enumerated() {
                let probe = EndpointProbe(url: url, configuration: configuration, limit: limit)
                group.addTask { (index, await probe.report()) }
            }
            var found: [(Int, EndpointProbe.Report)] = []
            for await report in group { found.append(report) }
            return found.sorted { $0.0 < $1.0 }.map(\.1)
        }
        let now = Timestamp(seconds: Host.now())
        let hasUsers = configuration.credentials != nil || configuration.tls.certificate != nil
        let members = reports.compactMap { report in
            (try? report.status.get()).map { (url: report.url, status: $0) }
        }
        let isSecure = configuration.endpoints.contains { $0.lowercased().hasPrefix("https:") }
        return reports.flatMap { $0.checks(hasUsers: hasUsers, at: now) }
            + (isSecure ? CertificateFiles.checks(configuration.tls, of: "etcd", at: now) : [])
            + [.cluster(members, of: reports.count), .alarms(members.map(\.status))]
    }

    private func storeChecks() async -> [Check] {
        guard case .success(let access) = access else {
            return [CheckCode.etcdRead, .etcdRights, .configDrift, .networkOverlap].map {
                .skipped($0, "etcd", "it is not known where etcd is")
            }
        }
        let probe = StoreProbe(access.configuration, limit, configured: files.networks, requested: requested)
        return await probe.checks()
    }

    // MARK: Kubernetes and the node

    private func kubernetesChecks() async -> [Check] {
        let networks = files.networks.values.sorted { $0.name.text < $1.name.text }
        let network = networks.first { $0.name == requested } ?? networks.first
        var own = KubeconfigSource.first(options, network)
        // Without a kubeconfig of their own, the commands use the nodes', which need not have the rights of a person.
        if case .nodes = own { own = nil }
        async let ownReport = report(own, .person)
        async let nodesReport = report(KubeconfigSource.nodesPath(network).map(KubeconfigSource.nodes), .nodes)
        let (mine, theirs) = await (ownReport, nodesReport)
        var checks = mine?.checks ?? []
        if mine == nil, node == nil || theirs == nil {
            checks.append(.noKubeconfig(hasNodes: theirs != nil))
        }
        // The rights of the nodes' user matter on the nodes; elsewhere only its cluster is compared.
        if let theirs, node != nil || mine == nil { checks += theirs.checks }
        checks.append(.identity(mine?.identity, nodes: theirs?.identity, named: network?.cluster))
        if let node {
            let probe = NodeProbe(folders: node, files: files, limit: limit)
            checks += await probe.checks(theirs?.source)
        }
        return checks
    }

    private func report(_ origin: KubeconfigSource?, _ role: KubernetesProbe.Role) async -> KubernetesProbe.Report? {
        guard let origin else { return nil }
        var context = KubeconfigSource.context(options)
        if case .nodes(let path) = origin {
            // On another machine than a node, the file of the nodes need not exist.
            if node == nil, !FileReader.exists(path) { return nil }
            context = nil
        }
        return await KubernetesProbe(origin: origin, context: context, role: role, limit: limit).report()
    }
}

import EtcdClient
import EtcdStore
import HTTPTransport
import IPAMKit
import KubernetesClient
import KubernetesPods
import Machine
import Store

/// A call with its configuration; it carries out each of the commands.
struct PluginCall: Sendable {
    let configuration: NetworkConfiguration
    let environment: PluginEnvironment
    let log: Log
    /// The connection to Kubernetes; nil if there is no kubeconfig, and for commands and containers that do not need it.
    let kubeconfig: Kubeconfig?
    /// The error of a kubeconfig that cannot be used.
    let kubernetesProblem: PodSourceError?
    /// The loop for all transfers; it also runs this call.
    let loop: TransferLoop
    let started: ContinuousClock.Instant

    func perform(_ command: CNICommand) async throws -> JSONValue? {
        switch command {
        case .add: try await add()
        case .del: try await delete()
        case .check: try await check()
        case .gc: try await collectGarbage()
        case .status: try await status()
        case .version: nil
        }
    }

    private var deadline: ContinuousClock.Instant {
        started + .milliseconds(Int64(configuration.timeoutSeconds * 1000))
    }

    private var now: Timestamp { Timestamp(seconds: Host.now()) }

    /// The present state of this machine.
    private var node: NodeView {
        NodeView(Host.identity, named: configuration.nodeName, namespace: Host.namespace)
    }

    private var pool: AddressPool {
        let store = EtcdStore(
            client: EtcdClient(EtcdConfiguration(configuration.etcd), loop: loop))
        return AddressPool(
            store: store, network: configuration.name, deadline: deadline, historyDepth: configuration.historyDepth)
    }

    private func add() async throws -> JSONValue {
        let attachment = try environment.attachment()
        let netns = try environment.namespacePath()
        // Files are read before an address is allocated, so that their errors leave nothing behind.
        let dns = try readResolvConf()
        let node = node
        let identity = node.identity
        let pods = kubeconfig.map(pods)
        let cluster =
            configuration.cluster == nil ? kubeconfig.flatMap { file in pods.map { NodeCluster(file, $0) } } : nil
        let holder = Holder(
            pod: environment.pod, container: environment.container, uid: environment.podUID, node: identity.name,
            boot: identity.boot, machine: identity.machine, netns: netns,
            cluster: configuration.cluster ?? cluster?.remembered(at: now))
        let request = AddRequest(
            attachment: attachment, holder: holder, rangeSets: configuration.rangeSets,
            runtimeRangeSets: configuration.runtimeRangeSets, requested: configuration.requestedAddresses,
            annotations: configuration.annotationSource(of: environment.pod), kubernetesProblem: kubernetesProblem,
            autoLimit: configuration.autoLimit,
            waitForRelease: .milliseconds(Int64(configuration.waitForReleaseSeconds * 1000)), now: now)
        let observer = Observer(node: node, pods: pods, identify: cluster?.identify, now: { now })
        let added = try await pool.add(request, observer: observer)
        let result = CNIResult(added.assignments, routes: configuration.routes, dns: dns)
        for takeover in added.takeovers { report(takeover) }
        if let change = added.rangesChange {
            log.write(
                .warning, "changed the network's ranges",
                [
                    "network": configuration.name.text, "from": change.from ?? "", "to": change.to ?? "",
                    "by": change.by ?? "",
                ])
        }
        if let problem = added.clusterProblem {
            log.write(
                .warning, "recorded the attachment without its cluster",
                [
                    "network": configuration.name.text, "container": attachment.containerID.text,
                    "pod": environment.pod?.description ?? "", "error": problem,
                ])
        }
        if let problem = added.annotationProblem {
            log.write(
                .warning, "ignored an annotation",
                [
                    "network": configuration.name.text, "container": attachment.containerID.text,
                    "ifname": attachment.ifname.text, "pod": environment.podName, "problem": problem,
                ])
        }
        report("ADD", attachment, addresses: added.assignments.map(\.address), waited: added.waited)
        return try result.json(for: configuration.cniVersion)
    }

    private func delete() async throws -> JSONValue? {
        let attachment = try environment.attachment()
        let freed = try await pool.delete(attachment, previous: previousAddresses, ending: ending(.deleted))
        report("DEL", attachment, addresses: freed)
        return nil
    }

    private func check() async throws -> JSONValue? {
        let attachment = try environment.attachment()
        _ = try environment.namespacePath()
        guard configuration.prevResult != nil else {
            throw CNIErrorReport(
                .invalidNetworkConfig,
                "CHECK needs prevResult, the result of the ADD; it is missing from the configuration")
        }
        try await pool.check(
            attachment, previous: previousAddresses, rangeSets: configuration.allRangeSets)
        log.write(.debug, "CHECK", ["container": attachment.containerID.text, "ifname": attachment.ifname.text])
        return nil
    }

    private func collectGarbage() async throws -> JSONValue? {
        let freed = try await pool.collectGarbage(
            keeping: configuration.validAttachments, on: node, ending: ending(.collected))
        for (attachment, addresses) in freed { report("GC", attachment, addresses: addresses) }
        return nil
    }

    /// The configuration has already been checked. STATUS does not fail if the pool is full, because the runtime would then
    /// report the whole node as not ready.
    private func status() async throws -> JSONValue? {
        guard configuration.statusMode == .strict else { return nil }
        do throws(IPAMError) {
            _ = try await NetworkDirectory.has(configuration.name, in: pool.store, deadline: pool.deadline)
        } catch {
            throw CNIErrorReport(
                .pluginNotAvailable, error.description)
        }
        return nil
    }

    /// The operation for the history: this node ends a tenancy.
    private func ending(_ event: HistoryEntry.Event) -> Ending {
        Ending(event, at: now, by: "kube-ipam on \(node.identity.name)")
    }

    private var previousAddresses: [IPAddress] {
        configuration.prevResult.map(CNIResult.addresses(inPrevResult:)) ?? []
    }

    private func pods(_ kubeconfig: Kubeconfig) -> KubernetesPodSource {
        KubernetesPodSource(
            client: KubernetesClient(kubeconfig, userAgent: "kube-ipam/\(ProductVersion.text)", loop: loop))
    }

    private func readResolvConf() throws(CNIErrorReport) -> DNSConfiguration {
        guard let path = configuration.resolvConf else { return DNSConfiguration() }
        do {
            return DNSConfiguration(resolvConf: try FileReader.text(of: path))
        } catch {
            throw CNIErrorReport(
                .invalidNetworkConfig, "ipam.resolvConf: \(error)")
        }
    }

    private func report(_ takeover: TakeoverReport) {
        let kind: String
        switch takeover.evidence {
        case .proven: kind = "proven"
        case .asserted: kind = "asserted"
        case .confirmed: kind = "confirmed"
        }
        log.write(
            .warning, "took over",
            [
                "network": configuration.name.text, "address": takeover.address.description,
                "from": takeover.formerHolder, "pod": environment.podName, "evidence": kind,
                "because": takeover.evidence.description,
            ])
    }

    private func report(
        _ what: String, _ attachment: AttachmentReference, addresses: [IPAddress], waited: Duration = .zero
    ) {
        var list = ""
        for address in addresses { list += (list.isEmpty ? "" : ",") + address.description }
        let fields: KeyValuePairs<String, String> = [
            "network": configuration.name.text, "container": attachment.containerID.text,
            "ifname": attachment.ifname.text, "pod": environment.podName,
            "addresses": list, "waited_ms": waited > .zero ? String(waited.wholeMilliseconds) : "",
            "file": configuration.nodeFile ?? "",
            "ms": String((ContinuousClock.now - started).wholeMilliseconds),
        ]
        log.write(.info, what, fields)
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}

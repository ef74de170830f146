import HTTPTransport
import IPAMKit
import KubernetesClient
import KubernetesPods
import Machine

/// Looks at one kubeconfig: whether it leads to Kubernetes, which rights it has, and to which cluster it belongs.
struct KubernetesProbe: Sendable {
    /// Who uses the kubeconfig.
    enum Role: Sendable {
        /// The person who runs ipamctl.
        case person
        /// The plugin on the nodes.
        case nodes

        /// The accesses that its user needs, with what fails without each of them.
        var needs: [AccessNeed] {
            let identity = AccessNeed(
                access: KubernetesAccess("get", "namespaces", name: "kube-system"),
                loss: "the cluster cannot be identified", isEssential: false)
            switch self {
            case .person:
                return [
                    AccessNeed(
                        access: KubernetesAccess("list", "pods"), loss: "'ipamctl audit' does not work",
                        isEssential: true),
                    AccessNeed(
                        access: KubernetesAccess("list", "nodes"), loss: "'ipamctl audit' does not work",
                        isEssential: true),
                    identity,
                    AccessNeed(
                        access: KubernetesAccess("get", "deployments", group: "apps"),
                        loss: "'ipamctl reserve' cannot warn about rolling updates", isEssential: false),
                ]
            case .nodes:
                return [
                    AccessNeed(
                        access: KubernetesAccess("get", "pods"),
                        loss: "annotations cannot be read, and addresses of pods that are gone stay in use",
                        isEssential: true),
                    AccessNeed(
                        access: KubernetesAccess("get", "nodes"),
                        loss: "addresses of pods on nodes that are gone stay in use", isEssential: false),
                    identity,
                ]
            }
        }
    }

    /// What was found out about a kubeconfig.
    struct Report: Sendable {
        var checks: [Check]
        /// nil if Kubernetes could not be asked.
        var identity: ClusterIdentity?
        /// The source of pods and nodes; nil if Kubernetes does not answer.
        var source: KubernetesPodSource?
    }

    let origin: KubeconfigSource
    let context: String?
    let role: Role
    /// How long a request may take.
    let limit: Duration

    func report() async -> Report {
        let kubeconfig: Kubeconfig
        do throws(Failure) {
            kubeconfig = try origin.read(context: context)
        } catch {
            let next =
                switch role {
                case .person: error.hint ?? "correct the kubeconfig"
                case .nodes: "correct the file, or ipam.kubeConfig in the CNI file"
                }
            let failed = Check.failed(.kubeconfig, origin.name, error.message, next: next)
            return Report(checks: [failed, .skipped(.kubernetesRights, origin.name, "the kubeconfig cannot be read")])
        }
        async let contact = HTTPContact(kubeconfig.anonymousRequest, limit)
        let client = KubernetesClient(kubeconfig, userAgent: "ipamctl/\(ProductVersion.text)", loop: .current)
        var report = await access(KubernetesPodSource(client: client), client, kubeconfig)
        let now = Timestamp(seconds: Host.now())
        if let certificates = await contact.certificates, kubeconfig.server.lowercased().hasPrefix("https:") {
            report.checks.append(.server(certificates, of: kubeconfig.server, at: now))
        }
        report.checks += CertificateFiles.client(kubeconfig.tls, of: origin.name, at: now)
        return report
    }

    private func access(_ source: KubernetesPodSource, _ client: KubernetesClient, _ kubeconfig: Kubeconfig) async
        -> Report
    {
        var missing: [AccessNeed] = []
        do throws(KubernetesError) {
            let began = ContinuousClock.now
            for need in role.needs where try await !client.allows(need.access, deadline: .now + limit) {
                missing.append(need)
            }
            let took = (ContinuousClock.now - began) / role.needs.count
            let answered = Check.ok(
                .kubeconfig, origin.name,
                "Kubernetes at \(kubeconfig.server) (context \(kubeconfig.context)) answers in \(took.inMilliseconds)")
            let identity = try? await source.cluster(deadline: .now + limit)
            return Report(
                checks: [answered, .rights(missing: missing, of: role, origin.name)], identity: identity, source: source
            )
        } catch {
            return Report(checks: [
                .failed(
                    .kubeconfig, origin.name, error.description,
                    next: "check the server and the credentials of the kubeconfig, or name another one"),
                .skipped(.kubernetesRights, origin.name, "Kubernetes cannot be asked"),
            ])
        }
    }
}

/// A right in Kubernetes that is needed.
struct AccessNeed: Hashable, Sendable {
    let access: KubernetesAccess
    /// What does not work without it: a clause.
    let loss: String
    /// Whether the check fails without it.
    let isEssential: Bool

    /// `list pods`
    var name: String {
        "\(access.verb) \(access.resource)" + (access.name.map { " \($0)" } ?? "")
    }
}

extension Check {
    /// - Parameter hasNodes: whether there is a kubeconfig of the nodes.
    static func noKubeconfig(hasNodes: Bool) -> Check {
        .skipped(
            .kubeconfig, "Kubernetes",
            hasNodes
                ? "there is only the nodes' kubeconfig; the audit needs one that may list pods and nodes"
                : "there is no kubeconfig; the audit needs one",
            next: "name one with --kubeconfig or KUBECONFIG")
    }

    static func rights(missing: [AccessNeed], of role: KubernetesProbe.Role, _ subject: String) -> Check {
        let code = CheckCode.kubernetesRights
        guard !missing.isEmpty else {
            return .ok(code, subject, "its user may " + role.needs.map(\.name).joined(separator: ", "))
        }
        var losses: [String] = []
        for need in missing where !losses.contains(need.loss) { losses.append(need.loss) }
        let seen =
            "its user may not \(missing.map(\.name).joined(separator: ", ")): \(losses.joined(separator: "; "))"
        let next = "grant these rights (docs/examples/rbac.yaml)"
        return missing.contains(where: \.isEssential)
            ? .failed(code, subject, seen, next: next) : .warning(code, subject, seen, next: next)
    }

    /// Whether the person's kubeconfig and the nodes' belong to the same cluster, and whether it has an identity.
    ///
    /// - Parameters:
    ///   - own: of the kubeconfig that ipamctl uses; nil if Kubernetes could not be asked.
    ///   - nodes: of the kubeconfig that a CNI file names; nil if there is no other one, or if it could not be asked.
    ///   - named: `ipam.cluster` of the CNI file.
    static func identity(_ own: ClusterIdentity?, nodes: ClusterIdentity?, named: String?) -> Check {
        let (code, subject) = (CheckCode.clusterIdentity, "Kubernetes")
        if case .known(let mine) = own, case .known(let theirs) = nodes, mine != theirs {
            return .failed(
                code, subject, "this kubeconfig belongs to cluster \(mine), and the nodes' kubeconfig to \(theirs)",
                next: "use --kubeconfig to name a kubeconfig of the cluster whose pods are on the network")
        }
        if let named { return .ok(code, subject, "the CNI file names the cluster: \(named)") }
        switch own ?? nodes {
        case .known(let uid): return .ok(code, subject, "the cluster is \(uid) (the UID of kube-system)")
        case .withheld(let reason):
            return .warning(
                code, subject, reason, next: "grant that right, or set ipam.cluster in the CNI files of all nodes")
        case nil: return .skipped(code, subject, "Kubernetes cannot be asked")
        }
    }
}

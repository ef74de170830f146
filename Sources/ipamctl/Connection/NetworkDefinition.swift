import HTTPTransport
import IPAMKit
import KubernetesClient
import Machine

/// The CNI configuration of a NetworkAttachmentDefinition.
struct NetworkDefinition: Sendable {
    let name: NetworkDefinitionName
    /// `spec.config`, which is JSON.
    let config: String

    /// For messages.
    var place: String { "NetworkAttachmentDefinition \(name)" }

    /// Gets it from Kubernetes, with the kubeconfig that the other commands use.
    ///
    /// - Parameter limit: how long Kubernetes may take.
    /// - Throws: ``Failure`` if there is no kubeconfig, if Kubernetes does not send it, and if it has no configuration.
    static func read(_ name: NetworkDefinitionName, _ options: GlobalOptions, within limit: Duration) throws(Failure)
        -> NetworkDefinition
    {
        guard let source = KubeconfigSource.first(options, nil) else {
            throw Failure(
                .usage, "there is no kubeconfig for reading NetworkAttachmentDefinition \(name)",
                hint: "name one with --kubeconfig, IPAMCTL_KUBECONFIG or KUBECONFIG")
        }
        let found: KubernetesNetworkDefinition?
        do {
            let kubeconfig = try source.read(context: KubeconfigSource.context(options))
            if options.verbose {
                Terminal.note("kubernetes: \(kubeconfig.server) (\(source.origin)) for --nad \(name)")
            }
            let client = KubernetesClient(kubeconfig, userAgent: "ipamctl/\(ProductVersion.text)", loop: .current)
            found = try onLoop {
                Progress.describe("reading NetworkAttachmentDefinition \(name) from Kubernetes ...")
                return try await client.networkDefinition(
                    namespace: name.namespace.text, name: name.name, deadline: .now + limit)
            }
        } catch let error as KubernetesError {
            throw Failure(error)
        } catch {
            throw Failure(any: error)
        }
        guard let found else {
            throw Failure(
                .notFound, "Kubernetes has no NetworkAttachmentDefinition \(name)",
                hint: "see 'kubectl get network-attachment-definitions --all-namespaces'")
        }
        guard let config = found.config, config.contains(where: { !$0.isWhitespace }) else {
            throw Failure(
                .failed,
                "NetworkAttachmentDefinition \(name) has no spec.config: Multus reads its configuration from a CNI file "
                    + "with the name \(name.name) on the node", hint: "name that file with --config")
        }
        return NetworkDefinition(name: name, config: config)
    }

    /// The configurations that use kube-ipam. One without a name has the name of the definition, as Multus gives it.
    ///
    /// - Throws: ``Failure`` if there is none, or if the text is not JSON.
    func configurations() throws(Failure) -> [JSONValue] {
        let value: JSONValue
        do throws(JSONSyntaxError) {
            value = try JSONValue(parsing: config)
        } catch {
            throw Failure(
                .failed, "spec.config of \(place) is not valid JSON: \(error)",
                hint: "correct the NetworkAttachmentDefinition")
        }
        let found = ConfigurationLocator.networks(in: ConfigurationLocator.named(value, name.name))
        guard !found.isEmpty else {
            throw Failure(
                .failed, "\(place) has no plugin whose ipam.type is \"kube-ipam\"", hint: "name another one with --nad")
        }
        return found
    }
}

extension Failure {
    /// Why a NetworkAttachmentDefinition could not be read.
    fileprivate init(_ error: KubernetesError) {
        switch error {
        case .forbidden:
            self.init(
                .failed, error.description,
                hint: "grant its user the RBAC rule: get on network-attachment-definitions of the API group "
                    + "\(KubernetesNetworkDefinition.group) (docs/examples/rbac.yaml)")
        case .notFound:
            self.init(
                .notFound, error.description,
                hint: "the cluster may not have NetworkAttachmentDefinitions: they come with Multus")
        case .unreachable, .timedOut, .serverFailed, .tooManyRequests, .cutOff, .expired:
            self.init(
                .unreachable, error.description, hint: "check the kubeconfig, or name another one with --kubeconfig")
        case .unauthorized, .refused, .untrusted, .malformed, .invalidCredentials, .invalidName, .cancelled:
            self.init(.failed, error.description, hint: "check the kubeconfig, or name another one with --kubeconfig")
        }
    }
}

/// A NetworkAttachmentDefinition (`k8s.cni.cncf.io/v1`, "Network Custom Resource Definition De-facto Standard" of the Network
/// Plumbing Working Group): the fields that IP address management needs.
public struct KubernetesNetworkDefinition: Hashable, Sendable {
    /// The API group of the custom resource.
    public static let group = "k8s.cni.cncf.io"
    /// The resource in paths and in RBAC rules.
    public static let resource = "network-attachment-definitions"

    /// `metadata.name`.
    public let name: String
    /// `metadata.namespace`.
    public let namespace: String
    /// `spec.config`: a CNI configuration as JSON text; nil if it is absent, which means a CNI file on the nodes.
    public let config: String?
}

extension KubernetesNetworkDefinition: Decodable {
    private struct Wire: Decodable {
        struct Metadata: Decodable {
            let name: String
            let namespace: String
        }

        struct Spec: Decodable {
            let config: String?
        }

        let kind: String?
        let metadata: Metadata
        let spec: Spec?
    }

    /// Decodes the object as the API sends it.
    public init(from decoder: any Decoder) throws {
        let wire = try Wire(from: decoder)
        try WrongKind.check(wire.kind, "NetworkAttachmentDefinition")
        name = wire.metadata.name
        namespace = wire.metadata.namespace
        config = wire.spec?.config
    }
}

/// A namespace (`v1`, kind `Namespace`): the fields that IP address management needs.
public struct KubernetesNamespace: Hashable, Sendable {
    /// `metadata.name`.
    public let name: String
    /// `metadata.uid`.
    public let uid: String
}

extension KubernetesNamespace: Decodable {
    private struct Wire: Decodable {
        struct Metadata: Decodable {
            let name: String
            let uid: String
        }

        let kind: String?
        let metadata: Metadata
    }

    /// Decodes the object as the API sends it.
    public init(from decoder: any Decoder) throws {
        let wire = try Wire(from: decoder)
        try WrongKind.check(wire.kind, "Namespace")
        guard !wire.metadata.uid.isEmpty else { throw NoUID() }
        name = wire.metadata.name
        uid = wire.metadata.uid
    }
}

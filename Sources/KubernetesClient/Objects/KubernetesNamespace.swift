/// A namespace as the API has it (`v1`, kind `Namespace`): the fields that addresses depend on.
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

    public init(from decoder: any Decoder) throws {
        let wire = try Wire(from: decoder)
        guard wire.kind ?? "Namespace" == "Namespace" else {
            throw WrongKind(found: wire.kind, wanted: "Namespace")
        }
        guard !wire.metadata.uid.isEmpty else { throw NoUID() }
        name = wire.metadata.name
        uid = wire.metadata.uid
    }
}

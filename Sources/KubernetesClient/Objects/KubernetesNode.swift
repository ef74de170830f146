/// A node as the API has it (`v1`, kind `Node`): the fields that addresses depend on.
public struct KubernetesNode: Hashable, Sendable {
    /// `metadata.name`.
    public let name: String
    /// False where the condition `Ready` has the status `False` or `Unknown`. A node that says nothing of it, as one that
    /// has just joined, is not said to be unready.
    public let isReady: Bool
    /// The keys of `spec.taints`.
    public let taints: [String]
}

extension KubernetesNode: Decodable {
    private struct Wire: Decodable {
        struct Metadata: Decodable {
            let name: String
        }

        struct Spec: Decodable {
            let taints: [Taint]?
        }

        struct Taint: Decodable {
            let key: String
        }

        struct Status: Decodable {
            let conditions: [Condition]?
        }

        struct Condition: Decodable {
            let type: String
            let status: String
        }

        /// Absent from the elements of a list.
        let kind: String?
        let metadata: Metadata
        let spec: Spec?
        let status: Status?
    }

    public init(from decoder: any Decoder) throws {
        let wire = try Wire(from: decoder)
        guard wire.kind ?? "Node" == "Node" else {
            throw WrongKind(found: wire.kind, wanted: "Node")
        }
        name = wire.metadata.name
        let ready = wire.status?.conditions?.first { $0.type == "Ready" }?.status
        isReady = ready != "False" && ready != "Unknown"
        taints = wire.spec?.taints?.map(\.key) ?? []
    }
}

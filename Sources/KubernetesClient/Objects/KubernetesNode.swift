/// A node as the API has it (`v1`, kind `Node`): the fields that addresses depend on.
public struct KubernetesNode: Hashable, Sendable {
    /// `metadata.name`.
    public let name: String
    /// False where the condition `Ready` has the status `False` or `Unknown`. A node that says nothing of it, as one that
    /// has just joined, or says it in a way that cannot be read, is not said to be unready.
    public let isReady: Bool
    /// The keys of `spec.taints`.
    public let taints: [String]
    /// `status.addresses` of the types `InternalIP` and `ExternalIP`: texts, whatever they say.
    public let addresses: [String]
}

extension KubernetesNode: Decodable {
    private struct Wire: Decodable {
        struct Metadata: Decodable {
            let name: String
        }

        struct Spec: Decodable {
            let taints: [Lenient<Taint>]?
        }

        struct Taint: Decodable {
            let key: String
        }

        struct Status: Decodable {
            let conditions: Lenient<[Lenient<Condition>]>?
            let addresses: Lenient<[Lenient<Address>]>?
        }

        struct Condition: Decodable {
            let type: String
            let status: String
        }

        struct Address: Decodable {
            let type: String
            let address: String
        }

        /// Absent from the elements of a list.
        let kind: String?
        let metadata: Metadata
        let spec: Lenient<Spec>?
        let status: Lenient<Status>?
    }

    public init(from decoder: any Decoder) throws {
        let wire = try Wire(from: decoder)
        guard wire.kind ?? "Node" == "Node" else {
            throw WrongKind(found: wire.kind, wanted: "Node")
        }
        name = wire.metadata.name
        let status = wire.status?.value
        let conditions = status?.conditions?.value?.compactMap(\.value) ?? []
        let ready = conditions.first { $0.type == "Ready" }?.status
        isReady = ready != "False" && ready != "Unknown"
        taints = wire.spec?.value?.taints?.compactMap { $0.value?.key } ?? []
        let told = status?.addresses?.value?.compactMap(\.value) ?? []
        addresses = told.filter { ["InternalIP", "ExternalIP"].contains($0.type) }.map(\.address)
    }
}

/// A node (`v1`, kind `Node`): the fields that IP address management needs.
public struct KubernetesNode: Hashable, Sendable {
    /// `metadata.name`.
    public let name: String
    /// False if the condition `Ready` has the status `False` or `Unknown`. True if there is no such condition, as for a node that
    /// has just joined, or if it cannot be read.
    public let isReady: Bool
    /// The keys of `spec.taints`.
    public let taints: [String]
    /// `status.addresses` of the types `InternalIP` and `ExternalIP`; they may not be valid addresses.
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

    /// Decodes the object as the API sends it.
    public init(from decoder: any Decoder) throws {
        let wire = try Wire(from: decoder)
        try WrongKind.check(wire.kind, "Node")
        name = wire.metadata.name
        let status = wire.status?.value
        let conditions = status?.conditions?.value?.compactMap(\.value) ?? []
        let ready = conditions.first { $0.type == "Ready" }?.status
        isReady = ready != "False" && ready != "Unknown"
        taints = wire.spec?.value?.taints?.compactMap { $0.value?.key } ?? []
        let listed = status?.addresses?.value?.compactMap(\.value) ?? []
        addresses = listed.filter { ["InternalIP", "ExternalIP"].contains($0.type) }.map(\.address)
    }
}

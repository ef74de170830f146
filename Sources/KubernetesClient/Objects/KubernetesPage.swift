/// One page of a list.
struct KubernetesPage<Element: Decodable & Sendable>: Decodable, Sendable {
    private struct Metadata: Decodable {
        let `continue`: String?
    }

    private enum CodingKeys: CodingKey {
        case kind
        case metadata
        case items
    }

    /// Such as `PodList`.
    let kind: String
    let items: [Element]
    /// What to ask for the next page with; nil on the last one.
    let continuation: String?

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        kind = try container.decode(String.self, forKey: .kind)
        items = try container.decodeIfPresent([Element].self, forKey: .items) ?? []
        let metadata = try container.decodeIfPresent(Metadata.self, forKey: .metadata)
        continuation = metadata?.continue.flatMap { $0.isEmpty ? nil : $0 }
    }
}

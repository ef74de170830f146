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
    let list: KubernetesList<Element>
    /// The `continue` token for the next page; nil on the last one.
    let continuation: String?

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        kind = try container.decode(String.self, forKey: .kind)
        var list = KubernetesList<Element>()
        for element in try container.decodeIfPresent([KubernetesListElement<Element>].self, forKey: .items) ?? [] {
            switch element {
            case .readable(let object): list.items.append(object)
            case .unreadable(let object): list.unreadable.append(object)
            }
        }
        self.list = list
        let metadata = try container.decodeIfPresent(Metadata.self, forKey: .metadata)
        continuation = metadata?.continue.flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// The objects of a list, as they were at one moment.
///
/// An object that cannot be read does not make the others unknown: it is in ``unreadable``, and nobody may take it for gone.
public struct KubernetesList<Element: Sendable>: RandomAccessCollection, Sendable {
    /// The objects that can be read.
    public internal(set) var items: [Element] = []
    /// The others.
    public internal(set) var unreadable: [UnreadableKubernetesObject] = []

    public var startIndex: Int { items.startIndex }
    public var endIndex: Int { items.endIndex }
    public subscript(index: Int) -> Element { items[index] }
}

/// An object of a list that is not what the API sends, with what can be read of it.
public struct UnreadableKubernetesObject: Hashable, Sendable {
    /// `metadata.namespace`, `metadata.name` and `metadata.uid`; nil where they are missing, empty, or no text.
    public let namespace: String?
    public let name: String?
    public let uid: String?
    /// Of a pod: `status.podIP` and `status.podIPs`, as far as they are texts.
    public let addresses: [String]
    /// Why it cannot be read, as a clause for people.
    public let problem: String
}

/// An element of a list: the object, or what can be read of it.
enum KubernetesListElement<Element: Decodable & Sendable>: Decodable {
    case readable(Element)
    case unreadable(UnreadableKubernetesObject)

    private struct Wire: Decodable {
        private struct Metadata: Decodable {
            let namespace: AnyText?
            let name: AnyText?
            let uid: AnyText?
        }

        let namespace: String?
        let name: String?
        let uid: String?
        let addresses: [String]

        private enum CodingKeys: CodingKey {
            case metadata
            case status
        }

        init(from decoder: any Decoder) throws {
            let object = try? decoder.container(keyedBy: CodingKeys.self)
            let metadata = try? object?.decodeIfPresent(Metadata.self, forKey: .metadata)
            namespace = metadata?.namespace?.text
            name = metadata?.name?.text
            uid = metadata?.uid?.text
            addresses = (try? object?.decodeIfPresent(PodAddresses.self, forKey: .status))?.texts ?? []
        }
    }

    init(from decoder: any Decoder) throws {
        do {
            self = .readable(try Element(from: decoder))
        } catch {
            let wire = try Wire(from: decoder)
            self = .unreadable(
                UnreadableKubernetesObject(
                    namespace: wire.namespace, name: wire.name, uid: wire.uid, addresses: wire.addresses,
                    problem: DecodingProblem.clause(error, below: decoder.codingPath.count)))
        }
    }
}

/// A value that should be a text.
struct AnyText: Decodable {
    /// Nil for null, for an empty text, and for a value of another type.
    let text: String?
    /// The value is there, and is no text.
    let isOfAnotherType: Bool

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let found = try? container.decode(String.self)
        text = found.flatMap { $0.isEmpty ? nil : $0 }
        isOfAnotherType = found == nil && !container.decodeNil()
    }
}

/// A value of which nothing is known that cannot be read.
struct Lenient<Value: Decodable>: Decodable {
    let value: Value?

    init(from decoder: any Decoder) throws {
        value = try? Value(from: decoder)
    }
}

/// What a decoder complains of, for people.
enum DecodingProblem {
    /// - Parameter depth: how many parts of the path to a value are not to be told.
    static func clause(_ error: any Error, below depth: Int = 0) -> String {
        func path(_ context: DecodingError.Context) -> String {
            context.codingPath.dropFirst(depth).map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
        }
        switch error {
        case let error as WrongKind:
            return "it is a \((error.found ?? "").excerpt), not a \(error.wanted)"
        case is NoUID: return "metadata.uid is empty"
        case DecodingError.keyNotFound(let key, let context):
            return "\(path(context)).\(key.stringValue) is missing".excerpt
        case DecodingError.valueNotFound(_, let context):
            return "\(path(context)) is null".excerpt
        case DecodingError.typeMismatch(_, let context):
            let path = path(context)
            return path.isEmpty && depth > 0 ? "it is of another type" : "\(path) is of another type".excerpt
        default:
            return "it is not JSON"
        }
    }
}

/// The objects of a list, as of one moment.
///
/// Objects that cannot be read are in ``unreadable``: they exist, and must not be taken for deleted.
public struct KubernetesList<Element: Sendable>: RandomAccessCollection, Sendable {
    /// The objects that can be read.
    public internal(set) var items: [Element] = []
    /// The objects that cannot be read.
    public internal(set) var unreadable: [UnreadableKubernetesObject] = []

    /// The index of the first of ``items``.
    public var startIndex: Int { items.startIndex }
    /// The index after the last of ``items``.
    public var endIndex: Int { items.endIndex }
    /// One of ``items``.
    public subscript(index: Int) -> Element { items[index] }
}

/// An object of a list that cannot be read as a whole, with the fields that can be read.
public struct UnreadableKubernetesObject: Hashable, Sendable {
    /// `metadata.namespace`; nil if it is missing, empty, or not a string.
    public let namespace: String?
    /// `metadata.name`; nil if it is missing, empty, or not a string.
    public let name: String?
    /// `metadata.uid`; nil if it is missing, empty, or not a string.
    public let uid: String?
    /// `status.podIP` and `status.podIPs` of a pod, as far as they are strings.
    public let addresses: [String]
    /// The error message, without the name of the object.
    public let problem: String
}

/// An element of a list.
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

/// A value that should be a string.
struct AnyText: Decodable {
    /// nil for null, for an empty string, and for a value of another type.
    let text: String?
    /// The value is neither null nor a string.
    let isOfAnotherType: Bool

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let found = try? container.decode(String.self)
        text = found.flatMap { $0.isEmpty ? nil : $0 }
        isOfAnotherType = found == nil && !container.decodeNil()
    }
}

/// A value that is nil if it cannot be read, instead of an error.
struct Lenient<Value: Decodable>: Decodable {
    let value: Value?

    init(from decoder: any Decoder) throws {
        value = try? Value(from: decoder)
    }
}

/// Describes the errors of a decoder.
enum DecodingProblem {
    /// The error message.
    ///
    /// - Parameter depth: the number of leading parts to leave out of the path to a value.
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
            return path.isEmpty && depth > 0 ? "it has the wrong type" : "\(path) has the wrong type".excerpt
        default:
            return "it is not JSON"
        }
    }
}

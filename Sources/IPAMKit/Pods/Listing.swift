/// All pods or nodes at one moment.
public struct Listing<Item: Sendable>: Sendable {
    /// The objects that can be read.
    public var items: [Item]
    /// The objects that cannot be read: an address that one of them may hold must not be freed.
    public var unreadable: [UnreadableObject]

    /// Makes a list, by default of readable objects only.
    public init(_ items: [Item], unreadable: [UnreadableObject] = []) {
        self.items = items
        self.unreadable = unreadable
    }
}

/// A pod or a node whose JSON in a list from Kubernetes cannot be read, with those members that can.
public struct UnreadableObject: Hashable, Sendable, CustomStringConvertible {
    /// The `kind` of the object; the raw value is the word for it in messages.
    public enum Kind: String, Hashable, Sendable {
        /// A `Pod`.
        case pod
        /// A `Node`.
        case node
    }

    /// Whether it is a pod or a node.
    public let kind: Kind
    /// `metadata.namespace`, unchecked; nil if it cannot be read, and for a node.
    public let namespace: String?
    /// `metadata.name`, unchecked; nil if it cannot be read.
    public let name: String?
    /// `metadata.uid`; nil if it cannot be read.
    public let uid: String?
    /// The addresses in its `status` that can be read.
    public let addresses: [IPAddress]
    /// Why the object cannot be read, such as `.metadata.labels has the wrong type`.
    public let problem: String

    /// Makes an object from the members that can be read.
    public init(
        _ kind: Kind, namespace: String?, name: String?, uid: String?, addresses: [IPAddress] = [], problem: String
    ) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.addresses = addresses
        self.problem = problem
    }

    /// `pod default/db-0`, or `a pod without a readable name`.
    public var phrase: String {
        guard let name else { return "a \(kind.rawValue) without a readable name" }
        return "\(kind.rawValue) \(namespace.map { "\($0)/" } ?? "")\(name)"
    }

    /// The error message: `Kubernetes lists pod default/db-0, which cannot be read: ...`.
    public var description: String { "Kubernetes lists \(phrase), which cannot be read: \(problem)" }

    /// Whether it is known which pod or node this is; any recorded holder may be a pod that is not identified.
    var isIdentified: Bool {
        switch kind {
        case .pod: uid != nil || (namespace != nil && name != nil)
        case .node: name != nil
        }
    }
}

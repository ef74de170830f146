/// A list of pods or nodes, as they were at one moment.
public struct Listing<Item: Sendable>: Sendable {
    /// Those that can be read.
    public var items: [Item]
    /// Those that cannot: nothing that one of them may hold is free.
    public var unreadable: [UnreadableObject]

    /// Makes a list.
    public init(_ items: [Item], unreadable: [UnreadableObject] = []) {
        self.items = items
        self.unreadable = unreadable
    }
}

/// A pod or a node that Kubernetes lists in a way that cannot be understood, with what can be read of it.
public struct UnreadableObject: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable {
        case pod, node
    }

    public let kind: Kind
    /// As it is written; nil where it cannot be read.
    public let namespace: String?
    public let name: String?
    public let uid: String?
    /// The addresses that it reports, as far as they can be read.
    public let addresses: [IPAddress]
    /// Why it cannot be read, as a clause.
    public let problem: String

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

    public var description: String { "Kubernetes lists \(phrase), which cannot be read: \(problem)" }

    /// False for a pod that may be any holder's.
    var isIdentified: Bool {
        switch kind {
        case .pod: uid != nil || (namespace != nil && name != nil)
        case .node: name != nil
        }
    }
}

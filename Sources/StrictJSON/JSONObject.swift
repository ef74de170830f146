/// The members of a JSON object, in the order in which they were written.
///
/// Two objects are equal if they have the same members in any order (RFC 8259 section 4: objects are unordered).
public struct JSONObject: Sendable, ExpressibleByDictionaryLiteral {
    /// A member of an object.
    public struct Member: Hashable, Sendable {
        /// The name, without escapes.
        public let key: String
        /// A new value keeps the member's place.
        public var value: JSONValue
    }

    /// The members in order; no two have the same key.
    public private(set) var members: [Member]

    /// Makes an object without members.
    public init() {
        members = []
    }

    /// Makes an object of pairs in order. If two pairs have the same key, the last value counts.
    public init(_ pairs: some Sequence<(String, JSONValue)>) {
        self.init()
        for (key, value) in pairs { self[key] = value }
    }

    /// Makes an object with its members in the order written. If two have the same key, the last value counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements)
    }

    /// Makes an object of the pairs that have a value, in order.
    ///
    /// - Parameter pairs: no two have the same key, which is not checked.
    public init(present pairs: KeyValuePairs<String, JSONValue?>) {
        members = []
        members.reserveCapacity(pairs.count)
        for (key, value) in pairs {
            if let value { members.append(Member(key: key, value: value)) }
        }
    }

    /// Makes an object without checking that the keys of its members differ.
    init(unchecked members: [Member]) {
        self.members = members
    }

    /// The value of a member; nil if there is no such member. A new member is appended; setting nil removes the member.
    public subscript(key: String) -> JSONValue? {
        get { members.first { $0.key == key }?.value }
        set {
            switch (members.firstIndex { $0.key == key }, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    /// The keys in the order of the members.
    public var keys: [String] { members.map(\.key) }

    /// The number of members.
    public var count: Int { members.count }

    /// Whether there are no members.
    public var isEmpty: Bool { members.isEmpty }
}

extension JSONObject: Hashable {
    /// Whether two objects have the same members, in any order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        if left.members == right.members { return true }
        return left.count == right.count && Set(left.members) == Set(right.members)
    }

    /// Hashes the members, whatever their order.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(members.reduce(0) { $0 ^ $1.hashValue })
    }
}

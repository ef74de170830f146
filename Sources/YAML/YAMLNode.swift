/// A value of a YAML document, with its place.
public struct YAMLNode: Sendable {
    /// The value.
    public indirect enum Content: Sendable {
        /// A scalar. It is plain if it has no quotes; then `true` and `null` are not strings.
        case scalar(String, isPlain: Bool)
        /// A sequence.
        case sequence([YAMLNode])
        /// A mapping. The keys are strings, and unique.
        case mapping([String: YAMLNode])
    }

    /// The value.
    public let content: Content
    /// Where the value begins. If an alias stands in its place: where the value of the anchor begins.
    public let mark: YAMLMark
    /// The number of levels: 1 for a scalar.
    public let height: Int
    /// The number of values, this one included, counted through aliases; keys do not count. It never exceeds
    /// ``YAMLReader/largest`` by more than 1.
    public let size: Int

    init(content: Content, mark: YAMLMark, height: Int, size: Int) {
        self.content = content
        self.mark = mark
        self.height = height
        self.size = size
    }

    /// An empty mapping at a place.
    public init(emptyMappingAt mark: YAMLMark) {
        self.init(content: .mapping([:]), mark: mark, height: 1, size: 1)
    }

    /// Whether it is `null`, `~` or empty (core schema, YAML 1.2 section 10.3.2).
    public var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// The value of a mapping's key; nil if it is absent or null, or if this is not a mapping.
    public subscript(key: String) -> YAMLNode? {
        guard case .mapping(let members) = content, let node = members[key], !node.isNull else { return nil }
        return node
    }

    /// The elements; nil if this is not a sequence.
    public var elements: [YAMLNode]? {
        if case .sequence(let elements) = content { elements } else { nil }
    }

    /// The string; nil for any other value, such as a number without quotes.
    public var string: String? { json.string }

    /// The kind of the value in error messages: `null`, `true or false`, `a number`, `a string`, `a list` or `a mapping`.
    public var kindName: String {
        switch content {
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .scalar:
            switch json {
            case .null: "null"
            case .bool: "true or false"
            case .number: "a number"
            case .string, .array, .object: "a string"
            }
        }
    }
}

/// A place in a text. Lines and columns count from 1, columns in characters.
public struct YAMLMark: Hashable, Sendable {
    /// The line.
    public let line: Int
    /// The column.
    public let column: Int

    /// Makes a place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// Why a text is not YAML, or not YAML that is supported here.
public struct YAMLError: Error, Hashable, Sendable {
    /// The place of the error.
    public let mark: YAMLMark
    /// The error message, without the place.
    public let problem: String
}

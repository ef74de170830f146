/// A value of a YAML document, with its place.
struct YAMLNode: Sendable {
    indirect enum Content: Sendable {
        /// A scalar. It is plain if it has no quotes; then `true` and `null` are not strings.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        /// The keys are strings, and unique.
        case mapping([String: YAMLNode])
    }

    let content: Content
    let mark: YAMLMark
    /// The number of levels: 1 for a scalar.
    let height: Int

    /// Whether it is `null`, `~` or empty (core schema, YAML 1.2 section 10.3.2).
    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// Its kind in error messages.
    var kindName: String {
        switch content {
        case .scalar: isNull ? "null" : "a string"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// A place in a text. Lines and columns count from 1, columns in characters.
struct YAMLMark: Hashable, Sendable {
    let line: Int
    let column: Int
}

/// Why a text is not YAML, or not YAML that is supported here.
struct YAMLError: Error, Hashable, Sendable {
    let mark: YAMLMark
    /// The error message, without the place.
    let problem: String
}

/// A value of a YAML document and where it stands.
struct YAMLNode: Sendable {
    indirect enum Content: Sendable {
        /// A text; plain when it stands without quotes, so that `true` and `null` mean more than their letters.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        /// Keys are texts, each there once.
        case mapping([String: YAMLNode])
    }

    let content: Content
    let mark: YAMLMark
    /// How many levels deep it is: 1 for a scalar.
    let height: Int

    /// No value: `null`, `~` or nothing at all (YAML 1.2 section 10.2.1.1; 1.1 knew more letter cases).
    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// What it is, for people.
    var kindForPeople: String {
        switch content {
        case .scalar: isNull ? "nothing" : "a text"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// A place in a text, both from 1; the column counts characters.
struct YAMLMark: Hashable, Sendable {
    let line: Int
    let column: Int
}

/// Why a text is not YAML, or not YAML that is understood here.
struct YAMLError: Error, Hashable, Sendable {
    let mark: YAMLMark
    /// One clause for people.
    let problem: String
}

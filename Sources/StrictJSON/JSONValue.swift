/// A JSON value (RFC 8259).
///
/// A number keeps its text, so that a value that is read and written again does not change. Two numbers are equal if their
/// texts are equal.
public enum JSONValue: Hashable, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number as its literal text, which follows RFC 8259 section 6.
    case number(String)
    /// A string.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object.
    case object(JSONObject)

    /// A number from an integer.
    public init(_ number: some BinaryInteger) {
        self = .number(String(number))
    }

    /// The string; nil if the value is not a string.
    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The integer; nil if the value is not a number, has a fraction or an exponent, or does not fit.
    public var int: Int? {
        if case .number(let text) = self { Int(text) } else { nil }
    }

    /// The number in the precision of a `Double`; nil if the value is not a number.
    public var double: Double? {
        if case .number(let text) = self { Double(text) } else { nil }
    }

    /// True or false; nil if the value is not a boolean.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The elements; nil if the value is not an array.
    public var array: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The object; nil if the value is not an object.
    public var object: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }

    /// Whether it is `null`.
    public var isNull: Bool { self == .null }

    /// The value of an object's member; nil if there is no such member, or if this value is not an object.
    public subscript(key: String) -> JSONValue? {
        object?[key]
    }

    /// The kind of value with its article, for error messages: "an object".
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Makes a string.
    public init(stringLiteral value: String) { self = .string(value) }

    /// Makes a number.
    public init(integerLiteral value: Int) { self.init(value) }

    /// Makes `true` or `false`.
    public init(booleanLiteral value: Bool) { self = .bool(value) }

    /// Makes an array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    /// Makes an object with its members in the order written. If two have the same key, the last value counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
}

/// A JSON value (RFC 8259).
///
/// Numbers keep the text they were written with, so that what is read and written again does not change. Two numbers are
/// equal when their texts are.
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

    /// The string, when it is one.
    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The integer, when it is a number without fraction and exponent that fits.
    public var int: Int? {
        if case .number(let text) = self { Int(text) } else { nil }
    }

    /// The number, when it is one; in the precision of a `Double`.
    public var double: Double? {
        if case .number(let text) = self { Double(text) } else { nil }
    }

    /// The truth value, when it is one.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The elements, when it is an array.
    public var array: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The object, when it is one.
    public var object: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }

    /// Whether it is `null`.
    public var isNull: Bool { self == .null }

    /// The value of an object's member; nil when there is none, or when this is no object.
    public subscript(key: String) -> JSONValue? {
        object?[key]
    }

    /// The kind of value with its article, for sentences: "an object".
    var kind: String {
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

    /// Makes an object with its members in the order written; of two with one key the last one counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
}

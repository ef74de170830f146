/// The position at which a text is not JSON, and why.
public struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of syntax errors.
    public enum Problem: Hashable, Sendable {
        /// There is no value at all.
        case noValue
        /// The text starts with a byte order mark (RFC 8259 section 8.1 forbids writing one).
        case byteOrderMark
        /// The bytes are not UTF-8.
        case invalidUTF8
        /// A NUL byte, or another control character that is not escaped.
        case controlCharacter(UInt8)
        /// Another token was expected: `found` is the token at this position, nil at the end of the text.
        case expected(String, found: String?)
        /// A comma between two members or elements is missing: `before` is the token that follows, `afterKey` the key of the
        /// member before it, nil in an array; `line` is the line in which that member or element ends.
        case missingComma(before: String, afterKey: String?, line: Int)
        /// A comma is followed by the closing bracket, which is `before`.
        case trailingComma(before: String)
        /// A string has no closing quote.
        case unterminatedString
        /// A backslash starts an escape that RFC 8259 section 7 does not define.
        case invalidEscape(String)
        /// A `\u` escape is one half of a surrogate pair.
        case loneSurrogate(String)
        /// A number does not follow RFC 8259 section 6.
        case invalidNumber(String)
        /// A key appears a second time in one object.
        case duplicateKey(String)
        /// Arrays and objects are nested too deeply.
        case tooDeep(limit: Int)
        /// The value is followed by more text.
        case trailingText(String)
    }

    /// The line, from 1.
    public let line: Int
    /// The column, from 1, in characters (Unicode scalars); a tab is one.
    public let column: Int
    /// The error at this position.
    public let problem: Problem

    /// Makes an error at a line and a column, both from 1.
    public init(line: Int, column: Int, problem: Problem) {
        self.line = line
        self.column = column
        self.problem = problem
    }

    /// `line 10, column 17: expected "," or "}" before "etcdConfig": ...`
    public var description: String {
        "line \(line), column \(column): \(message)"
    }

    /// The error message without its place.
    public var message: String {
        switch problem {
        case .noValue:
            return "there is no JSON value"
        case .byteOrderMark:
            return "the text starts with a byte order mark: remove it"
        case .invalidUTF8:
            return "the bytes are not UTF-8"
        case .controlCharacter(0):
            return "a NUL byte is not allowed"
        case .controlCharacter(let byte):
            let code = String(byte, radix: 16, uppercase: true)
            let hint = byte == 0x0A || byte == 0x0D ? " (a line ends inside a string: is a quote missing?)" : ""
            return "the control character U+00\(byte < 16 ? "0" : "")\(code) must be escaped in a string\(hint)"
        case .expected(let wanted, let found?):
            return "expected \(wanted) before \(found)"
        case .expected(let wanted, nil):
            return "expected \(wanted), but the text ends"
        case .missingComma(let next, let key, let endLine):
            let place = endLine == line ? "" : " at the end of line \(endLine)"
            let close = key == nil ? "]" : "}"
            let previous = key.map { "the value of \($0.quotedForPeople)" } ?? "the element before it"
            return "expected \",\" or \"\(close)\" before \(next): a comma is missing after \(previous)\(place)"
        case .trailingComma(let close):
            return "a comma is not allowed before \"\(close)\""
        case .unterminatedString:
            return "the string that starts here has no closing quote"
        case .invalidEscape(let text):
            return "\(text.quotedForPeople) is not a JSON escape"
        case .loneSurrogate(let text):
            return "\(text.quotedForPeople) is one half of a surrogate pair"
        case .invalidNumber(let text):
            return "\(text.quotedForPeople) is not a JSON number"
        case .duplicateKey(let key):
            return "the key \(key.quotedForPeople) appears twice in one object"
        case .tooDeep(let limit):
            return "more than \(limit) arrays and objects are nested"
        case .trailingText(let text):
            return "expected the end of the text before \(text)"
        }
    }
}

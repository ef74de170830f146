/// Where and why a text is not JSON.
public struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What can be wrong.
    public enum Problem: Hashable, Sendable {
        /// There is no value at all.
        case noValue
        /// The text starts with a byte order mark (RFC 8259 section 8.1 forbids writing one).
        case byteOrderMark
        /// The bytes are not UTF-8.
        case invalidUTF8
        /// A NUL byte or another control character stands where none may.
        case controlCharacter(UInt8)
        /// Something else was expected: `found` is the token that stands there, nil at the end of the text.
        case expected(String, found: String?)
        /// Two members or elements have no comma between them. `key` is that of the member before the gap, nil in an
        /// array; `line` is where that member ends.
        case missingComma(before: String, afterKey: String?, line: Int)
        /// A comma is followed by the closing bracket.
        case trailingComma(before: String)
        /// A string has no closing quote.
        case unterminatedString
        /// A backslash is followed by something that RFC 8259 section 7 does not know.
        case invalidEscape(String)
        /// A `\u` escape names one half of a surrogate pair.
        case loneSurrogate(String)
        /// A number is not written as RFC 8259 section 6 says.
        case invalidNumber(String)
        /// A key appears a second time in one object.
        case duplicateKey(String)
        /// Arrays and objects are nested too deeply.
        case tooDeep(limit: Int)
        /// There is more after the value.
        case trailingText(String)
    }

    /// The line, from 1.
    public let line: Int
    /// The column, from 1, in characters (Unicode scalars); a tab is one.
    public let column: Int
    /// What is wrong there.
    public let problem: Problem

    /// Makes an error.
    public init(line: Int, column: Int, problem: Problem) {
        self.line = line
        self.column = column
        self.problem = problem
    }

    /// `line 10, column 17: expected "," or "}" before "etcdConfig": ...`
    public var description: String {
        "line \(line), column \(column): \(sentence)"
    }

    private var sentence: String {
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
            return "a comma must not stand before \"\(close)\""
        case .unterminatedString:
            return "the string that starts here has no closing quote"
        case .invalidEscape(let text):
            return "\(text.quotedForPeople) is not an escape of JSON"
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

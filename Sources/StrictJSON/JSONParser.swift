extension JSONValue {
    /// Reads one JSON text in UTF-8, strictly as in RFC 8259.
    ///
    /// - Throws: ``JSONSyntaxError`` with the position, also for duplicate keys, NUL bytes and unescaped control characters, a
    ///   byte order mark, bytes that are not UTF-8, halves of surrogate pairs, and more than 64 levels of nesting.
    public init(parsing bytes: some Collection<UInt8>) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes: Array(bytes), isUTF8: false)
        self = try parser.document()
    }

    /// Reads one JSON text; see ``init(parsing:)-(Collection<UInt8>)``.
    ///
    /// - Throws: ``JSONSyntaxError`` with the position.
    public init(parsing text: String) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes: Array(text.utf8), isUTF8: true)
        self = try parser.document()
    }
}

/// A recursive-descent parser over bytes.
private struct JSONParser {
    static let depthLimit = 64

    let bytes: [UInt8]
    /// Whether all bytes are known to be UTF-8.
    private let isUTF8: Bool
    var index = 0
    var depth = 0

    init(bytes: [UInt8], isUTF8: Bool) {
        self.bytes = bytes
        self.isUTF8 = isUTF8
    }

    /// The byte at the cursor; nil at the end.
    var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    mutating func document() throws(JSONSyntaxError) -> JSONValue {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw error(.byteOrderMark, at: 0) }
        skipWhitespace()
        guard current != nil else { throw error(.noValue, at: index) }
        let value = try value()
        skipWhitespace()
        guard current == nil else {
            throw error(tokenProblem() ?? .trailingText(token()), at: index)
        }
        return value
    }

    private mutating func value() throws(JSONSyntaxError) -> JSONValue {
        switch current {
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case let byte? where byte == UInt8(ascii: "-") || Self.isDigit(byte): return .number(try number())
        default: throw unexpected("a value")
        }
    }

    // MARK: Objects and arrays

    private mutating func object() throws(JSONSyntaxError) -> JSONObject {
        try enter()
        var members: [JSONObject.Member] = []
        // Comparing keys is faster than hashing them as long as there are few members.
        var seen: Set<String> = []
        skipWhitespace()
        if skip(UInt8(ascii: "}")) { return leave(JSONObject()) }
        while true {
            let start = index
            guard current == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
            let key = try string()
            if members.count == 16 { seen = Set(members.map(\.key)) }
            let isDuplicate =
                members.count < 16 ? members.contains { $0.key == key } : !seen.insert(key).inserted
            if isDuplicate { throw error(.duplicateKey(key), at: start) }
            skipWhitespace()
            guard skip(UInt8(ascii: ":")) else { throw unexpected("\":\"") }
            skipWhitespace()
            members.append(JSONObject.Member(key: key, value: try value()))
            if try endOfList(close: UInt8(ascii: "}"), key: key) { return leave(JSONObject(unchecked: members)) }
        }
    }

    private mutating func array() throws(JSONSyntaxError) -> [JSONValue] {
        try enter()
        var elements: [JSONValue] = []
        skipWhitespace()
        if skip(UInt8(ascii: "]")) { return leave(elements) }
        while true {
            elements.append(try value())
            if try endOfList(close: UInt8(ascii: "]"), key: nil) { return leave(elements) }
        }
    }

    /// Skips the text after a member or an element: true at the closing bracket, false if another member or element follows.
    private mutating func endOfList(close: UInt8, key: String?) throws(JSONSyntaxError) -> Bool {
        let end = index
        skipWhitespace()
        if skip(close) { return true }
        let comma = index
        guard skip(UInt8(ascii: ",")) else {
            if let problem = tokenProblem() { throw error(problem, at: index) }
            let startsItem = key == nil ? startsValue : current == UInt8(ascii: "\"")
            if startsItem {
                let line = position(of: end).line
                throw error(.missingComma(before: token(), afterKey: key, line: line), at: index)
            }
            throw unexpected(key == nil ? "\",\" or \"]\"" : "\",\" or \"}\"")
        }
        skipWhitespace()
        if current == close {
            throw error(.trailingComma(before: String(decoding: [close], as: UTF8.self)), at: comma)
        }
        return false
    }

    private var startsValue: Bool {
        switch current {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""), UInt8(ascii: "-"), UInt8(ascii: "t"),
            UInt8(ascii: "f"), UInt8(ascii: "n"):
            true
        case let byte?: Self.isDigit(byte)
        case nil: false
        }
    }

    private mutating func enter() throws(JSONSyntaxError) {
        guard depth < Self.depthLimit else { throw error(.tooDeep(limit: Self.depthLimit), at: index) }
        depth += 1
        index += 1
    }

    private mutating func leave<Value>(_ value: Value) -> Value {
        depth -= 1
        return value
    }

    // MARK: Strings

    private mutating func string() throws(JSONSyntaxError) -> String {
        let start = index
        index += 1
        var runStart = index
        var unescaped: [UInt8] = []
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                let end = index
                index += 1
                if unescaped.isEmpty { return try decoded(runStart..<end) }
                unescaped += try checked(runStart..<end)
                return String(decoding: unescaped, as: UTF8.self)
            case UInt8(ascii: "\\"):
                unescaped += try checked(runStart..<index)
                try escape(into: &unescaped)
                runStart = index
            case 0..<0x20:
                throw error(.controlCharacter(byte), at: index)
            default:
                index += 1
            }
        }
        throw error(.unterminatedString, at: start)
    }

    /// The bytes of a range.
    ///
    /// - Throws: an error if they are not UTF-8.
    private func checked(_ range: Range<Int>) throws(JSONSyntaxError) -> ArraySlice<UInt8> {
        _ = try decoded(range)
        return bytes[range]
    }

    private func decoded(_ range: Range<Int>) throws(JSONSyntaxError) -> String {
        // Strings end at ASCII characters, so a string of a valid text is valid; checking each would take most of the time.
        if isUTF8 { return String(decoding: bytes[range], as: UTF8.self) }
        if let text = String(validating: bytes[range], as: UTF8.self) { return text }
        var iterator = bytes[range].makeIterator()
        var decoder = UTF8()
        var offset = range.lowerBound
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
        throw error(.invalidUTF8, at: offset)
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONSyntaxError) {
        let start = index
        index += 1
        let simple: UInt8
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): simple = bytes[index]
        case UInt8(ascii: "b"): simple = 0x08
        case UInt8(ascii: "f"): simple = 0x0C
        case UInt8(ascii: "n"): simple = 0x0A
        case UInt8(ascii: "r"): simple = 0x0D
        case UInt8(ascii: "t"): simple = 0x09
        case UInt8(ascii: "u"):
            text += Array(String(Character(try unicodeEscape(from: start))).utf8)
            return
        default: throw error(.invalidEscape(excerpt(from: start, length: 2)), at: start)
        }
        text.append(simple)
        index += 1
    }

    /// Reads `\uXXXX`, or two such escapes that form a surrogate pair (RFC 8259 section 7).
    private mutating func unicodeEscape(from start: Int) throws(JSONSyntaxError) -> Unicode.Scalar {
        let first = try codeUnit(from: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard UTF16.isLeadSurrogate(first), current == UInt8(ascii: "\\"), index + 1 < bytes.count,
            bytes[index + 1] == UInt8(ascii: "u")
        else { throw error(.loneSurrogate(excerpt(from: start, length: 6)), at: start) }
        let next = index
        index += 1
        let second = try codeUnit(from: next)
        let code = 0x10000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF))
        guard UTF16.isTrailSurrogate(second), let scalar = Unicode.Scalar(code) else {
            throw error(.loneSurrogate(excerpt(from: start, length: 6)), at: start)
        }
        return scalar
    }

    /// Reads the `uXXXX` at the cursor.
    private mutating func codeUnit(from start: Int) throws(JSONSyntaxError) -> UInt16 {
        index += 1
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw error(.invalidEscape(excerpt(from: start, length: 6)), at: start)
            }
            unit = unit << 4 | UInt16(digit)
            index += 1
        }
        return unit
    }

    // MARK: Numbers and literals

    private mutating func number() throws(JSONSyntaxError) -> String {
        let start = index
        _ = skip(UInt8(ascii: "-"))
        let integer = index
        var isValid = skipDigits() && (bytes[integer] != UInt8(ascii: "0") || index == integer + 1)
        if skip(UInt8(ascii: ".")) { isValid = skipDigits() && isValid }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            _ = skip(UInt8(ascii: "+")) || skip(UInt8(ascii: "-"))
            isValid = skipDigits() && isValid
        }
        guard isValid, current.map(Self.isDelimiter) ?? true else {
            index = start
            throw error(.invalidNumber(rawToken()), at: start)
        }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func skipDigits() -> Bool {
        let start = index
        while let byte = current, Self.isDigit(byte) { index += 1 }
        return index > start
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private mutating func literal(_ text: String, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
        let end = index + text.utf8.count
        guard bytes[index...].starts(with: text.utf8), end == bytes.count || Self.isDelimiter(bytes[end]) else {
            throw unexpected("a value")
        }
        index = end
        return value
    }

    // MARK: The cursor

    private mutating func skipWhitespace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0D { index += 1 }
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        index += 1
        return true
    }

    private static func isDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "]"), UInt8(ascii: "}"),
            UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "\""):
            true
        default: false
        }
    }

    // MARK: Errors

    private func unexpected(_ wanted: String) -> JSONSyntaxError {
        if let problem = tokenProblem() { return error(problem, at: index) }
        return error(.expected(wanted, found: current == nil ? nil : token()), at: index)
    }

    /// The error in the byte at the cursor that does not depend on what was expected; nil if a valid character starts there.
    private func tokenProblem() -> JSONSyntaxError.Problem? {
        guard let byte = current else { return nil }
        if byte < 0x20 { return .controlCharacter(byte) }
        var iterator = bytes[index...].makeIterator()
        var decoder = UTF8()
        if case .error = decoder.decode(&iterator) { return .invalidUTF8 }
        return nil
    }

    /// The token at the cursor, quoted unless it is a string.
    private func token() -> String {
        let text = rawToken()
        return text.utf8.first == UInt8(ascii: "\"") && text.utf8.count > 1 ? text : text.quotedForPeople
    }

    /// The first 40 bytes at most of the token at the cursor, as written.
    private func rawToken() -> String {
        let limit = min(bytes.count, index + 40)
        guard index < limit else { return "" }
        var end = index + 1
        if bytes[index] == UInt8(ascii: "\"") {
            while end < limit, bytes[end] != UInt8(ascii: "\""), bytes[end] >= 0x20 { end += 1 }
            if end < limit, bytes[end] == UInt8(ascii: "\"") { return excerpt(from: index, length: end + 1 - index) }
            return excerpt(from: index, length: end - index) + "…\""
        }
        if Self.isDelimiter(bytes[index]) { return excerpt(from: index, length: 1) }
        while end < limit, !Self.isDelimiter(bytes[end]) { end += 1 }
        return excerpt(from: index, length: end - index)
    }

    private func excerpt(from start: Int, length: Int) -> String {
        String(decoding: bytes[start..<min(bytes.count, start + length)], as: UTF8.self)
    }

    private func error(_ problem: JSONSyntaxError.Problem, at offset: Int) -> JSONSyntaxError {
        let (line, column) = position(of: offset)
        return JSONSyntaxError(line: line, column: column, problem: problem)
    }

    private func position(of offset: Int) -> (line: Int, column: Int) {
        var line = 1
        var column = 1
        for byte in bytes[..<min(offset, bytes.count)] {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return (line, column)
    }
}

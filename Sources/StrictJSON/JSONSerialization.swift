extension JSONValue {
    /// The value as JSON text.
    ///
    /// Escapes all characters that RFC 8259 section 7 requires to be escaped, and characters that control a terminal or
    /// mislead its reader: DEL, the C1 controls, and the characters that change the direction of text (Unicode's Bidi_Control)
    /// or end a line. Slashes are not escaped.
    ///
    /// - Parameter pretty: whether to break lines and indent by two spaces; empty arrays and objects stay `[]` and `{}`.
    /// - Returns: the text, without a line break at its end.
    public func serialized(pretty: Bool = false) -> String {
        var bytes: [UInt8] = []
        serialize(into: &bytes, indentation: pretty ? 0 : nil)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the value as JSON text in UTF-8; see ``serialized(pretty:)``.
    ///
    /// - Parameter indentation: the blanks before the line that the text begins on, if it has lines; nil for a text on one
    ///   line.
    public func serialize(into bytes: inout [UInt8], indentation: Int?) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .number(let text): bytes += text.utf8
        case .string(let text): Self.append(text, to: &bytes)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (position, element) in elements.enumerated() {
                Self.beginItem(position, &bytes, indentation: indentation)
                element.serialize(into: &bytes, indentation: indentation.map { $0 + 2 })
            }
            if !elements.isEmpty { Self.breakLine(&bytes, indentation: indentation) }
            bytes.append(UInt8(ascii: "]"))
        case .object(let object):
            bytes.append(UInt8(ascii: "{"))
            for (position, member) in object.members.enumerated() {
                Self.beginItem(position, &bytes, indentation: indentation)
                Self.append(member.key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                if indentation != nil { bytes.append(UInt8(ascii: " ")) }
                member.value.serialize(into: &bytes, indentation: indentation.map { $0 + 2 })
            }
            if !object.isEmpty { Self.breakLine(&bytes, indentation: indentation) }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    /// What stands before an element or a member.
    private static func beginItem(_ position: Int, _ bytes: inout [UInt8], indentation: Int?) {
        if position > 0 { bytes.append(UInt8(ascii: ",")) }
        breakLine(&bytes, indentation: indentation.map { $0 + 2 })
    }

    private static func breakLine(_ bytes: inout [UInt8], indentation: Int?) {
        guard let indentation else { return }
        bytes.append(UInt8(ascii: "\n"))
        for _ in 0..<indentation { bytes.append(UInt8(ascii: " ")) }
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        let isCopied = text.withUTF8 { utf8 in
            // Nearly every text; copied as a whole.
            guard utf8.allSatisfy({ isPlain($0) }) else { return false }
            bytes.append(contentsOf: utf8)
            return true
        }
        if !isCopied {
            for scalar in text.unicodeScalars {
                if mustBeEscaped(scalar) {
                    appendEscape(UInt16(truncatingIfNeeded: scalar.value), to: &bytes)
                } else if scalar.value < 0x7F {
                    append(ascii: UInt8(truncatingIfNeeded: scalar.value), to: &bytes)
                } else {
                    bytes += String(scalar).utf8
                }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Whether an ASCII character stands for itself in a string.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private static func mustBeEscaped(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    private static func appendEscape(_ unit: UInt16, to bytes: inout [UInt8]) {
        let digits = String(unit, radix: 16)
        bytes += "\\u".utf8
        bytes += repeatElement(UInt8(ascii: "0"), count: 4 - digits.utf8.count)
        bytes += digits.utf8
    }

    private static func append(ascii byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
        case 0x08: bytes += "\\b".utf8
        case 0x09: bytes += "\\t".utf8
        case 0x0A: bytes += "\\n".utf8
        case 0x0C: bytes += "\\f".utf8
        case 0x0D: bytes += "\\r".utf8
        case 0..<0x20: appendEscape(UInt16(byte), to: &bytes)
        default: bytes.append(byte)
        }
    }
}

extension String {
    /// The text in double quotes, escaped as JSON and cut after 100 bytes, for error messages.
    public var quotedForPeople: String {
        JSONValue.string(self).excerpt
    }
}

extension JSONValue {
    /// The value on one line, cut after 100 bytes, for error messages.
    public var excerpt: String {
        let limit = 100
        if case .string(let text) = self {
            return JSONValue.string(text.utf8.count > limit ? text.cut(after: limit) : text).serialized()
        }
        let text = serialized()
        return text.utf8.count > limit ? text.cut(after: limit) : text
    }
}

extension String {
    /// At most the first `limit` bytes, whole scalars only, and an ellipsis.
    fileprivate func cut(after limit: Int) -> String {
        var end = utf8.index(startIndex, offsetBy: limit)
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end]) + "…"
    }
}

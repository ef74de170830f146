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
        append(to: &bytes, indentation: pretty ? 0 : nil)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func append(to bytes: inout [UInt8], indentation: Int?) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .number(let text): bytes += text.utf8
        case .string(let text): Self.append(text, to: &bytes)
        case .array(let elements):
            Self.append(elements, between: "[", "]", to: &bytes, indentation: indentation) { element, bytes, inner in
                element.append(to: &bytes, indentation: inner)
            }
        case .object(let object):
            Self.append(object.members, between: "{", "}", to: &bytes, indentation: indentation) {
                member, bytes, inner in
                Self.append(member.key, to: &bytes)
                bytes += (inner == nil ? ":" : ": ").utf8
                member.value.append(to: &bytes, indentation: inner)
            }
        }
    }

    private static func append<Item>(
        _ items: [Item], between open: String, _ close: String, to bytes: inout [UInt8], indentation: Int?,
        appendItem: (Item, inout [UInt8], Int?) -> Void
    ) {
        bytes += open.utf8
        let inner = indentation.map { $0 + 2 }
        for (position, item) in items.enumerated() {
            if position > 0 { bytes.append(UInt8(ascii: ",")) }
            breakLine(&bytes, indentation: inner)
            appendItem(item, &bytes, inner)
        }
        if !items.isEmpty { breakLine(&bytes, indentation: indentation) }
        bytes += close.utf8
    }

    private static func breakLine(_ bytes: inout [UInt8], indentation: Int?) {
        guard let indentation else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes += repeatElement(UInt8(ascii: " "), count: indentation)
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        if text.utf8.allSatisfy({ $0 < 0x7F }) {
            append(ascii: text.utf8, to: &bytes)
        } else {
            for scalar in text.unicodeScalars {
                if mustBeEscaped(scalar) {
                    appendEscape(UInt16(truncatingIfNeeded: scalar.value), to: &bytes)
                } else if scalar.value < 0x7F {
                    append(ascii: CollectionOfOne(UInt8(truncatingIfNeeded: scalar.value)), to: &bytes)
                } else {
                    bytes += String(scalar).utf8
                }
            }
        }
        bytes.append(UInt8(ascii: "\""))
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

    private static func append(ascii text: some Sequence<UInt8>, to bytes: inout [UInt8]) {
        for byte in text {
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

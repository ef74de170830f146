import IPAMKit

/// JSON values as YAML 1.2 in block style. Strings are double-quoted, which YAML reads as JSON does.
enum YAMLText {
    static func render(_ value: JSONValue) -> String {
        var text = ""
        append(value, indent: "", to: &text)
        return text
    }

    private static func append(_ value: JSONValue, indent: String, to text: inout String) {
        switch value {
        case .array(let elements) where !elements.isEmpty:
            for element in elements {
                var nested = ""
                append(element, indent: indent + "  ", to: &nested)
                // The element's first line stands beside its dash.
                text += indent + "- " + (isBlock(element) ? String(nested.dropFirst(indent.count + 2)) : nested)
            }
        case .object(let object) where !object.isEmpty:
            for member in object.members {
                text += indent + key(member.key) + ":"
                text += isBlock(member.value) ? "\n" : " "
                append(member.value, indent: indent + "  ", to: &text)
            }
        case .null, .bool, .number, .string, .array, .object:
            text += printable(value.serialized()) + "\n"
        }
    }

    private static func isBlock(_ value: JSONValue) -> Bool {
        switch value {
        case .array(let elements): !elements.isEmpty
        case .object(let object): !object.isEmpty
        case .null, .bool, .number, .string: false
        }
    }

    private static func key(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }
        return isPlain ? text : printable(JSONValue.string(text).serialized())
    }

    /// Escapes characters that JSON allows in strings and YAML does not (section 5.1).
    private static func printable(_ json: String) -> String {
        guard json.unicodeScalars.contains(where: isUnprintable) else { return json }
        var text = ""
        for scalar in json.unicodeScalars {
            guard isUnprintable(scalar) else {
                text.unicodeScalars.append(scalar)
                continue
            }
            let digits = String(scalar.value, radix: 16)
            text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
        }
        return text
    }

    private static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: true
        default: false
        }
    }
}

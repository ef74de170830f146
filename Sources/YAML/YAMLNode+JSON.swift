import StrictJSON

extension YAMLNode {
    /// The value as JSON, as kubectl reads it: plain scalars are `null`, Booleans and numbers as in YAML 1.1 (without its
    /// numbers to the base 60). The members of an object are in the order of their values' places.
    public var json: JSONValue {
        switch content {
        case .scalar(let text, isPlain: false): return .string(text)
        case .scalar(let text, isPlain: true): return Self.resolved(text)
        case .sequence(let elements): return .array(elements.map(\.json))
        case .mapping(let members):
            let sorted = members.sorted {
                ($0.value.mark.line, $0.value.mark.column, $0.key) < ($1.value.mark.line, $1.value.mark.column, $1.key)
            }
            var object = JSONObject()
            for (key, node) in sorted { object[key] = node.json }
            return .object(object)
        }
    }

    /// Booleans of YAML 1.1 (type `bool`).
    private static let truths: Set<String> = [
        "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON",
    ]
    private static let falsehoods: Set<String> = [
        "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF",
    ]

    private static func resolved(_ text: String) -> JSONValue {
        if ["", "~", "null", "Null", "NULL"].contains(text) { return .null }
        if truths.contains(text) { return .bool(true) }
        if falsehoods.contains(text) { return .bool(false) }
        return number(text).map(JSONValue.number) ?? .string(text)
    }

    /// The text of a JSON number; nil if `text` is not a number of YAML 1.1 that JSON has, too.
    private static func number(_ text: String) -> String? {
        let isNegative = text.hasPrefix("-")
        let digits = isNegative || text.hasPrefix("+") ? String(text.dropFirst()) : text
        guard let first = digits.utf8.first, (0x30...0x39).contains(first) || first == UInt8(ascii: ".") else {
            return nil
        }
        for (prefix, radix) in [("0x", 16), ("0b", 2), ("0o", 8), ("0", 8)] where digits.hasPrefix(prefix) {
            let rest = digits.dropFirst(prefix.count)
            guard let value = rest.first?.isHexDigit == true ? Int(rest, radix: radix) : nil else { continue }
            return "\(isNegative ? -value : value)"
        }
        let hasOnlyDigits = digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
        if hasOnlyDigits { return (isNegative ? "-" : "") + digits }
        let isDecimal = digits.utf8.allSatisfy { (0x30...0x39).contains($0) || ".eE+-".utf8.contains($0) }
        guard isDecimal, let value = Double(text), value.isFinite else { return nil }
        return "\(value)"
    }
}

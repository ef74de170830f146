/// One GET of the Kubernetes API.
struct APIRequest: Sendable {
    let question: KubernetesError.Question
    /// The path of the URL behind the server's own, and its query.
    let target: String
    /// The largest answer that is taken, in bytes.
    let limit: Int
    /// The one object that is asked for: its resource and name; nil for a list.
    let object: Object?

    struct Object: Sendable {
        /// Such as `pods`.
        let resource: String
        let name: String
    }

    /// A path and a query, percent-encoded (RFC 3986 section 2.1).
    static func target(_ path: [String], _ query: [(name: String, value: String)] = []) -> String {
        let pairs = query.map { "\(encoded($0.name))=\(encoded($0.value))" }
        return path.map { "/\(encoded($0))" }.joined() + (pairs.isEmpty ? "" : "?\(pairs.joined(separator: "&"))")
    }

    /// Whether a text can be a segment of a path and nothing else: Kubernetes has no names but those.
    static func isSegment(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.contains("/") && !name.contains("%")
    }

    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// One request to the Kubernetes API: a GET, or a POST with a body.
struct APIRequest: Sendable {
    let question: KubernetesError.Question
    /// The path and the query, to be appended to the server's URL.
    let target: String
    /// The largest response body that is accepted, in bytes.
    let limit: Int
    /// The resource and the name of the requested object; nil for a list.
    let object: Object?
    /// The JSON text of a POST; nil for a GET.
    var body: [UInt8]?

    struct Object: Sendable {
        /// Such as `pods`.
        let resource: String
        let name: String
    }

    /// Makes a path and a query, percent-encoded (RFC 3986 section 2.1).
    static func target(_ path: [String], _ query: [(name: String, value: String)] = []) -> String {
        let pairs = query.map { "\(encoded($0.name))=\(encoded($0.value))" }
        return path.map { "/\(encoded($0))" }.joined() + (pairs.isEmpty ? "" : "?\(pairs.joined(separator: "&"))")
    }

    /// Whether a text can be exactly one segment of a path, as all names in Kubernetes can.
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

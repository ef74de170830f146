/// Header fields in the order received. Names are in lower case, as HTTP/2 sends them (RFC 9113 section 8.2).
public struct HTTPFields: Sendable {
    /// All fields; a name may occur more than once.
    public private(set) var all: [(name: String, value: String)] = []

    /// No fields.
    public init() {}

    /// The first value of the field `name`, which is in lower case; nil if there is none.
    public subscript(name: String) -> String? {
        all.first { $0.name == name }?.value
    }

    mutating func append(_ name: String, _ value: String) {
        all.append((name, value))
    }
}

/// The start of a response.
public struct HTTPResponseHead: Sendable {
    /// The status code, 200 to 599.
    public var status: Int
    /// The fields before the body.
    public var headers: HTTPFields
}

/// A response, complete.
public struct HTTPResponse: Sendable {
    /// The status and the header fields.
    public var head: HTTPResponseHead
    /// The whole content.
    public var body: [UInt8]
    /// The fields after the body (RFC 9110 section 6.5).
    public var trailers: HTTPFields
    /// The certificates that the server sent, its own first; empty unless ``HTTPRequest/recordsCertificates`` is set.
    public var certificates: [X509Certificate] = []
}

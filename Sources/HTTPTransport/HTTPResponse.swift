/// Header fields as they came, names in lower case (as HTTP/2 sends them, RFC 9113 section 8.2).
public struct HTTPFields: Sendable {
    public private(set) var all: [(name: String, value: String)] = []

    public init() {}

    /// The first value of the field `name` (lower case).
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
    public var headers: HTTPFields
}

/// A response, complete.
public struct HTTPResponse: Sendable {
    public var head: HTTPResponseHead
    public var body: [UInt8]
    /// Fields that followed the body (RFC 9110 section 6.5).
    public var trailers: HTTPFields
}

/// A message that can be received.
protocol ProtobufDecodable: Sendable {
    /// Reads the fields; unknown ones are skipped.
    init(from reader: inout ProtobufReader) throws(MalformedProtobuf)
}

/// The bytes are not the expected message.
struct MalformedProtobuf: Error {}

/// Reads a message in the binary format of protobuf (protobuf.dev, "Encoding").
///
///     while let field = try reader.next() {
///         switch field {
///         case 1: revision = try reader.integer()
///         default: try reader.skip()
///         }
///     }
struct ProtobufReader {
    /// The largest number of messages in one another. A transaction of etcd may have 128 levels, and each is two messages.
    static let deepest = 300

    private let whole: [UInt8]
    /// The rest of the message.
    private var position: Int
    private let end: Int
    private let depth: Int
    private var type = ProtobufWireType.varint

    init(_ bytes: [UInt8]) {
        whole = bytes
        position = 0
        end = bytes.count
        depth = 1
    }

    private init(_ bytes: [UInt8], _ range: Range<Int>, depth: Int) {
        whole = bytes
        position = range.lowerBound
        end = range.upperBound
        self.depth = depth
    }

    /// Decodes a message.
    static func message<Message: ProtobufDecodable>(_ bytes: [UInt8]) throws(MalformedProtobuf) -> Message {
        var reader = ProtobufReader(bytes)
        return try Message(from: &reader)
    }

    /// Goes on to the next field, and returns its number; nil at the end of the message. The value of the field must be read,
    /// or skipped.
    mutating func next() throws(MalformedProtobuf) -> Int? {
        guard position < end else { return nil }
        let tag = try varint()
        guard let type = ProtobufWireType(rawValue: UInt8(tag & 7)), let field = Int(exactly: tag >> 3), field > 0
        else {
            throw MalformedProtobuf()
        }
        self.type = type
        return field
    }

    /// Reads an `int64` or an enumeration.
    mutating func integer() throws(MalformedProtobuf) -> Int64 {
        Int64(bitPattern: try unsigned())
    }

    /// Reads a `uint64`.
    mutating func unsigned() throws(MalformedProtobuf) -> UInt64 {
        guard type == .varint else { throw MalformedProtobuf() }
        return try varint()
    }

    /// Reads a `bool`.
    mutating func flag() throws(MalformedProtobuf) -> Bool {
        try unsigned() != 0
    }

    /// Reads a field of type `bytes`; the result shares the memory of the whole message.
    mutating func bytes() throws(MalformedProtobuf) -> ArraySlice<UInt8> {
        whole[try lengthDelimited()]
    }

    /// Reads a `string`.
    mutating func text() throws(MalformedProtobuf) -> String {
        String(decoding: try bytes(), as: UTF8.self)
    }

    /// Reads a message.
    mutating func message<Message: ProtobufDecodable>() throws(MalformedProtobuf) -> Message {
        guard depth < Self.deepest else { throw MalformedProtobuf() }
        var reader = ProtobufReader(whole, try lengthDelimited(), depth: depth + 1)
        return try Message(from: &reader)
    }

    /// Skips the value of the field.
    mutating func skip() throws(MalformedProtobuf) {
        switch type {
        case .varint: _ = try varint()
        case .fixed64: try advance(by: 8)
        case .lengthDelimited: _ = try lengthDelimited()
        case .fixed32: try advance(by: 4)
        }
    }

    private mutating func advance(by count: Int) throws(MalformedProtobuf) {
        guard end - position >= count else { throw MalformedProtobuf() }
        position += count
    }

    private mutating func lengthDelimited() throws(MalformedProtobuf) -> Range<Int> {
        guard type == .lengthDelimited else { throw MalformedProtobuf() }
        let length = try varint()
        guard length <= UInt64(end - position) else { throw MalformedProtobuf() }
        let start = position
        position += Int(length)
        return start..<position
    }

    /// At most ten bytes with seven bits each, the lowest first.
    private mutating func varint() throws(MalformedProtobuf) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard position < end else { throw MalformedProtobuf() }
            let byte = whole[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw MalformedProtobuf()
    }
}

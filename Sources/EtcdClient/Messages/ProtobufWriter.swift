/// A message that can be sent.
protocol ProtobufEncodable: Sendable {
    /// Writes the fields.
    func write(to writer: inout ProtobufWriter)
}

/// Writes a message in the binary format of protobuf (protobuf.dev, "Encoding").
///
/// A field with its default value (0, false, empty) is left out, as proto3 does; a member of a `oneof` is always written.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    /// The encoding of a message.
    static func bytes(of message: some ProtobufEncodable) -> [UInt8] {
        var writer = ProtobufWriter()
        message.write(to: &writer)
        return writer.bytes
    }

    /// Writes an `int64`, or an enumeration.
    mutating func integer(_ value: Int64, field: Int, isInOneof: Bool = false) {
        guard value != 0 || isInOneof else { return }
        tag(field, .varint)
        varint(UInt64(bitPattern: value))
    }

    /// Writes a `bool`.
    mutating func flag(_ value: Bool, field: Int) {
        integer(value ? 1 : 0, field: field)
    }

    /// Writes a field of type `bytes`.
    mutating func bytes(_ value: [UInt8], field: Int, isInOneof: Bool = false) {
        guard !value.isEmpty || isInOneof else { return }
        tag(field, .lengthDelimited)
        varint(UInt64(value.count))
        bytes += value
    }

    /// Writes a `string`.
    mutating func text(_ value: String, field: Int) {
        bytes(Array(value.utf8), field: field)
    }

    /// Writes a message, even if it is empty.
    mutating func message(_ value: some ProtobufEncodable, field: Int) {
        tag(field, .lengthDelimited)
        let start = bytes.count
        // Its length is known when it is written; most are shorter than 128 bytes.
        bytes.append(0)
        value.write(to: &self)
        var length = UInt64(bytes.count - start - 1)
        guard length >= 0x80 else {
            bytes[start] = UInt8(length)
            return
        }
        var encoded: [UInt8] = []
        while length >= 0x80 {
            encoded.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        encoded.append(UInt8(length))
        bytes.replaceSubrange(start...start, with: encoded)
    }

    /// Writes a repeated message.
    mutating func messages(_ values: [some ProtobufEncodable], field: Int) {
        for value in values { message(value, field: field) }
    }

    private mutating func tag(_ field: Int, _ type: ProtobufWireType) {
        varint(UInt64(field) << 3 | UInt64(type.rawValue))
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

/// How a field is encoded.
enum ProtobufWireType: UInt8 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case fixed32 = 5
}

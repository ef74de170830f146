/// gRPC over HTTP/2 as etcd needs it (the gRPC project's PROTOCOL-HTTP2.md): framing and status.
enum GRPC {
    /// The outcome of a call as the server states it: `grpc-status` and `grpc-message`.
    struct Status: Sendable {
        let code: Int
        let message: String
    }

    /// A message in its frame: one byte of flags (0, not compressed) and the length, big-endian.
    static func frame(_ message: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = [0]
        frame.reserveCapacity(message.count + 5)
        let count = UInt32(message.count)
        for shift in [24, 16, 8, 0] as [UInt32] { frame.append(UInt8(truncatingIfNeeded: count >> shift)) }
        frame.append(contentsOf: message)
        return frame
    }

    /// Takes frames apart as their bytes arrive.
    struct Deframer {
        private var bytes: [UInt8] = []
        private var start = 0

        /// No frame of etcd's is larger than this.
        private static let largest = 512 << 20

        struct Malformed: Error {
            let problem: String
        }

        mutating func append(_ more: [UInt8]) {
            if start == bytes.count {
                bytes = more
                start = 0
            } else {
                bytes.append(contentsOf: more)
            }
        }

        /// The next whole message; nil when more bytes are needed.
        mutating func next() throws(Malformed) -> ArraySlice<UInt8>? {
            guard bytes.count - start >= 5 else { return nil }
            guard bytes[start] == 0 else { throw Malformed(problem: "a gRPC frame is compressed") }
            let count = bytes[(start + 1)...(start + 4)].reduce(0) { $0 << 8 | Int($1) }
            guard count <= Self.largest else { throw Malformed(problem: "a gRPC frame of \(count) bytes") }
            guard bytes.count - start - 5 >= count else { return nil }
            defer { start += 5 + count }
            return bytes[(start + 5)..<(start + 5 + count)]
        }

        /// True when no part of a frame is left over.
        var isEmpty: Bool { start == bytes.count }
    }

    /// `grpc-message` is percent-encoded UTF-8.
    static func decodeMessage(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

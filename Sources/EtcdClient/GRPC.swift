/// The parts of gRPC over HTTP/2 that etcd needs (PROTOCOL-HTTP2.md of the gRPC project): framing and status.
enum GRPC {
    /// The result of a call, as the server reports it in `grpc-status` and `grpc-message`.
    struct Status: Sendable, Equatable {
        let code: Int
        let message: String
    }

    /// A message in a frame: one byte of flags (0: not compressed), the length in four bytes, big-endian, and the message.
    static func frame(_ message: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = [0]
        frame.reserveCapacity(message.count + 5)
        let count = UInt32(message.count)
        for shift in [24, 16, 8, 0] as [UInt32] { frame.append(UInt8(truncatingIfNeeded: count >> shift)) }
        frame.append(contentsOf: message)
        return frame
    }

    /// Extracts messages from frames whose bytes arrive in parts.
    struct Deframer {
        /// The bytes that were not taken yet begin at ``start``.
        private var bytes: [UInt8] = []
        private var start = 0

        /// In bytes. etcd sends no larger frame, so a larger length means that this is not a frame.
        static let largest = 256 << 20

        struct Malformed: Error {
            let problem: String
        }

        mutating func append(_ more: [UInt8]) {
            if start == bytes.count {
                bytes = more
            } else {
                // Without this, the buffer of a stream that never pauses between two frames would grow for ever.
                bytes.removeSubrange(..<start)
                bytes.append(contentsOf: more)
            }
            start = 0
        }

        /// The next whole message; nil if more bytes are needed.
        mutating func next() throws(Malformed) -> ArraySlice<UInt8>? {
            guard bytes.count - start >= 5 else { return nil }
            guard bytes[start] == 0 else { throw Malformed(problem: "a gRPC frame is compressed") }
            let count = bytes[(start + 1)...(start + 4)].reduce(0) { $0 << 8 | Int($1) }
            guard count <= Self.largest else { throw Malformed(problem: "a gRPC frame of \(count) bytes is too large") }
            guard bytes.count - start - 5 >= count else { return nil }
            defer { start += 5 + count }
            return bytes[(start + 5)..<(start + 5 + count)]
        }

        /// True if no part of a frame is left.
        var isEmpty: Bool { start == bytes.count }

        /// The number of bytes that are kept in memory.
        var footprint: Int { bytes.count }
    }

    /// Decodes a `grpc-message`, which is percent-encoded UTF-8. Parts with a wrong encoding stay as they are, as the protocol
    /// demands.
    static func decodeMessage(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let high = hexDigit(rest[rest.startIndex]),
                let low = hexDigit(rest[rest.startIndex + 1])
            {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

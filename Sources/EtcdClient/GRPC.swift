/// gRPC over HTTP/2 as etcd needs it (the gRPC project's PROTOCOL-HTTP2.md): framing and status.
enum GRPC {
    /// The outcome of a call as the server states it: `grpc-status` and `grpc-message`.
    struct Status: Sendable, Equatable {
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
        /// Bytes that were not taken yet, from ``start`` on.
        private var bytes: [UInt8] = []
        private var start = 0

        /// No frame of etcd's is larger than this; what announces more is no frame.
        static let largest = 256 << 20

        struct Malformed: Error {
            let problem: String
        }

        mutating func append(_ more: [UInt8]) {
            if start == bytes.count {
                bytes = more
            } else {
                // What was taken goes, or a stream that never pauses between two frames would grow for ever.
                bytes.removeSubrange(..<start)
                bytes.append(contentsOf: more)
            }
            start = 0
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

        /// How many bytes are kept in memory.
        var footprint: Int { bytes.count }
    }

    /// `grpc-message` is percent-encoded UTF-8. What is not well encoded stays as it is, as the protocol asks.
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

import TestSupport
import Testing

@testable import EtcdClient

@Suite(.serialized) struct GRPCTests {
    @Test func anyChunkingGivesTheSameMessages() throws {
        for _ in 0..<200 {
            var generator = SeededGenerator()
            let messages = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                (0..<Int.random(in: 0...400, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator)
                }
            }
            var rest = messages.flatMap(GRPC.frame)[...]
            var deframer = GRPC.Deframer()
            var found: [[UInt8]] = []
            while !rest.isEmpty {
                let count = Int.random(in: 1...max(1, min(rest.count, 300)), using: &generator)
                deframer.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
                // A reader need not take all that there is before more comes.
                while Int.random(in: 0..<5, using: &generator) > 0, let message = try deframer.next() {
                    found.append(Array(message))
                }
            }
            while let message = try deframer.next() { found.append(Array(message)) }
            #expect(found == messages, "\(generator)")
            #expect(deframer.isEmpty, "\(generator)")
        }
    }

    @Test func aStreamThatNeverPausesDoesNotGrow() throws {
        let frame = GRPC.frame([UInt8](repeating: 1, count: 995))
        var deframer = GRPC.Deframer()
        // Every chunk ends within a frame.
        deframer.append(Array(frame.prefix(500)))
        for _ in 0..<1000 {
            deframer.append(Array(frame.dropFirst(500)) + frame.prefix(500))
            #expect(try deframer.next()?.count == 995)
            #expect(try deframer.next() == nil)
        }
        #expect(deframer.footprint < 3000)
    }

    @Test func aFrameMayBeEmpty() throws {
        var deframer = GRPC.Deframer()
        deframer.append([0, 0, 0, 0, 0])
        #expect(try deframer.next()?.isEmpty == true)
        #expect(try deframer.next() == nil)
    }

    @Test func aFrameThatIsTooLargeIsRefusedBeforeItComes() {
        for size in [[16, 0, 0, 1], [255, 255, 255, 255]] as [[UInt8]] {
            var deframer = GRPC.Deframer()
            deframer.append([0] + size)
            #expect(throws: GRPC.Deframer.Malformed.self) { try deframer.next() }
        }
        var deframer = GRPC.Deframer()
        deframer.append([0, 16, 0, 0, 0])
        #expect(throws: Never.self) { try deframer.next() }
    }

    @Test func aCompressedFrameIsRefused() {
        var deframer = GRPC.Deframer()
        deframer.append([1, 0, 0, 0, 0])
        #expect(throws: GRPC.Deframer.Malformed.self) { try deframer.next() }
    }

    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("a%20b", "a b"), ("%C3%A4%e2%82%ac", "ä€"), ("100%", "100%"), ("%2", "%2"),
        ("%zz%41", "%zzA"), ("%+f", "%+f"), ("%-1%", "%-1%"), ("%%41", "%A"), ("%0", "%0"), ("%ff", "\u{FFFD}"),
    ]) func messagesArePercentDecoded(_ encoded: String, _ text: String) {
        #expect(GRPC.decodeMessage(encoded) == text)
    }

    @Test func decodesWhatWasEncoded() {
        var generator = SeededGenerator()
        for _ in 0..<300 {
            let text = String(
                String.UnicodeScalarView(
                    (0..<20).map { _ in
                        Unicode.Scalar(UInt32.random(in: 1..<0xD800, using: &generator)) ?? "?"
                    }))
            let encoded = text.utf8.map { byte in
                (0x20...0x7E).contains(byte) && byte != 0x25
                    ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }.joined()
            #expect(GRPC.decodeMessage(encoded) == text, "\(generator)")
        }
    }

    @Test func refusalsHaveTheirMeaning() {
        func refusal(_ code: Int, _ message: String) -> EtcdError? {
            EtcdError(refusal: GRPC.Status(code: code, message: message))
        }
        #expect(refusal(8, "etcdserver: mvcc: database space exceeded") == .noSpace)
        #expect(refusal(8, "etcdserver: too many requests") == .tooManyRequests)
        #expect(refusal(8, "grpc: received message larger than max (3 vs. 2)") == .requestTooLarge)
        #expect(refusal(14, "etcdserver: leader changed") == nil)
        #expect(refusal(2, "?") == nil)
        // What etcd itself never says of a request is about the endpoint: another one is asked.
        #expect(refusal(12, "unknown method") == nil && refusal(13, "internal") == nil)
    }
}

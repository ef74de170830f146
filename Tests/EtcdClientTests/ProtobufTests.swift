import TestSupport
import Testing

@testable import EtcdClient

@Suite struct ProtobufTests {
    private struct Fields: ProtobufEncodable {
        let write: @Sendable (inout ProtobufWriter) -> Void

        func write(to writer: inout ProtobufWriter) { write(&writer) }
    }

    /// The examples of protobuf.dev, "Encoding".
    @Test func theExamplesOfTheSpecificationAreEncodedAsThere() {
        #expect(ProtobufWriter.bytes(of: Fields { $0.integer(150, field: 1) }) == [0x08, 0x96, 0x01])
        #expect(
            ProtobufWriter.bytes(of: Fields { $0.integer(-2, field: 1) }) == [0x08, 0xFE]
                + Array(repeating: 0xFF, count: 8) + [0x01])
        #expect(
            ProtobufWriter.bytes(of: Fields { $0.text("testing", field: 2) }) == [0x12, 0x07] + Array("testing".utf8))
        #expect(
            ProtobufWriter.bytes(of: Fields { $0.message(Fields { $0.integer(150, field: 1) }, field: 3) }) == [
                0x1A, 0x03, 0x08, 0x96, 0x01,
            ])
        #expect(ProtobufWriter.bytes(of: Fields { $0.flag(true, field: 16) }) == [0x80, 0x01, 0x01])
    }

    @Test func aDefaultValueIsLeftOutExceptInAOneof() {
        #expect(ProtobufWriter.bytes(of: EtcdRangeRequest(key: [])) == [])
        // `target` CREATE, `key`, and `create_revision` although it is 0.
        #expect(
            ProtobufWriter.bytes(of: EtcdCompare(key: [0x61], .createRevision(0))) == [
                0x10, 0x01, 0x1A, 0x01, 0x61, 0x28, 0x00,
            ])
    }

    @Test func anyLengthOfAMessageIsWrittenBeforeIt() throws {
        for count in [0, 1, 125, 126, 127, 128, 16_380, 16_384, 70_000] {
            let value = [UInt8](repeating: 7, count: count)
            let bytes = ProtobufWriter.bytes(of: EtcdTxnRequest(success: [.put(.init(key: [1], value: value))]))
            var outer = ProtobufReader(bytes)
            #expect(try outer.next() == 2)
            var operation = ProtobufReader(Array(try outer.bytes()))
            #expect(try outer.next() == nil, "\(count)")
            #expect(try operation.next() == 2)
            var put = ProtobufReader(Array(try operation.bytes()))
            #expect(try operation.next() == nil, "\(count)")
            #expect(try put.next() == 1)
            try put.skip()
            if count > 0 {
                #expect(try put.next() == 2)
                #expect(Array(try put.bytes()) == value)
            }
            #expect(try put.next() == nil, "\(count)")
        }
    }

    /// Bytes as etcd sends them: written out by hand from the field numbers of rpc.proto and kv.proto.
    @Test func theAnswersOfEtcdAreRead() throws {
        let kv: [UInt8] = [
            0x0A, 0x01, 0x61, 0x10, 0x02, 0x18, 0x05, 0x20, 0x03, 0x2A, 0x02, 0x76, 0x31, 0x30, 0x80, 0x01,
        ]
        let header: [UInt8] = [0x0A, 0x07, 0x08, 0x01, 0x10, 0xAC, 0x02, 0x18, 0x05]
        let range: EtcdRangeResponse = try ProtobufReader.message(
            header + [0x12, UInt8(kv.count)] + kv + [0x18, 0x01, 0x20, 0x07])
        #expect((range.header.clusterID, range.header.memberID, range.header.revision) == (1, 300, 5))
        let record = try #require(range.kvs.first)
        #expect((Array(record.key), Array(record.value)) == ([0x61], Array("v1".utf8)))
        #expect((record.createRevision, record.modRevision, record.version, record.lease) == (2, 5, 3, 128))
        #expect(range.more && range.count == 7)

        let deletion: EtcdDeleteRangeResponse = try ProtobufReader.message(header + [0x10, 0x02])
        #expect(deletion.deleted == 2)

        let event: [UInt8] = [0x08, 0x01, 0x12, 0x05, 0x0A, 0x01, 0x61, 0x18, 0x06, 0x1A, UInt8(kv.count)] + kv
        let watch: EtcdWatchResponse = try ProtobufReader.message(
            header + [0x18, 0x01, 0x20, 0x01, 0x28, 0x04, 0x32, 0x01, 0x78, 0x38, 0x01, 0x5A, UInt8(event.count)]
                + event)
        #expect(watch.created && watch.canceled && watch.fragment)
        #expect((watch.compactRevision, watch.cancelReason) == (4, "x"))
        let change = try #require(watch.events.first)
        #expect(change.kind == .delete && change.kv.modRevision == 6)
        #expect(change.previous.map { Array($0.value) } == Array("v1".utf8))

        let status: EtcdStatusResponse = try ProtobufReader.message(
            header + [0x12, 0x03] + Array("3.4".utf8)
                + [0x18, 0x0A, 0x20, 0x0B, 0x42, 0x01, 0x65, 0x48, 0x09, 0x50, 0x01, 0x60, 0x64])
        #expect((status.version, status.dbSize, status.leader, status.errors) == ("3.4", 10, 11, ["e"]))
        #expect((status.dbSizeInUse, status.isLearner, status.dbSizeQuota) == (9, true, 100))
    }

    @Test func unknownFieldsOfEveryKindAreSkipped() throws {
        let unknown = Fields { writer in
            writer.integer(.max, field: 1000)
            writer.text("x", field: 1001)
        }
        let fixed: [UInt8] = [0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7D, 1, 2, 3, 4]
        let known = Fields { writer in
            writer.message(Fields { $0.integer(42, field: 3) }, field: 1)
            writer.integer(3, field: 4)
        }
        let bytes = ProtobufWriter.bytes(of: unknown) + fixed + ProtobufWriter.bytes(of: known)
        let answer: EtcdRangeResponse = try ProtobufReader.message(bytes)
        #expect(answer.header.revision == 42)
        #expect(answer.count == 3)
    }

    @Test(
        arguments: [
            [0x08], [0x08, 0x80], [0x0A, 0x05, 1], [0x0B], [0x0E], [0x00, 0x01], [0x08, 0x01],
            [0x20] + Array(repeating: 0xFF, count: 10),
            [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
            [0x79, 1, 2], [0x7D, 1, 2, 3],
        ] as [[UInt8]])
    func bytesThatAreNoMessageAreRefused(_ bytes: [UInt8]) {
        #expect(throws: MalformedProtobuf.self) { let _: EtcdRangeResponse = try ProtobufReader.message(bytes) }
    }

    @Test func messagesThatAreTooDeepAreRefused() throws {
        func nested(_ levels: Int) -> [UInt8] {
            var request = EtcdTxnRequest(success: [])
            for _ in 0..<levels { request = EtcdTxnRequest(success: [], failure: [.txn(request)]) }
            // In a response, 3 is the field of the operations, as it is that of the failure branch in a request.
            return ProtobufWriter.bytes(of: request)
        }
        let deep: EtcdTxnResponse = try ProtobufReader.message(nested(128))
        #expect(deep.responses.count == 1)
        #expect(throws: MalformedProtobuf.self) { let _: EtcdTxnResponse = try ProtobufReader.message(nested(150)) }
        #expect(throws: MalformedProtobuf.self) { let _: EtcdTxnResponse = try ProtobufReader.message(nested(5000)) }
    }

    /// What a server sends may be anything.
    @Test(arguments: [61, 62] as [UInt64])
    func anyBytesAreReadOrRefused(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let original = ProtobufWriter.bytes(
            of: Fields { writer in
                writer.message(Fields { $0.integer(42, field: 3) }, field: 1)
                for index in 0..<5 {
                    writer.message(
                        Fields { kv in
                            kv.text("/used/10.0.0.\(index)", field: 1)
                            kv.integer(Int64(index), field: 2)
                            kv.text("value", field: 5)
                        }, field: 2)
                }
                writer.integer(5, field: 4)
            })
        for _ in 0..<20_000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
                }
            }
            if let answer: EtcdRangeResponse = try? ProtobufReader.message(bytes) {
                #expect(answer.kvs.count <= bytes.count, "\(generator)")
            }
            _ = try? ProtobufReader.message(bytes) as EtcdTxnResponse
            _ = try? ProtobufReader.message(bytes) as EtcdWatchResponse
            _ = try? ProtobufReader.message(bytes) as EtcdStatusResponse
        }
    }
}

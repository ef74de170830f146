import HTTPTransport
import TestSupport
import Testing

@Suite(.serialized, .needs(.etcd)) struct HTTP2Tests {
    @Test(arguments: EtcdServer.Version.allCases, [EtcdServer.Security.plain, .tls])
    func trailersCarryTheStatus(_ version: EtcdServer.Version, _ security: EtcdServer.Security) async throws {
        let etcd = try await EtcdServer.start(version: version, security: security)
        let client = HTTPClient(loop: .onOwnThread())
        _ = try await client.send(RawGRPC.put(etcd, "a", [1, 2, 3]))
        let answer = try await client.send(RawGRPC.range(etcd))
        #expect(answer.head.status == 200)
        #expect(answer.head.headers["content-type"] == "application/grpc")
        #expect(answer.trailers["grpc-status"] == "0")
        #expect(answer.body.contains([1, 2, 3]))
        let refusal = try await client.send(RawGRPC.request(etcd, "KV/Range", []))
        #expect(refusal.trailers["grpc-status"] ?? refusal.head.headers["grpc-status"] == "3")
    }

    @Test func oneConnectionCarriesManyRequestsAndIsReplacedWhenItBreaks() async throws {
        let etcd = try await EtcdServer.start()
        let client = HTTPClient(loop: .onOwnThread())
        for _ in 0..<300 { #expect(try await client.send(RawGRPC.range(etcd)).trailers["grpc-status"] == "0") }
        #expect(try etcd.connectionsFromHere() == 1)
        for _ in 0..<3 {
            try await etcd.restart()
            for _ in 0..<20 { #expect(try await client.send(RawGRPC.range(etcd)).trailers["grpc-status"] == "0") }
            #expect(try etcd.connectionsFromHere() == 1)
        }
    }

    @Test(arguments: [EtcdServer.Security.plain, .tls])
    func manyAtOnceAllComplete(_ security: EtcdServer.Security) async throws {
        let etcd = try await EtcdServer.start(security: security)
        let client = HTTPClient(loop: .onOwnThread())
        _ = try await client.send(RawGRPC.put(etcd, "a", [UInt8](repeating: 9, count: 10_000)))
        let before = try etcd.grpcCalls("Range")
        for _ in 0..<3 {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        let answer = try await client.send(RawGRPC.range(etcd))
                        #expect(answer.trailers["grpc-status"] == "0")
                        #expect(answer.body.count > 10_000)
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(try etcd.grpcCalls("Range") - before == 300)
    }

    @Test func twoClientsOfOneLoopDoNotDisturbEachOther() async throws {
        let etcd = try await EtcdServer.start()
        let loop = TransferLoop.onOwnThread()
        for _ in 0..<5 {
            let client = HTTPClient(loop: loop)
            for _ in 0..<5 { #expect(try await client.send(RawGRPC.range(etcd)).trailers["grpc-status"] == "0") }
        }
    }

    @Test func largeAnswersOnAReusedConnectionComeWhole() async throws {
        let etcd = try await EtcdServer.start()
        let client = HTTPClient(loop: .onOwnThread())
        _ = try await client.send(RawGRPC.put(etcd, "a", [UInt8](repeating: 9, count: 1_400_000)))
        for _ in 0..<50 {
            let answer = try await client.send(RawGRPC.range(etcd))
            #expect(answer.trailers["grpc-status"] == "0")
            #expect(answer.body.count > 1_400_000)
        }
    }
}

extension EtcdServer {
    /// How many connections this process holds to its client port, as the kernel counts them (proc(5), /proc/net/tcp).
    func connectionsFromHere() throws -> Int {
        let remote = "0100007F:" + hexadecimal(port)
        let own = try ownSocketInodes()
        return try text("/proc/net/tcp").split(separator: "\n").dropFirst().count { line in
            let fields = line.split(separator: " ")
            return fields.count > 9 && fields[2] == remote && fields[3] == "01" && own.contains(String(fields[9]))
        }
    }
}

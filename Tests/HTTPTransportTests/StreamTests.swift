import HTTPTransport
import TestSupport
import Testing

@Suite(.serialized) struct StreamTests {
    let client = HTTPClient(loop: .onOwnThread())

    private func stream(_ url: String) async throws -> HTTPResponseStream {
        var request = HTTPRequest(url: url)
        request.timeout = nil
        return try await client.stream(request)
    }

    @Test func readsToTheEndAndThenTrailers() async throws {
        let server = try await ScriptedServer.start(.http)
        let stream = try await stream(server.url + "/trailers")
        var body: [UInt8] = []
        while let bytes = try await stream.next() {
            #expect(!bytes.isEmpty)
            body += bytes
        }
        #expect(body == Array("hello".utf8))
        #expect(await stream.trailers["x-sum"] == "42")
        #expect(try await stream.next() == nil)
    }

    @Test func nothingIsLostOfALargeBody() async throws {
        let server = try await ScriptedServer.start(.http)
        let stream = try await stream(server.url + "/bytes/\(32 << 20)")
        var count = 0
        while let bytes = try await stream.next() { count += bytes.count }
        #expect(count == 32 << 20)
    }

    @Test func aSlowReaderMakesTheServerWait() async throws {
        let server = try await ScriptedServer.start(.http)
        let stream = try await stream(server.url + "/endless")
        try await server.waitUntilSeen("stalled")
        // The window, libcurl's buffer and the kernel's buffers on both sides; the server would have sent a gigabyte.
        let sent = server.seen.compactMap { $0.hasPrefix("sent ") ? Int($0.dropFirst(5)) : nil }
        #expect(sent.allSatisfy { $0 < 32 }, "\(sent) MiB")
        var count = 0
        while count < 64 << 20, let bytes = try await stream.next() { count += bytes.count }
        #expect(server.seen.contains("resumed"))
        await stream.cancel()
        try await server.waitUntilSeen("gone")
    }

    @Test func aStreamEndsWhenCancelled() async throws {
        let server = try await ScriptedServer.start(.http)
        let stream = try await stream(server.url + "/stall")
        #expect(try await stream.next() != nil)
        await stream.cancel()
        try await server.waitUntilSeen("gone")
        let error = try await #require(throws: HTTPError.self) { try await stream.next() }
        #expect(error.kind == .cancelled)
    }

    @Test func aStreamEndsWhenItsReaderIsCancelled() async throws {
        let server = try await ScriptedServer.start(.http)
        let stream = try await stream(server.url + "/stall")
        let reader = Task { while try await stream.next() != nil {} }
        try await server.waitUntilSeen("GET /stall")
        reader.cancel()
        let error = try await #require(throws: HTTPError.self) { try await reader.value }
        #expect(error.kind == .cancelled)
        try await server.waitUntilSeen("gone")
    }

    @Test func aStreamEndsWhenItIsDropped() async throws {
        let server = try await ScriptedServer.start(.http)
        do {
            let stream = try await stream(server.url + "/endless")
            #expect(try await stream.next() != nil)
        }
        try await server.waitUntilSeen("gone")
    }

    @Test func twoReadersOfOneStreamBothComeToItsEnd() async throws {
        let server = try await ScriptedServer.start(.http)
        let stream = try await stream(server.url + "/bytes/\(8 << 20)")
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var count = 0
                    while let bytes = try await stream.next() { count += bytes.count }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(count == 8 << 20)
    }

    @Test func theHeadMustComeInItsTime() async throws {
        let server = try MisbehavingServer(.swallow)
        var request = HTTPRequest(url: server.url)
        request.timeout = nil
        request.headTimeout = .milliseconds(100)
        let late = request
        let error = try await #require(throws: HTTPError.self) { try await client.stream(late) }
        #expect(error.kind == .timedOut)
        #expect(error.mayHaveReachedServer)
    }

    @Test func theBodyMayTakeLongerThanTheHead() async throws {
        let server = try await ScriptedServer.start(.http)
        var request = HTTPRequest(url: server.url + "/endless")
        request.timeout = nil
        request.headTimeout = .milliseconds(400)
        let stream = try await client.stream(request)
        try await Task.sleep(for: .milliseconds(600))
        var count = 0
        while count < 16 << 20, let bytes = try await stream.next() { count += bytes.count }
        #expect(count >= 16 << 20)
        await stream.cancel()
    }

    /// etcd sends far more than the windows hold, and nobody reads it.
    @Test(.needs(.etcd), arguments: [EtcdServer.Security.plain, .tls])
    func anUnreadHTTP2StreamHoldsUpNobodyElse(_ security: EtcdServer.Security) async throws {
        let etcd = try await EtcdServer.start(security: security)
        let value = [UInt8](repeating: 5, count: 1 << 20)
        for _ in 0..<60 { _ = try await client.send(RawGRPC.put(etcd, "a", value)) }
        let stream = try await client.stream(RawGRPC.watch(etcd, "a", from: 2))
        var count = try await stream.next()?.count ?? 0
        for _ in 0..<20 {
            // Time enough for the stream to fill its window.
            try await Task.sleep(for: .milliseconds(20))
            #expect(try await client.send(RawGRPC.range(etcd, "b")).trailers["grpc-status"] == "0")
        }
        while count < 60 << 20, let bytes = try await stream.next() { count += bytes.count }
        #expect(count >= 60 << 20)
        await stream.cancel()
    }
}

import HTTPTransport
import TestSupport
import Testing

@Suite(.serialized) struct CancellationTests {
    let client = HTTPClient(loop: .onOwnThread())

    private func patient(_ url: String) -> HTTPRequest {
        var request = HTTPRequest(method: "POST", url: url)
        request.timeout = .seconds(300)
        request.connectTimeout = .seconds(300)
        return request
    }

    @Test func closesTheConnectionAtOnce() async throws {
        let server = try await ScriptedServer.start(.http)
        let request = patient(server.url + "/silence")
        let task = Task { try await client.send(request) }
        try await server.waitUntilSeen("POST /silence")
        task.cancel()
        let error = try await #require(throws: HTTPError.self) { try await task.value }
        #expect(error.kind == .cancelled)
        #expect(error.mayHaveReachedServer)
        try await server.waitUntilSeen("gone")
    }

    @Test func whileConnectingMeansUnsent() async throws {
        let server = try MisbehavingServer(.blackhole)
        for version in [HTTPRequest.Version.http1, .http2] {
            var request = patient(server.url)
            request.version = version
            let hopeless = request
            let task = Task { try await client.send(hopeless) }
            try await Task.sleep(for: .milliseconds(50))
            task.cancel()
            let error = try await #require(throws: HTTPError.self) { try await task.value }
            #expect(error.kind == .cancelled, "\(error)")
            #expect(!error.mayHaveReachedServer)
        }
    }

    @Test func beforeTheStartSendsNothing() async throws {
        let server = try await ScriptedServer.start(.http)
        let request = patient(server.url + "/bytes/1")
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await client.send(request)
        }
        task.cancel()
        let error = try await #require(throws: HTTPError.self) { try await task.value }
        #expect(error.kind == .cancelled)
        #expect(!error.mayHaveReachedServer)
        #expect(server.seen.isEmpty)
    }

    /// The cancellation meets the request in every state that it can be in; each must end, one way or the other.
    @Test func atAnyMomentEndsTheCall() async throws {
        let server = try await ScriptedServer.start(.http)
        var generator = SeededGenerator()
        let request = patient(server.url + "/bytes/100000")
        var answered = 0
        for round in 0..<300 {
            let task = Task { try await client.send(request) }
            for _ in 0..<Int.random(in: 0..<200, using: &generator) { await Task.yield() }
            if round % 3 == 0 { try await Task.sleep(for: .microseconds(Int.random(in: 0..<3_000, using: &generator))) }
            task.cancel()
            do {
                #expect(try await task.value.body.count == 100_000)
                answered += 1
            } catch let error as HTTPError {
                #expect(error.kind == .cancelled, "\(generator): \(error)")
            }
        }
        #expect(answered < 300, "\(generator)")
        #expect(try await client.send(request).body.count == 100_000)
    }

    @Test func ofOneHTTP2RequestSparesTheOthers() async throws {
        let server = try await ScriptedServer.start(.http2([.silence, .silence, .empty]))
        var request = patient(server.url)
        request.version = .http2
        request.body = [1]
        let any = request
        let tasks = (0..<2).map { _ in Task { try await client.send(any) } }
        try await server.waitUntilSeen("request", times: 2)
        tasks[0].cancel()
        await #expect(throws: HTTPError.self) { try await tasks[0].value }
        try await server.waitUntilSeen("gone")
        #expect(try await client.send(any).trailers["grpc-status"] == "0")
        #expect(server.count("gone") == 1)
        tasks[1].cancel()
        await #expect(throws: HTTPError.self) { try await tasks[1].value }
        try await server.waitUntilSeen("gone", times: 2)
    }
}

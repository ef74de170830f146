import Foundation
import HTTPTransport
import TestSupport
import Testing

@Suite(.serialized) struct FaultTests {
    let client = HTTPClient(loop: .onOwnThread())

    private func failure(_ request: HTTPRequest) async throws -> HTTPError {
        try await #require(throws: HTTPError.self) { try await client.send(request) }
    }

    @Test func aRefusedConnectionIsCertainlyUnsent() async throws {
        let server = try MisbehavingServer(.refuse)
        for version in [HTTPRequest.Version.http1, .http2] {
            var request = HTTPRequest(method: "POST", url: server.url)
            request.version = version
            let error = try await failure(request)
            #expect(error.kind == .cannotConnect)
            #expect(!error.mayHaveReachedServer)
        }
    }

    @Test func aBlackHoleEndsWithTheConnectTimeout() async throws {
        let server = try MisbehavingServer(.blackhole)
        var request = HTTPRequest(url: server.url)
        request.connectTimeout = .milliseconds(200)
        request.timeout = .seconds(60)
        let error = try await failure(request)
        #expect(error.kind == .cannotConnect)
        #expect(!error.mayHaveReachedServer)
    }

    @Test func aSilentServerEndsWithTheTotalTimeout() async throws {
        let server = try MisbehavingServer(.swallow)
        for version in [HTTPRequest.Version.http1, .http2] {
            var request = HTTPRequest(url: server.url)
            request.version = version
            request.timeout = .milliseconds(200)
            let error = try await failure(request)
            #expect(error.kind == .timedOut)
            #expect(error.mayHaveReachedServer)
        }
    }

    @Test func aStalledBodyEndsWithTheTotalTimeout() async throws {
        let server = try await ScriptedServer.start(.http)
        var request = HTTPRequest(url: server.url + "/stall")
        request.timeout = .milliseconds(200)
        #expect(try await failure(request).kind == .timedOut)
    }

    @Test(arguments: ["/cut", "/cutchunk"]) func aCutOffBodyIsNoResponse(_ path: String) async throws {
        let server = try await ScriptedServer.start(.http)
        #expect(try await failure(HTTPRequest(url: server.url + path)).kind == .interrupted)
        let stream = try await client.stream(HTTPRequest(url: server.url + path))
        let error = try await #require(throws: HTTPError.self) {
            while try await stream.next() != nil {}
        }
        #expect(error.kind == .interrupted)
    }

    @Test func aClosedConnectionIsNoResponse() async throws {
        let server = try MisbehavingServer(.closeAtOnce)
        for version in [HTTPRequest.Version.http1, .http2] {
            var request = HTTPRequest(method: "POST", url: server.url)
            request.version = version
            #expect(try await failure(request).kind == .interrupted)
        }
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH_9.2p1\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "\0\0\0\0\0\0\0\0\0",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "HTTP/2 200\r\n\r\n", "<html>", ": x\r\n\r\n",
    ]) func garbageIsNoResponse(_ text: String) async throws {
        let server = try MisbehavingServer(.garbage(Array(text.utf8)))
        for version in [HTTPRequest.Version.http1, .http2] {
            var request = HTTPRequest(url: server.url)
            request.version = version
            request.timeout = .milliseconds(300)
            let error = try await failure(request)
            #expect([.interrupted, .timedOut].contains(error.kind), "\(text): \(error) \(error.kind)")
        }
    }

    @Test func anUnknownHostIsNamed() async throws {
        let error = try await failure(HTTPRequest(url: "http://no-such-host.invalid/"))
        #expect(error.kind == .unknownHost)
        #expect(error.detail.contains("no-such-host.invalid"))
    }

    /// The server closes an idle connection when the next request is under way: libcurl would send it again by itself.
    @Test func aLostPostIsSentOnce() async throws {
        let server = try await ScriptedServer.start(.http)
        _ = try await client.send(HTTPRequest(url: server.url + "/bytes/1"))
        let error = try await failure(HTTPRequest(method: "POST", url: server.url + "/close"))
        #expect(error.kind == .interrupted)
        #expect(error.mayHaveReachedServer)
        #expect(server.count("POST /close") == 1)
    }

    @Test func aLostGetIsSentAgain() async throws {
        let server = try await ScriptedServer.start(.http)
        _ = try await client.send(HTTPRequest(url: server.url + "/bytes/1"))
        #expect(try await failure(HTTPRequest(url: server.url + "/close")).kind == .interrupted)
        #expect(server.count("GET /close") == 2)
    }

    @Test func aLostHTTP2PostIsSentOnce() async throws {
        let server = try await ScriptedServer.start(.http2([.empty, .close, .empty]))
        var request = HTTPRequest(method: "POST", url: server.url)
        request.version = .http2
        request.body = [1]
        _ = try await client.send(request)
        let error = try await failure(request)
        #expect(error.kind == .interrupted)
        #expect(error.mayHaveReachedServer)
        #expect(server.count("request") == 2)
        // The next one finds its way by itself.
        #expect(try await client.send(request).trailers["grpc-status"] == "0")
        #expect(server.count("request") == 3)
    }

    @Test(arguments: [ScriptedServer.Answer.refuse, .reset]) func aResetStreamIsAnError(
        _ answer: ScriptedServer.Answer
    ) async throws {
        let server = try await ScriptedServer.start(.http2([.empty, answer, .empty]))
        var request = HTTPRequest(method: "POST", url: server.url)
        request.version = .http2
        request.body = [1]
        _ = try await client.send(request)
        #expect(try await failure(request).kind == .interrupted)
        #expect(try await client.send(request).trailers["grpc-status"] == "0")
        #expect(server.count("request") == 3)
    }
}

import HTTPTransport
import TestSupport
import Testing

@Suite(.serialized) struct HTTP1Tests {
    let server: ScriptedServer
    let client = HTTPClient(loop: .onOwnThread())

    init() async throws {
        server = try await ScriptedServer.start(.http)
    }

    private func request(_ path: String, method: String = "GET") -> HTTPRequest {
        HTTPRequest(method: method, url: server.url + path)
    }

    @Test func sendsMethodHeadersAndBody() async throws {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            var request = request("/echo", method: method)
            request.headers = [
                ("X-One", "1"), ("x-two", "a  b"), ("X-Nothing", ""), ("X-Blank", " \t"), ("X-Utf", "ä"),
            ]
            request.body = method == "DELETE" ? nil : [0, 1, 2, 255]
            let response = try await client.send(request)
            #expect(response.head.status == 200)
            for expected in ["\(method) /echo HTTP/1.1", "X-One: 1", "x-two: a  b", "X-Nothing:", "X-Blank:"] {
                #expect(response.text.contains(expected), "\(response.text)")
            }
            #expect(!response.text.contains("Expect:"), "\(response.text)")
            if let body = request.body { #expect(response.body.suffix(4) == body[...]) }
        }
    }

    @Test func readsFieldsInLowerCase() async throws {
        let response = try await client.send(request("/echo"))
        #expect(response.head.headers["x-empty"] == "")
        #expect(response.head.headers["x-spaced"] == "a b \t" || response.head.headers["x-spaced"] == "a b")
        #expect(response.head.headers["X-Empty"] == nil)
    }

    @Test func takesNoInterimResponseForTheFinalOne() async throws {
        let response = try await client.send(request("/interim"))
        #expect(response.head.status == 200)
        #expect(response.text == "final")
        #expect(response.head.headers["x-early"] == nil)
        #expect(response.head.headers["x-late"] == "2")
    }

    @Test func readsTrailersOfAChunkedBody() async throws {
        let response = try await client.send(request("/trailers"))
        #expect(response.text == "hello")
        #expect(response.trailers["x-sum"] == "42")
        #expect(response.head.headers["x-sum"] == nil)
    }

    @Test(arguments: [0, 1, 65_536, 16 << 20]) func readsBodiesOfAnySize(_ count: Int) async throws {
        let response = try await client.send(request("/bytes/\(count)"))
        #expect(response.body.count == count)
        #expect(response.body.allSatisfy { $0 == UInt8(ascii: "x") })
    }

    @Test func sendsABodyOfManyMegabytes() async throws {
        var request = request("/echo", method: "POST")
        request.body = [UInt8](repeating: 7, count: 16 << 20)
        let response = try await client.send(request)
        #expect(response.body.suffix(16 << 20).allSatisfy { $0 == 7 })
        #expect(response.body.count > 16 << 20)
    }

    @Test func headHasLengthAndNoBody() async throws {
        let response = try await client.send(request("/bytes/1000", method: "HEAD"))
        #expect(response.head.headers["content-length"] == "1000")
        #expect(response.body.isEmpty)
    }

    @Test(arguments: [204, 304, 404, 500]) func anyStatusIsAResponse(_ status: Int) async throws {
        #expect(try await client.send(request("/status/\(status)")).head.status == status)
    }

    @Test func refusesABodyThatIsTooLarge() async throws {
        var request = request("/bytes/1001")
        request.maximumBodySize = 1000
        let error = try await #require(throws: HTTPError.self) { try await client.send(request) }
        #expect(error.kind == .tooLarge)
        #expect(error.detail.contains("1000"))
        request.maximumBodySize = 1001
        #expect(try await client.send(request).body.count == 1001)
    }

    @Test func refusesAHeadThatIsTooLarge() async throws {
        #expect(try await client.send(request("/head/90")).head.headers.all.count > 90)
        let endless = request("/head/5000")
        let error = try await #require(throws: HTTPError.self) { try await client.send(endless) }
        #expect(error.kind == .tooLarge)
    }

    @Test func reusesTheConnection() async throws {
        for _ in 0..<20 { _ = try await client.send(request("/bytes/10")) }
        #expect(server.count("connection") == 1)
    }

    @Test func forgesNothing() async throws {
        var requests: [HTTPRequest] = []
        for (name, value) in [
            ("X-A", "1\r\nX-B: 2"), ("X-A", "1\nX-B: 2"), ("X-A", "1\0"), ("X-A: 1\r\nX-B", "2"), ("", "1"),
            ("X A", "1"),
            ("X-A:", "1"), ("X\0", "1"),
        ] {
            var one = request("/echo")
            one.headers = [(name, value)]
            requests.append(one)
        }
        requests.append(request("/echo", method: "GET / HTTP/1.1\r\nX-B: 2\r\n\r\n"))
        requests.append(request("/echo", method: ""))
        requests.append(request("/echo HTTP/1.1\r\nX-B: 2\r\n"))
        requests.append(request("/echo\0/more"))
        requests.append(HTTPRequest(url: "file:///etc/passwd"))
        requests.append(HTTPRequest(url: "127.0.0.1:\(server.port)/echo"))
        requests.append(HTTPRequest(url: "http://"))
        for request in requests {
            let error = try await #require(throws: HTTPError.self) { try await client.send(request) }
            #expect(error.kind == .invalidRequest, "\(request): \(error)")
            #expect(!error.mayHaveReachedServer)
        }
        #expect(server.seen.isEmpty)
    }

    @Test func schemeHasNoCase() async throws {
        let request = HTTPRequest(url: "HTTP://127.0.0.1:\(server.port)/bytes/3")
        #expect(try await client.send(request).body.count == 3)
    }

    @Test func speaksOverAUnixSocket() async throws {
        let server = try await ScriptedServer.start(.unixSocket)
        var request = HTTPRequest(url: "http://localhost/bytes/12")
        request.unixSocket = server.socketPath
        #expect(try await client.send(request).body.count == 12)
        request.unixSocket = server.socketPath + "x"
        let missing = request
        let error = try await #require(throws: HTTPError.self) { try await client.send(missing) }
        #expect(error.kind == .cannotConnect)
    }

    @Test func tunnelsThroughAProxyThatIsAskedFor() async throws {
        let authority = try CertificateAuthority()
        let target = try await ScriptedServer.start(.https(authority))
        var request = HTTPRequest(url: target.url + "/interim")
        request.tls.trustRoots = .file(authority.certificate)
        request.proxy = server.url
        let response = try await client.send(request)
        #expect(response.text == "final")
        #expect(response.head.headers["x-proxy"] == nil, "the proxy's answer was taken for the server's")
        #expect(server.seen.contains("CONNECT 127.0.0.1:\(target.port)"))
    }
}

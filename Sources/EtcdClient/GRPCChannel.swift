import HTTPTransport

/// gRPC calls to one endpoint.
struct GRPCChannel: Sendable {
    let endpoint: Endpoint
    let client: HTTPClient
    let userAgent: String

    /// Why a call has no message.
    enum Failure: Error {
        /// No answer. `mayHaveReachedServer` false means that the server certainly saw nothing.
        case transport(HTTPError)
        /// An answer that is not gRPC, or not whole.
        case malformed(String)
        /// The server's own refusal.
        case status(GRPC.Status)
    }

    /// One request, one response.
    func unary(_ method: String, _ message: [UInt8], token: String?, timeout: Duration) async throws(Failure)
        -> [UInt8]
    {
        var request = makeRequest(method, message, token: token)
        request.timeout = timeout
        request.connectTimeout = timeout
        request.headers.append(("grpc-timeout", "\(max(1, timeout.milliseconds))m"))
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await client.send(request)
        } catch {
            throw .transport(error)
        }
        try Self.check(response.head, response.trailers)
        var deframer = GRPC.Deframer()
        deframer.append(response.body)
        do throws(GRPC.Deframer.Malformed) {
            guard let message = try deframer.next(), deframer.isEmpty else {
                throw GRPC.Deframer.Malformed(problem: "the answer is not one whole gRPC message")
            }
            return Array(message)
        } catch {
            throw .malformed(error.problem)
        }
    }

    /// One request, then responses for as long as the server sends them. Connecting takes at most `connectTimeout`.
    func serverStream(_ method: String, _ message: [UInt8], token: String?, connectTimeout: Duration) async throws(Failure)
        -> HTTPResponseStream
    {
        var request = makeRequest(method, message, token: token)
        request.timeout = nil
        request.connectTimeout = connectTimeout
        let stream: HTTPResponseStream
        do throws(HTTPError) {
            stream = try await client.stream(request)
        } catch {
            throw .transport(error)
        }
        if stream.head.headers["grpc-status"] != nil || stream.head.status != 200 {
            await stream.cancel()
            try Self.check(stream.head, HTTPFields())
        }
        return stream
    }

    /// Throws unless the call's status is OK. A call that was refused at once has its status among the headers.
    static func check(_ head: HTTPResponseHead, _ trailers: HTTPFields) throws(Failure) {
        let fields = trailers["grpc-status"] != nil ? trailers : head.headers
        guard let text = fields["grpc-status"], let code = Int(text) else {
            if head.status != 200 { throw .malformed("HTTP status \(head.status) instead of a gRPC answer") }
            throw .malformed("the answer has no grpc-status")
        }
        guard code == 0 else {
            throw .status(GRPC.Status(code: code, message: GRPC.decodeMessage(fields["grpc-message"] ?? "")))
        }
        guard head.status == 200 else { throw .malformed("HTTP status \(head.status)") }
    }

    private func makeRequest(_ method: String, _ message: [UInt8], token: String?) -> HTTPRequest {
        var request = HTTPRequest(method: "POST", url: endpoint.url + "/etcdserverpb." + method)
        request.version = .http2
        request.tls = endpoint.tls
        request.body = GRPC.frame(message)
        request.headers = [("content-type", "application/grpc"), ("te", "trailers"), ("user-agent", userAgent)]
        if let token { request.headers.append(("token", token)) }
        return request
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}

import HTTPTransport

/// One gRPC call, for any endpoint.
struct GRPCCall: Sendable {
    /// The service and method, such as `KV/Range`.
    let method: String
    let message: [UInt8]
    /// Whether the call may be sent more than once.
    let isRepeatable: Bool
    var token: String?

    /// If true, a member without a leader refuses the call at once, before it has done anything, instead of letting it hang
    /// (`clientv3.WithRequireLeader`). Calls of `Maintenance` work without a leader.
    fileprivate var needsLeader: Bool { !method.hasPrefix("Maintenance/") }
}

/// gRPC calls to one endpoint.
struct GRPCChannel: Sendable {
    let endpoint: Endpoint
    let client: HTTPClient
    let userAgent: String

    /// Why a call has no response message.
    enum Failure: Error {
        /// There is no response.
        case transport(HTTPError)
        /// The response is not gRPC, or not complete.
        case malformed(String)
        /// The server reported an error.
        case status(GRPC.Status)
    }

    /// Sends one request and returns the one response, within `timeout`, of which connecting may take `connectTimeout`.
    func unary(_ call: GRPCCall, timeout: Duration, connectTimeout: Duration) async throws(Failure) -> [UInt8] {
        var request = makeRequest(call)
        request.timeout = timeout
        request.connectTimeout = connectTimeout
        // At most eight digits (PROTOCOL-HTTP2.md, TimeoutValue).
        request.headers.append(("grpc-timeout", "\(min(max(1, timeout.milliseconds), 99_999_999))m"))
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
                throw GRPC.Deframer.Malformed(problem: "the response is not exactly one gRPC message")
            }
            return Array(message)
        } catch {
            throw .malformed(error.problem)
        }
    }

    /// Sends one request and returns the stream of responses, whose head must arrive within `headTimeout`.
    func serverStream(_ call: GRPCCall, headTimeout: Duration) async throws(Failure) -> HTTPResponseStream {
        var request = makeRequest(call)
        request.timeout = nil
        request.connectTimeout = headTimeout
        request.headTimeout = headTimeout
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

    /// Throws unless the status of the call is OK. If the server refused the call at once, the status is in the headers.
    static func check(_ head: HTTPResponseHead, _ trailers: HTTPFields) throws(Failure) {
        let fields = trailers["grpc-status"] != nil ? trailers : head.headers
        guard let text = fields["grpc-status"], let code = Int(text) else {
            if head.status != 200 { throw .malformed("HTTP status \(head.status) instead of a gRPC response") }
            throw .malformed("the response has no grpc-status")
        }
        guard code == 0 else {
            throw .status(GRPC.Status(code: code, message: GRPC.decodeMessage(fields["grpc-message"] ?? "")))
        }
        guard head.status == 200 else { throw .malformed("HTTP status \(head.status)") }
    }

    private func makeRequest(_ call: GRPCCall) -> HTTPRequest {
        var request = HTTPRequest(method: "POST", url: endpoint.url + "/etcdserverpb." + call.method)
        request.version = .http2
        request.tls = endpoint.tls
        request.body = GRPC.frame(call.message)
        request.isIdempotent = call.isRepeatable
        request.headers = [("content-type", "application/grpc"), ("te", "trailers"), ("user-agent", userAgent)]
        if call.needsLeader { request.headers.append(("hasleader", "true")) }
        if let token = call.token { request.headers.append(("token", token)) }
        return request
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}

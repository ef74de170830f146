import HTTPTransport
import SwiftProtobuf

/// A client of an etcd v3 cluster, speaking etcd's own gRPC.
///
/// Reads are hedged: when an endpoint has not answered within ``EtcdConfiguration/stagger``, the next one is asked too
/// and the first answer counts. A write goes to one endpoint at a time and is never repeated once it may have reached
/// a server: ``EtcdError/outcomeUnknown(_:)`` then tells the caller to look before trying again.
///
/// Requests and answers are etcd's messages (`api/etcdserverpb/rpc.proto`).
public actor EtcdClient {
    public nonisolated let loop: TransferLoop
    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    let channels: [GRPCChannel]
    private let configuration: EtcdConfiguration
    nonisolated var stagger: Duration { configuration.stagger }
    /// The endpoint that answered last; nil until one has.
    var preferred: Int?
    private(set) var token: String?

    public init(_ configuration: EtcdConfiguration, loop: TransferLoop) {
        self.loop = loop
        self.configuration = configuration
        let client = HTTPClient(loop: loop)
        channels = configuration.endpoints.map {
            GRPCChannel(
                endpoint: Endpoint($0, tls: configuration.tls), client: client, userAgent: configuration.userAgent)
        }
    }

    // MARK: KV

    /// Reads keys (etcd `KV.Range`).
    ///
    /// - Throws: ``EtcdError``, never `outcomeUnknown`.
    public func range(_ request: EtcdRangeRequest, deadline: ContinuousClock.Instant) async throws(EtcdError)
        -> EtcdRangeResponse
    {
        try await read("KV/Range", request, deadline: deadline)
    }

    /// Writes a key (etcd `KV.Put`).
    ///
    /// - Throws: ``EtcdError``.
    public func put(_ request: EtcdPutRequest, deadline: ContinuousClock.Instant) async throws(EtcdError)
        -> EtcdPutResponse
    {
        try await write("KV/Put", request, deadline: deadline)
    }

    /// Deletes keys (etcd `KV.DeleteRange`).
    ///
    /// - Throws: ``EtcdError``.
    public func deleteRange(_ request: EtcdDeleteRangeRequest, deadline: ContinuousClock.Instant)
        async throws(EtcdError) -> EtcdDeleteRangeResponse
    {
        try await write("KV/DeleteRange", request, deadline: deadline)
    }

    /// Runs a transaction (etcd `KV.Txn`); one that only reads is hedged like a read.
    ///
    /// - Throws: ``EtcdError``.
    public func txn(_ request: EtcdTxnRequest, deadline: ContinuousClock.Instant) async throws(EtcdError)
        -> EtcdTxnResponse
    {
        if request.onlyReads {
            try await read("KV/Txn", request, deadline: deadline)
        } else {
            try await write("KV/Txn", request, deadline: deadline)
        }
    }

    // MARK: Maintenance

    /// One member's state (etcd `Maintenance.Status`): its version, database size and leader.
    ///
    /// - Parameter endpoint: an index into the configuration's endpoints.
    /// - Throws: ``EtcdError``.
    public func status(endpoint: Int, deadline: ContinuousClock.Instant) async throws(EtcdError) -> EtcdStatusResponse {
        let bytes = try serialize(EtcdStatusRequest())
        let outcome = await attempt(endpoint, "Maintenance/Status", bytes, until: deadline)
        switch outcome {
        case .answer(let answer): return try parse(answer, endpoint)
        case .refused(let error): throw error
        case .failed(let failure): throw .unavailable([failure.failure])
        }
    }

    // MARK: Calls

    /// What one attempt at one endpoint came to.
    enum Outcome: Sendable {
        case answer([UInt8])
        /// etcd's definite no: another endpoint would say the same.
        case refused(EtcdError)
        case failed(AttemptFailure)
    }

    struct AttemptFailure: Sendable {
        let failure: EtcdError.EndpointFailure
        /// False only when the server certainly saw nothing.
        let mayHaveReachedServer: Bool
        /// True when the member may answer the same request a moment later (no leader, a reset stream).
        let isTransient: Bool
    }

    private func read<Request: Message, Response: Message>(
        _ method: String, _ request: Request, deadline: ContinuousClock.Instant
    ) async throws(EtcdError) -> Response {
        let bytes = try serialize(request)
        var pause = Duration.milliseconds(100)
        while true {
            try await authenticate(until: deadline)
            let (outcome, endpoint) = await race(method, bytes, until: deadline)
            switch outcome {
            case .answer(let answer):
                return try parse(answer, endpoint)
            case .refused(let error):
                guard renewsToken(after: error) else { throw error }
            case .failures(let failures):
                let late = ContinuousClock.now + pause >= deadline
                guard !late else { throw .deadlineExceeded(failures.map(\.failure)) }
                guard failures.contains(where: \.isTransient) else { throw .unavailable(failures.map(\.failure)) }
                await loop.sleep(until: .now + pause)
                if Task.isCancelled { throw .deadlineExceeded(failures.map(\.failure)) }
                pause = min(pause * 2, .seconds(1))
            }
        }
    }

    private func write<Request: Message, Response: Message>(
        _ method: String, _ request: Request, deadline: ContinuousClock.Instant
    ) async throws(EtcdError) -> Response {
        let bytes = try serialize(request)
        if preferred == nil, channels.count > 1 {
            // No endpoint has answered yet: find one that does before a write is entrusted to it.
            _ = await race("Maintenance/Status", [], until: deadline)
        }
        var failures: [EtcdError.EndpointFailure] = []
        var untried = endpointOrder()
        while let endpoint = untried.first {
            try await authenticate(until: deadline)
            let attemptEnd = min(deadline, .now + configuration.writeAttempt)
            switch await attempt(endpoint, method, bytes, until: attemptEnd) {
            case .answer(let answer):
                preferred = endpoint
                return try parse(answer, endpoint)
            case .refused(let error):
                guard renewsToken(after: error) else { throw error }
            case .failed(let failure):
                untried.removeFirst()
                preferred = untried.first
                if failure.mayHaveReachedServer { throw .outcomeUnknown(failure.failure) }
                failures.append(failure.failure)
                if ContinuousClock.now >= deadline { throw .deadlineExceeded(failures) }
            }
        }
        throw .unavailable(failures)
    }

    /// One attempt at one endpoint.
    func attempt(_ endpoint: Int, _ method: String, _ message: [UInt8], until deadline: ContinuousClock.Instant) async
        -> Outcome
    {
        let channel = channels[endpoint]
        let url = channel.endpoint.url
        do throws(GRPCChannel.Failure) {
            let timeout = max(.milliseconds(1), deadline - .now)
            return .answer(try await channel.unary(method, message, token: token, timeout: timeout))
        } catch {
            return Self.judge(error, url)
        }
    }

    static func judge(_ failure: GRPCChannel.Failure, _ url: String) -> Outcome {
        func failed(_ reason: String, reached: Bool, transient: Bool) -> Outcome {
            .failed(
                AttemptFailure(
                    failure: .init(endpoint: url, reason: reason), mayHaveReachedServer: reached,
                    isTransient: transient))
        }
        switch failure {
        case .transport(let error):
            if error.kind == .invalidRequest { return .refused(.invalidConfiguration("\(url): \(error.detail)")) }
            return failed(
                error.detail, reached: error.mayHaveReachedServer, transient: error.kind == .interrupted)
        case .malformed(let problem):
            return failed(problem, reached: true, transient: false)
        case .status(let status):
            if let error = EtcdError(refusal: status) { return .refused(error) }
            return failed(status.message, reached: true, transient: true)
        }
    }

    /// All endpoints, the one that answered last first.
    func endpointOrder() -> [Int] {
        let first = preferred ?? 0
        return [first] + channels.indices.filter { $0 != first }
    }

    // MARK: Authentication

    func authenticate(until deadline: ContinuousClock.Instant) async throws(EtcdError) {
        guard token == nil, let credentials = configuration.credentials else { return }
        var request = EtcdAuthenticateRequest()
        request.name = credentials.user
        request.password = credentials.password
        let (outcome, endpoint) = await race("Auth/Authenticate", try serialize(request), until: deadline)
        switch outcome {
        case .answer(let answer):
            let response: EtcdAuthenticateResponse = try parse(answer, endpoint)
            token = response.token
        case .refused(let error): throw error
        case .failures(let failures): throw .unavailable(failures.map(\.failure))
        }
    }

    /// A token that the server no longer knows (it lives five minutes, or as long as the member) is replaced, once.
    private func renewsToken(after error: EtcdError) -> Bool {
        guard token != nil, case .unauthenticated(let message) = error,
            message.contains("invalid auth token") || message.contains("revision of auth store is old")
        else { return false }
        token = nil
        return true
    }

    // MARK: Messages

    func serialize(_ message: some Message) throws(EtcdError) -> [UInt8] {
        do {
            return try message.serializedBytes()
        } catch {
            throw .invalidConfiguration("the request cannot be encoded: \(error)")
        }
    }

    private func parse<Response: Message>(_ bytes: [UInt8], _ endpoint: Int) throws(EtcdError) -> Response {
        do {
            return try Response(serializedBytes: bytes)
        } catch {
            throw .malformedAnswer(
                .init(endpoint: channels[endpoint].endpoint.url, reason: "not the expected protobuf message"))
        }
    }
}

extension EtcdTxnRequest {
    /// True when no branch, nor a nested transaction's, writes.
    var onlyReads: Bool {
        (success + failure).allSatisfy { operation in
            switch operation.request {
            case .requestRange: true
            case .requestTxn(let nested): nested.onlyReads
            case .requestPut, .requestDeleteRange, nil: false
            }
        }
    }
}

extension EtcdError {
    /// The definite refusal that `status` stands for; nil when the member only could not answer now.
    init?(refusal status: GRPC.Status) {
        let message = status.message
        switch status.code {
        case 3 where message.contains("too many operations"): self = .tooManyOperations
        case 3 where message.contains("request is too large"): self = .requestTooLarge
        case 3 where message.contains("user name is empty") || message.contains("authentication failed"):
            self = .unauthenticated(message)
        case 3 where message.contains("revision of auth store is old"): self = .unauthenticated(message)
        case 7: self = .permissionDenied(message)
        case 8 where message.contains("space exceeded"): self = .noSpace
        case 8 where message.contains("too many requests"): self = .tooManyRequests
        case 8: self = .requestTooLarge
        case 11 where message.contains("compacted"): self = .compacted
        case 16: self = .unauthenticated(message)
        case 1, 2, 4, 14: return nil
        default: self = .rejected(code: status.code, message: message)
        }
    }
}

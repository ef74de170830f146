import HTTPTransport

/// A client of an etcd v3 cluster, speaking etcd's own gRPC.
///
/// Reads are hedged: if an endpoint has not answered within ``EtcdConfiguration/stagger``, the next one is asked too, and the
/// first response counts. A write goes to one endpoint at a time, and is not repeated if it may have reached a server:
/// ``EtcdError/outcomeUnknown(_:)`` then tells the caller to read before trying again.
///
/// Requests and responses are etcd's messages (`api/etcdserverpb/rpc.proto`).
public actor EtcdClient {
    /// Carries the transfers.
    public nonisolated let loop: TransferLoop
    /// The loop: the client runs on its thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    let channels: [GRPCChannel]
    private let configuration: EtcdConfiguration
    nonisolated var stagger: Duration { configuration.stagger }
    /// How long to wait for an endpoint before asking another one, for requests that are not hedged.
    nonisolated var patience: Duration { configuration.writeAttempt }
    nonisolated var connectAttempt: Duration { configuration.connectAttempt }
    nonisolated var credentials: EtcdConfiguration.Credentials? { configuration.credentials }
    /// The endpoint that answered last; nil until one has.
    var preferred: Int?
    /// nil until the first login, and after the server has forgotten it.
    var session: Session?
    /// The login under way.
    var login: Task<Result<Session, EtcdError>, Never>?

    /// Makes a client; it connects with the first request.
    ///
    /// - Parameters:
    ///   - configuration: the endpoints and the credentials. Endpoints that are not valid are errors of the requests.
    ///   - loop: carries the transfers.
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

    /// Runs a transaction (etcd `KV.Txn`). A transaction that only reads is sent to one endpoint after the other: giving it up
    /// while the member stalls, as hedging does, can make early etcd 3.5 panic (etcd issue 14110).
    ///
    /// - Throws: ``EtcdError``.
    public func txn(_ request: EtcdTxnRequest, deadline: ContinuousClock.Instant) async throws(EtcdError)
        -> EtcdTxnResponse
    {
        if request.onlyReads {
            try await read("KV/Txn", request, deadline: deadline, isHedged: false)
        } else {
            try await write("KV/Txn", request, deadline: deadline)
        }
    }

    // MARK: Maintenance

    /// One member's state (etcd `Maintenance.Status`): its version, database size and leader.
    ///
    /// - Parameters:
    ///   - endpoint: an index into the configuration's endpoints.
    ///   - deadline: when to give up.
    /// - Returns: etcd's message.
    /// - Throws: ``EtcdError``.
    public func status(endpoint: Int, deadline: ContinuousClock.Instant) async throws(EtcdError) -> EtcdStatusResponse {
        try checkEndpoints()
        var call = GRPCCall(
            method: "Maintenance/Status", message: try serialize(EtcdStatusRequest()), isRepeatable: true)
        call.token = try await token(until: deadline)
        switch await attempt(endpoint, call, until: deadline) {
        case .answer(let answer): return try parse(answer, endpoint)
        case .refused(let error): throw error
        case .failed(let failure): throw .unavailable([failure.failure])
        }
    }

    // MARK: Calls

    private func read<Response: ProtobufDecodable>(
        _ method: String, _ request: some ProtobufEncodable, deadline: ContinuousClock.Instant, isHedged: Bool = true
    ) async throws(EtcdError) -> Response {
        var call = GRPCCall(method: method, message: try serialize(request), isRepeatable: true)
        var mayRenew = true
        while true {
            call.token = try await token(until: deadline)
            do throws(EtcdError) {
                if !isHedged { try await findEndpoint(call.token, until: deadline) }
                return try await repeated(call, until: deadline, isHedged: isHedged)
            } catch {
                guard mayRenew, mayRenewToken(call.token, after: error) else { throw error }
                mayRenew = false
            }
        }
    }

    /// Repeats a call until it is answered or refused, or until another attempt is not worth it.
    func repeated<Response: ProtobufDecodable>(
        _ call: GRPCCall, until deadline: ContinuousClock.Instant, isHedged: Bool = true
    ) async throws(EtcdError) -> Response {
        try checkEndpoints()
        guard ContinuousClock.now < deadline else { throw .deadlineExceeded([]) }
        var patience = Patience(deadline: deadline)
        while true {
            switch isHedged ? await race(call, until: deadline) : await inTurn(call, until: deadline) {
            case .answer(let answer, let endpoint):
                do throws(EtcdError) {
                    return try parse(answer, endpoint)
                } catch .malformedAnswer(let failure) where channels.count > 1 {
                    // Something other than etcd answers there: ask the next endpoint.
                    distrust(endpoint)
                    let attempt = AttemptFailure(failure: failure, mayHaveReachedServer: true, outlook: .uncertain)
                    try await patience.wait(after: [attempt], loop)
                }
            case .refused(let error): throw error
            case .failures(let failures): try await patience.wait(after: failures, loop)
            }
        }
    }

    private func write<Response: ProtobufDecodable>(
        _ method: String, _ request: some ProtobufEncodable, deadline: ContinuousClock.Instant
    ) async throws(EtcdError) -> Response {
        try checkEndpoints()
        guard ContinuousClock.now < deadline else { throw .deadlineExceeded([]) }
        var call = GRPCCall(method: method, message: try serialize(request), isRepeatable: false)
        var mayRenew = true
        var patience = Patience(deadline: deadline)
        while true {
            call.token = try await token(until: deadline)
            try await findEndpoint(call.token, until: deadline)
            do throws(EtcdError) {
                switch try await entrust(call, until: deadline) {
                case .success(let (answer, endpoint)):
                    do throws(EtcdError) {
                        return try parse(answer, endpoint)
                    } catch .malformedAnswer(let failure) {
                        throw .outcomeUnknown(failure)
                    }
                case .failure(let nobody): try await patience.wait(after: nobody.failures, loop)
                }
            } catch {
                guard mayRenew, mayRenewToken(call.token, after: error) else { throw error }
                mayRenew = false
            }
        }
    }

    /// No endpoint could be reached, and none did anything.
    private struct Untouched: Error {
        let failures: [AttemptFailure]
    }

    /// Sends `call` to one endpoint after the other, as long as it certainly has not reached an earlier one.
    private func entrust(_ call: GRPCCall, until deadline: ContinuousClock.Instant) async throws(EtcdError)
        -> Result<(answer: [UInt8], endpoint: Int), Untouched>
    {
        var failures: [AttemptFailure] = []
        for endpoint in endpointOrder() {
            let attemptEnd = min(deadline, .now + configuration.writeAttempt)
            switch await attempt(endpoint, call, until: attemptEnd) {
            case .answer(let answer):
                preferred = endpoint
                return .success((answer, endpoint))
            case .refused(let error):
                preferred = endpoint
                throw error
            case .failed(let failure):
                distrust(endpoint)
                if failure.mayHaveReachedServer { throw .outcomeUnknown(failure.failure) }
                failures.append(failure)
            }
            if ContinuousClock.now >= deadline || Task.isCancelled { break }
        }
        return .failure(Untouched(failures: failures))
    }

    /// If no endpoint has answered yet, finds one that answers and has a quorum, to send the request to first.
    private func findEndpoint(_ token: String?, until deadline: ContinuousClock.Instant) async throws(EtcdError) {
        guard preferred == nil, channels.count > 1 else { return }
        _ = await race(try probe(token), until: deadline)
    }

    /// The smallest request that only a member with a quorum answers; refusing it takes a quorum, too.
    func probe(_ token: String?) throws(EtcdError) -> GRPCCall {
        var request = EtcdRangeRequest(key: [0])
        request.countOnly = true
        return GRPCCall(method: "KV/Range", message: try serialize(request), isRepeatable: true, token: token)
    }

    /// All endpoints, the one that answered last first.
    func endpointOrder() -> [Int] {
        let first = preferred ?? 0
        return [first] + channels.indices.filter { $0 != first }
    }

    /// Lets the next call begin at another endpoint.
    func distrust(_ endpoint: Int) {
        guard channels.count > 1, preferred ?? 0 == endpoint else { return }
        preferred = (endpoint + 1) % channels.count
    }

    func checkEndpoints() throws(EtcdError) {
        if channels.isEmpty { throw .invalidConfiguration("no etcd endpoint is configured") }
        for channel in channels where !channel.endpoint.isUsable {
            throw .invalidConfiguration("the etcd endpoint \(channel.endpoint.url) is not an http or https URL")
        }
    }

    // MARK: Messages

    /// In bytes, as in etcd's own client. A server with default limits refuses a larger request before it has read it, and
    /// libcurl loses such a response.
    private static let largestRequest = 2 << 20

    func serialize(_ message: some ProtobufEncodable) throws(EtcdError) -> [UInt8] {
        let bytes = ProtobufWriter.bytes(of: message)
        guard bytes.count <= Self.largestRequest else { throw .requestTooLarge }
        return bytes
    }

    private func parse<Response: ProtobufDecodable>(_ bytes: [UInt8], _ endpoint: Int) throws(EtcdError) -> Response {
        do throws(MalformedProtobuf) {
            return try ProtobufReader.message(bytes)
        } catch {
            throw .malformedAnswer(
                .init(endpoint: channels[endpoint].endpoint.url, reason: "not the expected protobuf message"))
        }
    }
}

/// How long a call keeps trying after all endpoints have failed.
struct Patience {
    let deadline: ContinuousClock.Instant
    private var pause = Duration.milliseconds(50)
    /// The number of further rounds for failures with an uncertain outlook.
    private var uncertainRounds = 2

    init(deadline: ContinuousClock.Instant) {
        self.deadline = deadline
    }

    /// Waits until the next round.
    ///
    /// - Throws: ``EtcdError/unavailable(_:)`` if another round is not likely to succeed, ``EtcdError/deadlineExceeded(_:)`` if
    ///   there is no time for one.
    mutating func wait(after failures: [EtcdClient.AttemptFailure], _ loop: TransferLoop) async throws(EtcdError) {
        let reasons = failures.map(\.failure)
        if ContinuousClock.now >= deadline || Task.isCancelled { throw .deadlineExceeded(reasons) }
        if !failures.contains(where: { $0.outlook == .good }) {
            guard uncertainRounds > 0, failures.contains(where: { $0.outlook == .uncertain }) else {
                throw .unavailable(reasons)
            }
            uncertainRounds -= 1
        }
        guard .now + pause < deadline else { throw .deadlineExceeded(reasons) }
        await loop.sleep(until: .now + pause)
        pause = min(pause * 2, .seconds(1))
    }
}

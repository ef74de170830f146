import HTTPTransport

extension EtcdClient {
    /// Watches keys (etcd `Watch.Watch`) at the endpoint that answered last, or at the next one if that one does not answer. The
    /// first message (`created`) has the revision from which on events come.
    ///
    /// Nothing happens before the first message is asked for, and a slow consumer makes the server wait. The stream ends with an
    /// ``EtcdError`` if the connection breaks, or if etcd ends the watch. If the start revision is no longer kept, that is
    /// ``EtcdError/compacted``, after a message with the revision of the compaction. The caller resumes, from the revision after
    /// the last event. The watch ends when its consumer drops it or is cancelled.
    ///
    /// If the other end of the connection disappears, TCP keepalive breaks the connection within half a minute. A member that is
    /// cut off from its cluster ends the watch itself, because every request requires a leader. A member that is frozen sends
    /// nothing; `patience` detects that.
    ///
    /// - Parameters:
    ///   - request: what to watch, and from which revision on.
    ///   - deadline: when etcd must have accepted the watch, which may then last for ever.
    ///   - patience: how long the endpoint may send nothing before it is probed, repeatedly. If it does not answer the probe, the
    ///     watch ends with ``EtcdError/unavailable(_:)``, and the next one begins at another endpoint. nil never probes.
    /// - Returns: etcd's messages.
    public nonisolated func watch(
        _ request: EtcdWatchCreateRequest, deadline: ContinuousClock.Instant, patience: Duration? = nil
    ) -> AsyncThrowingStream<EtcdWatchResponse, any Error> {
        let watch = Watch(request, client: self, deadline: deadline, patience: patience)
        return AsyncThrowingStream { try await watch.next() }
    }

    /// Waits until `endpoint` no longer answers, and returns the reason; nil if the task is cancelled.
    fileprivate func waitForSilence(of endpoint: Int, _ token: String?, after patience: Duration) async
        -> EtcdError.EndpointFailure?
    {
        guard let call = try? probe(token) else { return nil }
        while true {
            await loop.sleep(until: .now + patience)
            if Task.isCancelled { return nil }
            let outcome = await attempt(endpoint, call, until: .now + self.patience)
            if Task.isCancelled { return nil }
            if case .failed(let failure) = outcome {
                distrust(endpoint)
                return failure.failure
            }
        }
    }

    /// Opens a stream at the first endpoint that answers.
    fileprivate func openStream(_ call: GRPCCall, until deadline: ContinuousClock.Instant) async throws(EtcdError)
        -> (HTTPResponseStream, endpoint: Int)
    {
        try checkEndpoints()
        var failures: [EtcdError.EndpointFailure] = []
        for endpoint in endpointOrder() {
            let channel = channels[endpoint]
            do throws(GRPCChannel.Failure) {
                let timeout = max(.milliseconds(1), min(.seconds(3), deadline - .now))
                return (try await channel.serverStream(call, headTimeout: timeout), endpoint)
            } catch {
                switch Self.judge(error, channel.endpoint.url) {
                case .refused(let error): throw error
                case .failed(let failure): failures.append(failure.failure)
                case .answer: break
                }
                distrust(endpoint)
            }
            if ContinuousClock.now >= deadline || Task.isCancelled { throw .deadlineExceeded(failures) }
        }
        throw .unavailable(failures)
    }
}

/// One watch, which gives one message after the other.
private actor Watch {
    nonisolated let client: EtcdClient
    nonisolated var unownedExecutor: UnownedSerialExecutor { client.unownedExecutor }

    private let request: EtcdWatchCreateRequest
    private let deadline: ContinuousClock.Instant
    private let patience: Duration?
    private var connection: (stream: HTTPResponseStream, endpoint: Int)?
    private var token: String?
    private var deframer = GRPC.Deframer()
    private var mayRenew = true
    private var isCompacted = false

    init(
        _ request: EtcdWatchCreateRequest, client: EtcdClient, deadline: ContinuousClock.Instant, patience: Duration?
    ) {
        self.request = request
        self.client = client
        self.deadline = deadline
        self.patience = patience
    }

    /// The next message; nil if the server has ended the stream without an error, which etcd does not do.
    func next() async throws(EtcdError) -> EtcdWatchResponse? {
        if isCompacted { throw .compacted }
        while true {
            let (stream, endpoint) = try await connected()
            guard let bytes = try await nextMessage(of: stream, endpoint) else { return nil }
            guard let message: EtcdWatchResponse = try? ProtobufReader.message(bytes) else {
                throw .malformedAnswer(.init(endpoint: client.url(endpoint), reason: "not a watch response"))
            }
            guard message.canceled else {
                mayRenew = false
                return message
            }
            // etcd ends the watch but not the stream, and sends nothing more.
            await stream.cancel()
            isCompacted = message.compactRevision > 0
            if isCompacted { return message }
            let error = EtcdError(cancelled: message)
            guard mayRenew, token != nil, error.mayBeForTheToken else { throw error }
            mayRenew = false
            await client.forgetToken(token)
            connection = nil
            deframer = GRPC.Deframer()
        }
    }

    private func connected() async throws(EtcdError) -> (stream: HTTPResponseStream, endpoint: Int) {
        if let connection { return connection }
        let message = EtcdWatchRequest(create: request)
        var call = GRPCCall(method: "Watch/Watch", message: try await client.serialize(message), isRepeatable: true)
        while true {
            token = try await client.token(until: deadline)
            call.token = token
            do throws(EtcdError) {
                let new = try await client.openStream(call, until: deadline)
                connection = new
                return new
            } catch {
                guard mayRenew, await client.mayRenewToken(token, after: error) else { throw error }
                mayRenew = false
            }
        }
    }

    private func nextMessage(of stream: HTTPResponseStream, _ index: Int) async throws(EtcdError) -> [UInt8]? {
        let endpoint = client.url(index)
        do {
            while true {
                if let message = try deframer.next() { return Array(message) }
                guard let bytes = try await nextBytes(of: stream, index) else { break }
                deframer.append(bytes)
            }
            try GRPCChannel.check(stream.head, await stream.trailers)
            guard deframer.isEmpty else { throw GRPC.Deframer.Malformed(problem: "the stream ends within a message") }
            return nil
        } catch let error as EtcdError {
            throw error
        } catch let error as HTTPError {
            throw .unavailable([.init(endpoint: endpoint, reason: error.detail)])
        } catch let error as GRPCChannel.Failure {
            switch EtcdClient.judge(error, endpoint) {
            case .refused(let error): throw error
            case .failed(let failure): throw .unavailable([failure.failure])
            case .answer: return nil
            }
        } catch {
            await stream.cancel()
            let problem = (error as? GRPC.Deframer.Malformed)?.problem ?? "not a watch response"
            throw .malformedAnswer(.init(endpoint: endpoint, reason: problem))
        }
    }
}

extension Watch {
    private enum Step: Sendable {
        case bytes([UInt8]?)
        case broken(HTTPError)
        case silent(EtcdError.EndpointFailure?)
    }

    /// The next bytes of the stream; throws ``EtcdError/unavailable(_:)`` if its endpoint no longer answers.
    private func nextBytes(of stream: HTTPResponseStream, _ endpoint: Int) async throws -> [UInt8]? {
        guard let patience else { return try await stream.next() }
        let (client, token) = (client, token)
        let step = await withTaskGroup(of: Step.self) { group in
            group.addTask {
                do throws(HTTPError) {
                    return .bytes(try await stream.next())
                } catch {
                    return .broken(error)
                }
            }
            group.addTask { .silent(await client.waitForSilence(of: endpoint, token, after: patience)) }
            defer { group.cancelAll() }
            return await group.next()
        }
        switch step {
        case .bytes(let bytes): return bytes
        case .broken(let error): throw error
        case .silent(let failure):
            await stream.cancel()
            throw EtcdError.unavailable([failure ?? .init(endpoint: client.url(endpoint), reason: "it was cancelled")])
        case nil: return nil
        }
    }
}

extension EtcdClient {
    fileprivate nonisolated func url(_ endpoint: Int) -> String { channels[endpoint].endpoint.url }
}

extension EtcdError {
    /// Why etcd ended a watch.
    fileprivate init(cancelled message: EtcdWatchResponse) {
        let reason = message.cancelReason
        if reason.contains("compacted") {
            self = .compacted
        } else if reason.contains("invalid auth token") {
            self = .unauthenticated(reason)
        } else if reason.contains("permission denied") {
            self = .permissionDenied(reason)
        } else if reason.contains("no leader") {
            self = .unavailable([.init(endpoint: "the watched member", reason: reason)])
        } else {
            self = .rejected(code: 1, message: reason.isEmpty ? "the watch was ended" : reason)
        }
    }

    /// Some versions of etcd report an expired token as a lack of permission if it is the token of a watch.
    fileprivate var mayBeForTheToken: Bool {
        switch self {
        case .unauthenticated, .permissionDenied: true
        case .unavailable, .deadlineExceeded, .outcomeUnknown, .noSpace, .tooManyRequests, .tooManyOperations,
            .requestTooLarge, .compacted, .invalidConfiguration, .malformedAnswer, .rejected:
            false
        }
    }
}

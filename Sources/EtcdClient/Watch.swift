import HTTPTransport
import SwiftProtobuf

extension EtcdClient {
    /// Watches keys (etcd `Watch.Watch`) from one endpoint, the one that answered last; when that one does not answer,
    /// from the next. The first message (`created`) tells the revision from which events count.
    ///
    /// Nothing happens before the first message is asked for, and a consumer that lags makes the server wait. The stream
    /// ends with an ``EtcdError`` when the connection breaks, or when etcd ends the watch (``EtcdError/compacted`` where
    /// the start is no longer kept); resuming, from the revision after the last event seen, is the caller's. It is given
    /// up when its consumer drops it or is cancelled.
    ///
    /// - Parameters:
    ///   - request: what is watched, and from which revision on.
    ///   - deadline: until when etcd must have taken up the watch; it may then last for ever.
    /// - Returns: etcd's messages.
    public nonisolated func watch(_ request: EtcdWatchCreateRequest, deadline: ContinuousClock.Instant)
        -> AsyncThrowingStream<EtcdWatchResponse, any Error>
    {
        let watch = Watch(request, client: self, deadline: deadline)
        return AsyncThrowingStream { try await watch.next() }
    }

    /// Opens a stream at the first endpoint that answers.
    fileprivate func openStream(_ call: GRPCCall, until deadline: ContinuousClock.Instant) async throws(EtcdError)
        -> (HTTPResponseStream, endpoint: String)
    {
        var failures: [EtcdError.EndpointFailure] = []
        for endpoint in channels.isEmpty ? [] : endpointOrder() {
            let channel = channels[endpoint]
            do throws(GRPCChannel.Failure) {
                let timeout = max(.milliseconds(1), min(.seconds(3), deadline - .now))
                return (try await channel.serverStream(call, headTimeout: timeout), channel.endpoint.url)
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

/// One watch, message by message, as its consumer asks for them.
private actor Watch {
    nonisolated let client: EtcdClient
    nonisolated var unownedExecutor: UnownedSerialExecutor { client.unownedExecutor }

    private let request: EtcdWatchCreateRequest
    private let deadline: ContinuousClock.Instant
    private var connection: (stream: HTTPResponseStream, endpoint: String)?
    private var token: String?
    private var deframer = GRPC.Deframer()
    private var mayRenew = true

    init(_ request: EtcdWatchCreateRequest, client: EtcdClient, deadline: ContinuousClock.Instant) {
        self.request = request
        self.client = client
        self.deadline = deadline
    }

    /// The next message; nil when the server has ended the stream well, which etcd does not do.
    func next() async throws(EtcdError) -> EtcdWatchResponse? {
        while true {
            let (stream, endpoint) = try await connected()
            guard let bytes = try await nextMessage(of: stream, endpoint) else { return nil }
            guard let message = try? EtcdWatchResponse(serializedBytes: bytes) else {
                throw .malformedAnswer(.init(endpoint: endpoint, reason: "not a watch response"))
            }
            guard message.canceled else {
                mayRenew = false
                return message
            }
            // etcd ends the watch, not the stream, and would say no more.
            await stream.cancel()
            let error = EtcdError(cancelled: message)
            guard mayRenew, case .permissionDenied = error, token != nil else { throw error }
            // An old token is called a lack of permission here.
            mayRenew = false
            await client.forgetToken(token)
            connection = nil
            deframer = GRPC.Deframer()
        }
    }

    private func connected() async throws(EtcdError) -> (stream: HTTPResponseStream, endpoint: String) {
        if let connection { return connection }
        var message = EtcdWatchRequest()
        message.createRequest = request
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

    private func nextMessage(of stream: HTTPResponseStream, _ endpoint: String) async throws(EtcdError) -> [UInt8]? {
        do {
            while true {
                if let message = try deframer.next() { return Array(message) }
                guard let bytes = try await stream.next() else { break }
                deframer.append(bytes)
            }
            try GRPCChannel.check(stream.head, await stream.trailers)
            guard deframer.isEmpty else { throw GRPC.Deframer.Malformed(problem: "the stream ends within a message") }
            return nil
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

extension EtcdError {
    /// Why etcd ended a watch.
    fileprivate init(cancelled message: EtcdWatchResponse) {
        let reason = message.cancelReason
        if message.compactRevision > 0 || reason.contains("compacted") {
            self = .compacted
        } else if reason.contains("permission denied") {
            self = .permissionDenied(reason)
        } else if reason.contains("no leader") {
            self = .unavailable([.init(endpoint: "the watched member", reason: reason)])
        } else {
            self = .rejected(code: 1, message: reason.isEmpty ? "the watch was ended" : reason)
        }
    }
}

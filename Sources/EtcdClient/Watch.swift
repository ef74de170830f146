import HTTPTransport
import SwiftProtobuf

extension EtcdClient {
    /// Watches keys (etcd `Watch.Watch`) from one endpoint, the one that answered last; when that one cannot be
    /// connected to, from the next. The first message (`created`) tells the revision from which events count.
    ///
    /// The stream ends with an error when the connection breaks; resuming, from the revision after the last event seen,
    /// is the caller's. It is given up when its consumer stops reading.
    public nonisolated func watch(_ request: EtcdWatchCreateRequest, deadline: ContinuousClock.Instant)
        -> AsyncThrowingStream<EtcdWatchResponse, any Error>
    {
        AsyncThrowingStream { continuation in
            let task = Task(executorPreference: loop) {
                do {
                    try await self.follow(request, deadline: deadline) { continuation.yield($0) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func follow(
        _ create: EtcdWatchCreateRequest, deadline: ContinuousClock.Instant, _ yield: (EtcdWatchResponse) -> Void
    ) async throws(EtcdError) {
        var request = EtcdWatchRequest()
        request.createRequest = create
        let (stream, endpoint) = try await openStream("Watch/Watch", try serialize(request), until: deadline)
        var deframer = GRPC.Deframer()
        do {
            while let bytes = try await stream.next() {
                deframer.append(bytes)
                while let message = try deframer.next() {
                    yield(try EtcdWatchResponse(serializedBytes: Array(message)))
                }
            }
            try GRPCChannel.check(stream.head, await stream.trailers)
        } catch let error as HTTPError {
            throw .unavailable([.init(endpoint: endpoint, reason: error.detail)])
        } catch let error as GRPCChannel.Failure {
            throw Self.error(for: Self.judge(error, endpoint))
        } catch {
            await stream.cancel()
            throw .malformedAnswer(.init(endpoint: endpoint, reason: "not a watch response"))
        }
    }

    private func openStream(_ method: String, _ message: [UInt8], until deadline: ContinuousClock.Instant)
        async throws(EtcdError) -> (HTTPResponseStream, endpoint: String)
    {
        var last = EtcdError.unavailable([])
        for endpoint in endpointOrder() {
            try await authenticate(until: deadline)
            let channel = channels[endpoint]
            do throws(GRPCChannel.Failure) {
                let timeout = max(.milliseconds(1), min(.seconds(3), deadline - .now))
                let stream = try await channel.serverStream(method, message, token: token, connectTimeout: timeout)
                return (stream, channel.endpoint.url)
            } catch {
                last = Self.error(for: Self.judge(error, channel.endpoint.url))
            }
        }
        throw last
    }

    private static func error(for outcome: Outcome) -> EtcdError {
        switch outcome {
        case .refused(let error): error
        case .failed(let failure): .unavailable([failure.failure])
        case .answer: .unavailable([])
        }
    }
}

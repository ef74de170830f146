import HTTPTransport

extension EtcdClient {
    /// The result of one attempt at one endpoint.
    enum Outcome: Sendable {
        case answer([UInt8])
        /// etcd refused the request, and would refuse it at any endpoint.
        case refused(EtcdError)
        case failed(AttemptFailure)

        var failure: AttemptFailure? {
            if case .failed(let failure) = self { failure } else { nil }
        }
    }

    struct AttemptFailure: Sendable {
        let failure: EtcdError.EndpointFailure
        /// False only if the server certainly did nothing.
        let mayHaveReachedServer: Bool
        let outlook: Outlook
    }

    /// Whether the same request may succeed a moment later.
    enum Outlook: Sendable {
        /// Not likely: the endpoint refuses connections, or its certificate is not trusted.
        case poor
        /// Worth one or two more attempts: the connection broke, or libcurl lost the end of the response.
        case uncertain
        /// Likely: the member itself reports that it cannot answer at this moment, as during an election.
        case good
    }

    /// One attempt at one endpoint. If a connection cannot be made in time, it is tried again until the deadline.
    func attempt(_ endpoint: Int, _ call: GRPCCall, until deadline: ContinuousClock.Instant) async -> Outcome {
        let channel = channels[endpoint]
        var isNameSlow = false
        while true {
            let timeout = max(.milliseconds(1), deadline - .now)
            // Each address of a host gets half of the time that is left, so a short time brings the next one sooner. But with
            // a slow name server, each short attempt would end before the lookup.
            let isLast = timeout < connectAttempt * 2 || isNameSlow
            let connectTimeout = isLast ? timeout : connectAttempt
            let connectionEnd = ContinuousClock.now + connectTimeout
            do throws(GRPCChannel.Failure) {
                return .answer(try await channel.unary(call, timeout: timeout, connectTimeout: connectTimeout))
            } catch {
                let now = ContinuousClock.now
                if !isLast, error.isBeforeConnection, now >= connectionEnd, now < deadline, !Task.isCancelled {
                    if case .transport(let error) = error { isNameSlow = error.isSlowNameLookup }
                    continue
                }
                return Self.judge(error, channel.endpoint.url)
            }
        }
    }

    static func judge(_ failure: GRPCChannel.Failure, _ url: String) -> Outcome {
        func failed(_ reason: String, reached: Bool, _ outlook: Outlook) -> Outcome {
            .failed(
                AttemptFailure(
                    failure: .init(endpoint: url, reason: reason), mayHaveReachedServer: reached, outlook: outlook))
        }
        switch failure {
        case .transport(let error):
            if error.kind == .invalidRequest { return .refused(.invalidConfiguration("\(url): \(error.detail)")) }
            let outlook: Outlook = error.kind == .interrupted ? .uncertain : .poor
            return failed(error.detail, reached: error.mayHaveReachedServer, outlook)
        case .malformed(let problem):
            return failed(problem, reached: true, .uncertain)
        case .status(let status):
            if let error = EtcdError(refusal: status) { return .refused(error) }
            // etcd returns this before it handles the request, because every request requires a leader.
            let untouched = status.code == 14 && status.message.contains("no leader")
            let isMember = [1, 2, 4, 14].contains(status.code)
            let reason = status.message.isEmpty ? "gRPC status \(status.code)" : status.message
            return failed(reason, reached: !untouched && status.code != 12, isMember ? .good : .poor)
        }
    }
}

extension GRPCChannel.Failure {
    /// Whether there was no connection, so the server certainly saw nothing.
    fileprivate var isBeforeConnection: Bool {
        if case .transport(let error) = self { error.kind == .cannotConnect } else { false }
    }
}

extension EtcdError {
    /// The refusal that `status` means; nil if the member only could not answer at this moment.
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
        case 3, 6, 9, 10, 11: self = .rejected(code: status.code, message: message)
        // All other codes (not found, unimplemented, internal, ...) are about the endpoint, not the request.
        default: return nil
        }
    }
}

import HTTPTransport

extension EtcdClient {
    /// What one attempt at one endpoint came to.
    enum Outcome: Sendable {
        case answer([UInt8])
        /// etcd's definite no: another endpoint would say the same.
        case refused(EtcdError)
        case failed(AttemptFailure)

        var failure: AttemptFailure? {
            if case .failed(let failure) = self { failure } else { nil }
        }
    }

    struct AttemptFailure: Sendable {
        let failure: EtcdError.EndpointFailure
        /// False only when the server certainly did nothing.
        let mayHaveReachedServer: Bool
        let outlook: Outlook
    }

    /// Whether the same request may fare better a moment later.
    enum Outlook: Sendable {
        /// Not likely: the endpoint refuses connections, or its certificate is not trusted.
        case poor
        /// Once or twice: the connection broke, or libcurl lost the end of the answer.
        case uncertain
        /// The member says itself that it cannot answer at this moment (an election).
        case good
    }

    /// One attempt at one endpoint. A connection that cannot be made in time is tried again while there is time.
    func attempt(_ endpoint: Int, _ call: GRPCCall, until deadline: ContinuousClock.Instant) async -> Outcome {
        let channel = channels[endpoint]
        while true {
            let timeout = max(.milliseconds(1), deadline - .now)
            // Each address of a host has half of the time that is left: a short time brings the second one sooner.
            let isLast = timeout < connectAttempt * 2
            let connectTimeout = isLast ? timeout : connectAttempt
            let connectionEnd = ContinuousClock.now + connectTimeout
            do throws(GRPCChannel.Failure) {
                return .answer(try await channel.unary(call, timeout: timeout, connectTimeout: connectTimeout))
            } catch {
                if !isLast, error.isBeforeConnection, ContinuousClock.now >= connectionEnd, !Task.isCancelled {
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
            // Said before the request is looked at, because every request asks for a leader.
            let untouched = status.code == 14 && status.message.contains("no leader")
            let isMember = [1, 2, 4, 14].contains(status.code)
            let reason = status.message.isEmpty ? "gRPC status \(status.code)" : status.message
            return failed(reason, reached: !untouched && status.code != 12, isMember ? .good : .poor)
        }
    }
}

extension GRPCChannel.Failure {
    /// Whether there was no connection, so that the server certainly saw nothing.
    fileprivate var isBeforeConnection: Bool {
        if case .transport(let error) = self { error.kind == .cannotConnect } else { false }
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
        case 3, 6, 9, 10, 11: self = .rejected(code: status.code, message: message)
        // What etcd does not say of a request (not found, unimplemented, internal, ...) says something of the endpoint.
        default: return nil
        }
    }
}

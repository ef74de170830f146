/// Why etcd did not do what was asked.
public enum EtcdError: Error, Sendable, Equatable {
    /// What one endpoint had to say.
    public struct EndpointFailure: Sendable, Equatable, CustomStringConvertible {
        public let endpoint: String
        public let reason: String

        public init(endpoint: String, reason: String) {
            self.endpoint = endpoint
            self.reason = reason
        }

        public var description: String { "\(endpoint): \(reason)" }
    }

    /// No endpoint could be used; nothing was changed.
    case unavailable([EndpointFailure])
    /// The deadline passed before an answer came; nothing was changed.
    case deadlineExceeded([EndpointFailure])
    /// A write was sent and its answer was lost: it may have been done, or may yet be.
    case outcomeUnknown(EndpointFailure)
    /// The user or password is wrong, or a user is needed and none was given.
    case unauthenticated(String)
    /// The user's roles do not allow the operation.
    case permissionDenied(String)
    /// The database reached its quota (alarm NOSPACE): puts are refused.
    case noSpace
    /// The member is overloaded and refused the request.
    case tooManyRequests
    /// More operations in a transaction than `--max-txn-ops` allows.
    case tooManyOperations
    /// The request exceeds `--max-request-bytes`, or two megabytes.
    case requestTooLarge
    /// The revision asked for was compacted away.
    case compacted
    /// A file named for TLS, or an endpoint's URL, cannot be used.
    case invalidConfiguration(String)
    /// The server's answer is not gRPC as etcd speaks it.
    case malformedAnswer(EndpointFailure)
    /// Any other refusal, with its gRPC status code and etcd's message.
    case rejected(code: Int, message: String)
}

extension EtcdError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unavailable(let failures):
            "etcd is not reachable (\(Self.list(failures)))"
        case .deadlineExceeded(let failures):
            "etcd did not answer in time" + (failures.isEmpty ? "" : " (\(Self.list(failures)))")
        case .outcomeUnknown(let failure):
            "the answer to a write was lost (\(failure))"
        case .unauthenticated(let message): "etcd refused the user: \(message)"
        case .permissionDenied(let message): "etcd refused the operation: \(message)"
        case .noSpace:
            "etcd's database is full (alarm NOSPACE); compact and defragment it, then run 'etcdctl alarm disarm'"
        case .tooManyRequests: "etcd is overloaded (too many requests)"
        case .tooManyOperations: "the transaction has more operations than etcd allows (--max-txn-ops)"
        case .requestTooLarge: "the request is larger than etcd allows (--max-request-bytes)"
        case .compacted: "the revision was compacted away"
        case .invalidConfiguration(let message): message
        case .malformedAnswer(let failure): "the answer is not etcd's gRPC (\(failure))"
        case .rejected(let code, let message): "etcd refused the request: \(message) (gRPC status \(code))"
        }
    }

    private static func list(_ failures: [EndpointFailure]) -> String {
        failures.map(\.description).joined(separator: "; ")
    }
}

/// Why etcd did not carry out a request.
public enum EtcdError: Error, Sendable, Equatable {
    /// Why a request to one endpoint failed.
    public struct EndpointFailure: Sendable, Equatable, CustomStringConvertible {
        /// The endpoint's URL, or "etcd" if any endpoint can be meant.
        public let endpoint: String
        /// The error message.
        public let reason: String

        /// Takes the endpoint's URL and an error message.
        public init(endpoint: String, reason: String) {
            self.endpoint = endpoint
            self.reason = reason
        }

        /// "http://10.0.0.1:2379: Connection refused"
        public var description: String { "\(endpoint): \(reason)" }
    }

    /// No endpoint could be used; nothing was changed.
    case unavailable([EndpointFailure])
    /// The deadline passed before a response came; nothing was changed.
    case deadlineExceeded([EndpointFailure])
    /// A write was sent and its response was lost: it may have been carried out, or may still be.
    case outcomeUnknown(EndpointFailure)
    /// The user or password is wrong, or a user is needed and none was given.
    case unauthenticated(String)
    /// The user's roles do not allow the operation.
    case permissionDenied(String)
    /// The database has reached its quota (alarm NOSPACE), and refuses puts.
    case noSpace
    /// The member is overloaded and refused the request.
    case tooManyRequests
    /// The transaction has more operations than `--max-txn-ops` allows.
    case tooManyOperations
    /// The request exceeds `--max-request-bytes`, or two megabytes.
    case requestTooLarge
    /// The requested revision is no longer kept.
    case compacted
    /// A file for TLS, or the URL of an endpoint, cannot be used.
    case invalidConfiguration(String)
    /// The response is not gRPC, or not a message of etcd.
    case malformedAnswer(EndpointFailure)
    /// Any other refusal, with its gRPC status code and etcd's message.
    case rejected(code: Int, message: String)
}

extension EtcdError: CustomStringConvertible {
    /// The error message.
    public var description: String {
        switch self {
        case .unavailable(let failures):
            "etcd is not reachable (\(Self.list(failures)))"
        case .deadlineExceeded(let failures):
            "etcd did not answer in time" + (failures.isEmpty ? "" : " (\(Self.list(failures)))")
        case .outcomeUnknown(let failure):
            "the response to a write was lost (\(failure))"
        case .unauthenticated(let message): "etcd refused the user: \(message)"
        case .permissionDenied(let message): "etcd refused the operation: \(message)"
        case .noSpace:
            "etcd's database is full (alarm NOSPACE); compact and defragment it, then run 'etcdctl alarm disarm'"
        case .tooManyRequests: "etcd is overloaded (too many requests)"
        case .tooManyOperations: "the transaction has more operations than etcd allows (--max-txn-ops)"
        case .requestTooLarge: "the request is larger than etcd allows (--max-request-bytes)"
        case .compacted: "the requested revision was compacted"
        case .invalidConfiguration(let message): message
        case .malformedAnswer(let failure): "the response is not gRPC from etcd (\(failure))"
        case .rejected(let code, let message): "etcd refused the request: \(message) (gRPC status \(code))"
        }
    }

    private static func list(_ failures: [EndpointFailure]) -> String {
        failures.map(\.description).joined(separator: "; ")
    }
}

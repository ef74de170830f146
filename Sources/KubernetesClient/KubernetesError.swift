/// Why Kubernetes did not return what was requested.
public enum KubernetesError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was requested, and from where.
    public struct Question: Hashable, Sendable {
        /// The API server, such as `10.0.0.1:6443`.
        public let server: String
        /// What was requested, such as `pod default/db-0`, `namespace kube-system`, or `the nodes`.
        public let object: String
    }

    /// 401: the credentials are missing, wrong or expired.
    case unauthorized(Question, message: String)
    /// 403: the user is not allowed to do that.
    case forbidden(Question, message: String)
    /// 404, but not a report of Kubernetes that the object does not exist: the path is wrong, or this is another server.
    case notFound(Question, message: String)
    /// 410, repeatedly: a list could not be read within the time that the server keeps it.
    case expired(Question, message: String)
    /// 429, up to the deadline: the server is overloaded.
    case tooManyRequests(Question, message: String)
    /// 500 to 599, up to the deadline.
    case serverFailed(Question, status: Int, message: String)
    /// Any other status; redirects are not followed.
    case refused(Question, status: Int, message: String)
    /// There is no connection.
    case unreachable(Question, reason: String)
    /// TLS failed: the certificate of the server or of the client is not trusted.
    case untrusted(Question, reason: String)
    /// The deadline passed without a response; `before` is the error of an earlier attempt.
    case timedOut(Question, before: String?)
    /// The connection broke before the response was complete.
    case cutOff(Question, reason: String)
    /// The response is not one that Kubernetes sends.
    case malformed(Question, problem: String)
    /// A certificate, a key or a token that the kubeconfig names cannot be used.
    case invalidCredentials(Question, problem: String)
    /// No object in Kubernetes can have the requested name.
    case invalidName(Question)
    /// The task was cancelled.
    case cancelled(Question)

    /// The error message: what was requested, from which server, and why it failed.
    public var description: String {
        "could not get \(question.object) from Kubernetes at \(question.server): \(reason)"
    }

    /// What was requested, and from where.
    public var question: Question {
        switch self {
        case .unauthorized(let question, _), .forbidden(let question, _), .notFound(let question, _),
            .expired(let question, _), .tooManyRequests(let question, _), .serverFailed(let question, _, _),
            .refused(let question, _, _), .unreachable(let question, _), .untrusted(let question, _),
            .timedOut(let question, _), .cutOff(let question, _), .malformed(let question, _),
            .invalidCredentials(let question, _), .invalidName(let question), .cancelled(let question):
            question
        }
    }

    /// Whether the same request may succeed later without a change of the configuration.
    public var isTransient: Bool {
        switch self {
        case .expired, .tooManyRequests, .serverFailed, .unreachable, .timedOut, .cutOff: true
        case .unauthorized, .forbidden, .notFound, .refused, .untrusted, .malformed, .invalidCredentials, .invalidName,
            .cancelled:
            false
        }
    }

    /// The error message without what was requested.
    var reason: String {
        switch self {
        case .unauthorized(_, let message): "the server does not accept the credentials (401: \(message))"
        case .forbidden(_, let message): "the user is not allowed to get it (403: \(message))"
        case .notFound(_, let message):
            "the response is not from the Kubernetes API; check the server URL (404: \(message))"
        case .expired(_, let message): "the list expired repeatedly while it was read (410: \(message))"
        case .tooManyRequests(_, let message): "the server is overloaded (429: \(message))"
        case .serverFailed(_, let status, let message): "the server failed (\(status): \(message))"
        case .refused(_, let status, let message): "the server refused the request (\(status): \(message))"
        case .unreachable(_, let reason): "the server is not reachable (\(reason))"
        case .untrusted(_, let reason): "TLS failed (\(reason))"
        case .timedOut(_, nil): "the server did not answer in time"
        case .timedOut(_, let before?): "the server did not answer in time (before that: \(before))"
        case .cutOff(_, let reason): "the response was cut off (\(reason))"
        case .malformed(_, let problem): "the response is not what Kubernetes sends: \(problem)"
        case .invalidCredentials(_, let problem): "the credentials cannot be used: \(problem)"
        case .invalidName: "no object can have this name"
        case .cancelled: "the request was cancelled"
        }
    }
}

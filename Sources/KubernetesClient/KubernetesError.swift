/// Why Kubernetes did not answer what was asked.
public enum KubernetesError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was asked, and where.
    public struct Question: Hashable, Sendable {
        /// The API server: `10.0.0.1:6443`.
        public let server: String
        /// Such as `pod default/db-0`, `namespace kube-system`, or `the nodes`.
        public let object: String
    }

    /// 401: the credentials are missing, wrong or out of date.
    case unauthorized(Question, message: String)
    /// 403: the user may not do that.
    case forbidden(Question, message: String)
    /// 404 which is not Kubernetes' word that the object is absent: a wrong path, or another server.
    case notFound(Question, message: String)
    /// 410, again and again: a list could not be read within the time that the server keeps it.
    case expired(Question, message: String)
    /// 429, up to the deadline: the server is overloaded.
    case tooManyRequests(Question, message: String)
    /// 500 to 599, up to the deadline.
    case serverFailed(Question, status: Int, message: String)
    /// Any other status; redirects are not followed.
    case refused(Question, status: Int, message: String)
    /// There is no connection.
    case unreachable(Question, reason: String)
    /// TLS failed: the server's certificate is not trusted, or the client's is not.
    case untrusted(Question, reason: String)
    /// The deadline passed without an answer; `before` is what an earlier attempt came to.
    case timedOut(Question, before: String?)
    /// The connection broke before all of the answer was there.
    case cutOff(Question, reason: String)
    /// The answer is not what Kubernetes sends.
    case malformed(Question, problem: String)
    /// A certificate, a key or a token that the kubeconfig names cannot be used.
    case invalidCredentials(Question, problem: String)
    /// The name asked for can be nobody's in Kubernetes.
    case invalidName(Question)
    /// The task was cancelled.
    case cancelled(Question)

    /// One sentence for people: what was asked of whom, and why there is no answer.
    public var description: String {
        "Kubernetes at \(question.server) did not show \(question.object): \(reason)"
    }

    /// What was asked, and where.
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

    /// Whether the same question may be answered a while later, without anybody's doing.
    public var isTransient: Bool {
        switch self {
        case .expired, .tooManyRequests, .serverFailed, .unreachable, .timedOut, .cutOff: true
        case .unauthorized, .forbidden, .notFound, .refused, .untrusted, .malformed, .invalidCredentials, .invalidName,
            .cancelled:
            false
        }
    }

    /// The sentence less what was asked.
    var reason: String {
        switch self {
        case .unauthorized(_, let message): "it does not accept the credentials (401: \(message))"
        case .forbidden(_, let message): "the user may not see it (403: \(message))"
        case .notFound(_, let message): "this is no answer of its API, is the server's path right? (404: \(message))"
        case .expired(_, let message): "the list expired while it was read, again and again (410: \(message))"
        case .tooManyRequests(_, let message): "it is overloaded (429: \(message))"
        case .serverFailed(_, let status, let message): "it failed (\(status): \(message))"
        case .refused(_, let status, let message): "it refused (\(status): \(message))"
        case .unreachable(_, let reason): "it is not reachable (\(reason))"
        case .untrusted(_, let reason): "TLS failed (\(reason))"
        case .timedOut(_, nil): "it did not answer in time"
        case .timedOut(_, let before?): "it did not answer in time (before that \(before))"
        case .cutOff(_, let reason): "the answer was cut off (\(reason))"
        case .malformed(_, let problem): "the answer is not what Kubernetes sends: \(problem)"
        case .invalidCredentials(_, let problem): "the credentials cannot be used: \(problem)"
        case .invalidName: "it cannot have an object of this name"
        case .cancelled: "the question was withdrawn"
        }
    }
}

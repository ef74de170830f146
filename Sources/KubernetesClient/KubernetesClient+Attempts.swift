import FoundationEssentials
import HTTPTransport

extension KubernetesClient {
    /// The result of one attempt.
    private enum Outcome {
        case body([UInt8])
        /// Kubernetes reports that the object does not exist.
        case absent
        case failed(Failure)
    }

    private struct Failure {
        let error: KubernetesError
        /// Whether another attempt may succeed.
        let mayRetry: Bool
        /// How long the server asks the client to wait (`Retry-After`).
        var pause: Duration?
    }

    /// Sends the request until it is answered, fails with a permanent error, or the deadline passes.
    ///
    /// - Returns: the body; nil if Kubernetes reports that the object does not exist.
    /// - Throws: ``KubernetesError``.
    func body(of request: APIRequest, deadline: ContinuousClock.Instant) async throws(KubernetesError) -> [UInt8]? {
        var before: KubernetesError?
        var backoff = Duration.milliseconds(100)
        while true {
            if Task.isCancelled { throw .cancelled(request.question) }
            guard ContinuousClock.now < deadline else {
                throw before ?? .timedOut(request.question, before: nil)
            }
            switch await attempt(request, deadline, before) {
            case .body(let body): return body
            case .absent: return nil
            case .failed(let failure):
                // The random part keeps nodes that failed at the same moment from trying again at the same moment. There is
                // a pause even if the server asks for none.
                let pause = max(failure.pause ?? .zero, backoff * Double.random(in: 0.5...1))
                guard failure.mayRetry, .now + pause < deadline else { throw failure.error }
                before = failure.error
                backoff = min(backoff * 2, .seconds(2))
                await http.loop.sleep(until: .now + pause)
            }
        }
    }

    private func attempt(
        _ request: APIRequest, _ deadline: ContinuousClock.Instant, _ before: KubernetesError?
    ) async -> Outcome {
        do throws(BearerToken.Unusable) {
            let message = try message(request, deadline)
            do throws(HTTPError) {
                return outcome(try await http.send(message), request)
            } catch {
                return .failed(Self.failure(error, request, before))
            }
        } catch {
            let problem = "the kubeconfig names the token file \(kubeconfig.token?.file ?? ""), \(error.clause)"
            return .failed(
                Failure(error: .invalidCredentials(request.question, problem: problem), mayRetry: false))
        }
    }

    private func message(_ request: APIRequest, _ deadline: ContinuousClock.Instant) throws(BearerToken.Unusable)
        -> HTTPRequest
    {
        var message = HTTPRequest(url: kubeconfig.server + request.target)
        // HTTP/2 is negotiated by ALPN. Without TLS, Kubernetes and `kubectl proxy` may support only HTTP/1.1.
        message.version = kubeconfig.server.utf8.starts(with: "https".utf8) ? .http2 : .http1
        message.tls = kubeconfig.tls
        message.proxy = kubeconfig.proxy
        message.headers = [("Accept", "application/json"), ("User-Agent", userAgent)]
        if let body = request.body {
            message.method = "POST"
            message.body = body
            message.headers.append(("Content-Type", "application/json"))
        }
        if let token = kubeconfig.token {
            message.headers.append(("Authorization", "Bearer \(try token.current())"))
        }
        let left = max(.milliseconds(1), deadline - .now)
        message.timeout = left
        message.connectTimeout = min(message.connectTimeout, left)
        message.maximumBodySize = request.limit
        return message
    }

    private static func failure(_ error: HTTPError, _ request: APIRequest, _ before: KubernetesError?) -> Failure {
        let question = request.question
        let detail = error.detail.excerpt
        switch error.kind {
        case .cannotConnect:
            return Failure(error: .unreachable(question, reason: detail), mayRetry: true)
        case .unknownHost:
            return Failure(error: .unreachable(question, reason: detail), mayRetry: false)
        case .interrupted:
            return Failure(error: .cutOff(question, reason: detail), mayRetry: true)
        case .tls:
            return Failure(error: .untrusted(question, reason: detail), mayRetry: false)
        case .timedOut:
            return Failure(error: .timedOut(question, before: before?.reason), mayRetry: false)
        case .tooLarge:
            let problem = "it has more than \(request.limit) bytes"
            return Failure(error: .malformed(question, problem: problem), mayRetry: false)
        case .invalidRequest:
            return Failure(error: .invalidCredentials(question, problem: detail), mayRetry: false)
        case .cancelled:
            return Failure(error: .cancelled(question), mayRetry: false)
        }
    }

    private func outcome(_ response: HTTPResponse, _ request: APIRequest) -> Outcome {
        let status = response.head.status
        if status == 200 || (status == 201 && request.body != nil) { return .body(response.body) }
        let question = request.question
        let answer = try? JSONDecoder().decode(KubernetesStatus.self, from: Data(response.body))
        let report = answer.flatMap { $0.kind == "Status" ? $0 : nil }
        let message = Self.message(report, response)
        func failed(_ error: KubernetesError, mayRetry: Bool = false) -> Outcome {
            .failed(Failure(error: error, mayRetry: mayRetry, pause: Self.retryAfter(response)))
        }
        switch status {
        case 401: return failed(.unauthorized(question, message: message))
        case 403: return failed(.forbidden(question, message: message))
        case 404:
            if let object = request.object, report?.reason == "NotFound", report?.details?.name == object.name,
                report?.details?.kind == object.resource
            {
                return .absent
            }
            return failed(.notFound(question, message: message))
        case 410: return failed(.expired(question, message: message))
        case 429: return failed(.tooManyRequests(question, message: message), mayRetry: true)
        case 500...599:
            return failed(.serverFailed(question, status: status, message: message), mayRetry: true)
        default: return failed(.refused(question, status: status, message: message))
        }
    }

    /// The message of a `Status`, or a description of another response.
    private static func message(_ status: KubernetesStatus?, _ response: HTTPResponse) -> String {
        if let message = status?.message?.excerpt, !message.isEmpty { return message }
        if let target = response.head.headers["location"] {
            return "a redirect to \(target.excerpt), which is not followed"
        }
        if status != nil { return "no message" }
        let type = response.head.headers["content-type"].map { ", but \($0.excerpt)" } ?? ""
        return "not a Kubernetes status\(type)"
    }

    /// `Retry-After` in seconds (RFC 9110 section 10.2.3); Kubernetes does not send dates.
    private static func retryAfter(_ response: HTTPResponse) -> Duration? {
        guard let seconds = response.head.headers["retry-after"].flatMap({ UInt32($0) }) else { return nil }
        return .seconds(Int64(seconds))
    }
}

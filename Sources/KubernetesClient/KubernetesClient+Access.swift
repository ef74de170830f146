import FoundationEssentials

/// What a user of Kubernetes may be allowed to do.
public struct KubernetesAccess: Hashable, Sendable {
    /// Such as `get` or `list`.
    public let verb: String
    /// The API group; empty for the core group.
    public let group: String
    /// Such as `pods`.
    public let resource: String
    /// The name of one object; nil for all.
    public let name: String?

    /// An access to objects of all namespaces, or of none.
    public init(_ verb: String, _ resource: String, group: String = "", name: String? = nil) {
        self.verb = verb
        self.group = group
        self.resource = resource
        self.name = name
    }
}

extension KubernetesClient {
    /// Asks Kubernetes whether the user of the kubeconfig has an access (API `authorization.k8s.io/v1`, kind
    /// `SelfSubjectAccessReview`). Every user that Kubernetes knows may ask that.
    ///
    /// - Throws: ``KubernetesError``.
    public func allows(_ access: KubernetesAccess, deadline: ContinuousClock.Instant) async throws(KubernetesError)
        -> Bool
    {
        let question = question("the right to \(access.verb) \(access.resource)")
        let review = Review(
            spec: .init(
                resourceAttributes: .init(
                    verb: access.verb, group: access.group, resource: access.resource, name: access.name)))
        guard let body = try? JSONEncoder().encode(review) else {
            throw .malformed(question, problem: "the request cannot be encoded")
        }
        let path = ["apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"]
        let request = APIRequest(
            question: question, target: APIRequest.target(path), limit: 1 << 20, object: nil, body: [UInt8](body))
        guard let answer = try await answer(Answer.self, request, deadline: deadline) else {
            throw .malformed(question, problem: "it is empty")
        }
        return answer.status.allowed
    }

    private struct Review: Encodable {
        struct Spec: Encodable {
            let resourceAttributes: Attributes
        }

        struct Attributes: Encodable {
            let verb: String
            let group: String
            let resource: String
            let name: String?
        }

        var apiVersion = "authorization.k8s.io/v1"
        var kind = "SelfSubjectAccessReview"
        let spec: Spec
    }

    private struct Answer: Decodable {
        struct Status: Decodable {
            let allowed: Bool
        }

        let status: Status
    }
}

import FoundationEssentials
import HTTPTransport

/// A client of the Kubernetes API: the few requests that IP address management needs.
///
/// All responses are up to date: no request has a `resourceVersion`, so the server reads from etcd instead of its cache. If the
/// server is overloaded, fails or cannot be connected to, the request is sent again until the deadline. Redirects are not
/// followed.
public struct KubernetesClient: Sendable {
    let kubeconfig: Kubeconfig
    let http: HTTPClient
    let userAgent: String
    /// Host and port of the server, for error messages.
    private let authority: String

    /// How often reading a list starts again because the list expired while it was read.
    static let listRestarts = 4
    /// In bytes. etcd stores objects of at most 1.5 MiB, which are larger in JSON.
    private static let largestObject = 4 << 20
    private static let largestPage = 256 << 20

    /// Makes a client; it connects with the first request.
    ///
    /// - Parameters:
    ///   - kubeconfig: the server and the credentials.
    ///   - userAgent: the name of this program in the server's audit log.
    ///   - loop: carries the transfers.
    public init(_ kubeconfig: Kubeconfig, userAgent: String, loop: TransferLoop) {
        self.kubeconfig = kubeconfig
        self.userAgent = userAgent
        http = HTTPClient(loop: loop)
        authority = ServerURL(kubeconfig.server)?.authority ?? kubeconfig.server
    }

    // MARK: Objects

    /// The pod; nil if Kubernetes reports that it does not exist.
    ///
    /// - Throws: ``KubernetesError``.
    public func pod(namespace: String, name: String, deadline: ContinuousClock.Instant)
        async throws(KubernetesError) -> KubernetesPod?
    {
        try await object(.pods, namespace, name, deadline: deadline) { ($0.namespace, $0.name) }
    }

    /// The node; nil if Kubernetes reports that it does not exist.
    ///
    /// - Throws: ``KubernetesError``.
    public func node(name: String, deadline: ContinuousClock.Instant) async throws(KubernetesError) -> KubernetesNode? {
        try await object(.nodes, nil, name, deadline: deadline) { (nil, $0.name) }
    }

    /// The namespace; nil if Kubernetes reports that it does not exist.
    ///
    /// - Throws: ``KubernetesError``.
    public func namespace(name: String, deadline: ContinuousClock.Instant)
        async throws(KubernetesError) -> KubernetesNamespace?
    {
        try await object(.namespaces, nil, name, deadline: deadline) { (nil, $0.name) }
    }

    /// The Deployment; nil if Kubernetes reports that it does not exist.
    ///
    /// - Throws: ``KubernetesError``.
    public func deployment(namespace: String, name: String, deadline: ContinuousClock.Instant)
        async throws(KubernetesError) -> KubernetesDeployment?
    {
        try await object(.deployments, namespace, name, deadline: deadline) { ($0.namespace, $0.name) }
    }

    /// The NetworkAttachmentDefinition; nil if Kubernetes reports that it does not exist.
    ///
    /// - Throws: ``KubernetesError``; `notFound` if the cluster does not have this kind of objects.
    public func networkDefinition(namespace: String, name: String, deadline: ContinuousClock.Instant)
        async throws(KubernetesError) -> KubernetesNetworkDefinition?
    {
        try await object(.networkDefinitions, namespace, name, deadline: deadline) { ($0.namespace, $0.name) }
    }

    /// A kind of objects that are requested by name.
    private struct Resource {
        /// The path of the API group and version.
        let api: [String]
        /// In paths, such as `pods`.
        let plural: String
        /// In error messages.
        let singular: String

        static let pods = Resource(api: ["api", "v1"], plural: "pods", singular: "pod")
        static let nodes = Resource(api: ["api", "v1"], plural: "nodes", singular: "node")
        static let namespaces = Resource(api: ["api", "v1"], plural: "namespaces", singular: "namespace")
        static let deployments = Resource(api: ["apis", "apps", "v1"], plural: "deployments", singular: "deployment")
        static let networkDefinitions = Resource(
            api: ["apis", KubernetesNetworkDefinition.group, "v1"], plural: KubernetesNetworkDefinition.resource,
            singular: "NetworkAttachmentDefinition")

        func title(_ namespace: String?, _ name: String) -> String {
            "\(singular) \(namespace.map { "\($0.excerpt)/" } ?? "")\(name.excerpt)"
        }
    }

    /// The object with this name, which must also be what the response has.
    ///
    /// - Parameter found: the namespace and the name of an object.
    private func object<Object: Decodable>(
        _ resource: Resource, _ namespace: String?, _ name: String, deadline: ContinuousClock.Instant,
        found: (Object) -> (namespace: String?, name: String)
    ) async throws(KubernetesError) -> Object? {
        let question = question(resource.title(namespace, name))
        guard APIRequest.isSegment(name), namespace.map(APIRequest.isSegment) ?? true else {
            throw .invalidName(question)
        }
        let place = namespace.map { ["namespaces", $0] } ?? []
        let request = APIRequest(
            question: question, target: APIRequest.target(resource.api + place + [resource.plural, name]),
            limit: Self.largestObject, object: .init(resource: resource.plural, name: name))
        guard let object = try await answer(Object.self, request, deadline: deadline) else { return nil }
        guard found(object) == (namespace, name) else {
            let (namespace, name) = found(object)
            throw .malformed(question, problem: "it is the \(resource.title(namespace, name))")
        }
        return object
    }

    // MARK: Lists

    /// All pods, as of one moment; if a page is missing, that is an error.
    ///
    /// - Parameters:
    ///   - fieldSelector: such as `status.podIP=10.0.0.1` or `spec.nodeName=n1`; nil for all.
    ///   - namespace: nil for all.
    ///   - pageSize: the largest number of pods in one response.
    ///   - deadline: when to give up.
    /// - Throws: ``KubernetesError``.
    public func pods(
        fieldSelector: String? = nil, namespace: String? = nil, pageSize: Int = 500,
        deadline: ContinuousClock.Instant
    ) async throws(KubernetesError) -> KubernetesList<KubernetesPod> {
        let place = namespace.map { " of namespace \($0.excerpt)" } ?? ""
        let question = question("the pods" + place + (fieldSelector.map { " with \($0.excerpt)" } ?? ""))
        if let namespace, !APIRequest.isSegment(namespace) { throw .invalidName(question) }
        let path = namespace.map { ["api", "v1", "namespaces", $0, "pods"] } ?? ["api", "v1", "pods"]
        let query = fieldSelector.map { [(name: "fieldSelector", value: $0)] } ?? []
        return try await list("PodList", question, path, query, pageSize, deadline)
    }

    /// All nodes, as of one moment; if a page is missing, that is an error.
    ///
    /// - Parameters:
    ///   - pageSize: the largest number of nodes in one response.
    ///   - deadline: when to give up.
    /// - Throws: ``KubernetesError``.
    public func nodes(pageSize: Int = 500, deadline: ContinuousClock.Instant)
        async throws(KubernetesError) -> KubernetesList<KubernetesNode>
    {
        try await list("NodeList", question("the nodes"), ["api", "v1", "nodes"], [], pageSize, deadline)
    }

    /// Reads a list page by page. All pages are as of the moment of the first one. If the server no longer has that moment (410),
    /// the pages that were read are dropped, and reading starts again.
    private func list<Element: Decodable & Sendable>(
        _ kind: String, _ question: KubernetesError.Question, _ path: [String],
        _ query: [(name: String, value: String)], _ pageSize: Int, _ deadline: ContinuousClock.Instant
    ) async throws(KubernetesError) -> KubernetesList<Element> {
        var restarts = 0
        while true {
            do throws(KubernetesError) {
                return try await wholeList(kind, question, path, query, pageSize, deadline)
            } catch .expired where restarts < Self.listRestarts {
                restarts += 1
            }
        }
    }

    private func wholeList<Element: Decodable & Sendable>(
        _ kind: String, _ question: KubernetesError.Question, _ path: [String],
        _ query: [(name: String, value: String)], _ pageSize: Int, _ deadline: ContinuousClock.Instant
    ) async throws(KubernetesError) -> KubernetesList<Element> {
        var whole = KubernetesList<Element>()
        var continuation: String?
        repeat {
            var query = query + [("limit", String(pageSize))]
            if let continuation { query.append(("continue", continuation)) }
            let request = APIRequest(
                question: question, target: APIRequest.target(path, query), limit: Self.largestPage, object: nil)
            guard let page = try await answer(KubernetesPage<Element>.self, request, deadline: deadline),
                page.kind == kind
            else { throw .malformed(question, problem: "it is not a \(kind)") }
            guard page.continuation == nil || page.continuation != continuation else {
                throw .malformed(question, problem: "the server sent the same continue token twice")
            }
            whole.items += page.list.items
            whole.unreadable += page.list.unreadable
            continuation = page.continuation
        } while continuation != nil
        return whole
    }

    // MARK: Answers

    func question(_ object: String) -> KubernetesError.Question {
        KubernetesError.Question(server: authority, object: object)
    }

    func answer<Answer: Decodable>(
        _ type: Answer.Type, _ request: APIRequest, deadline: ContinuousClock.Instant
    ) async throws(KubernetesError) -> Answer? {
        guard let body = try await body(of: request, deadline: deadline) else { return nil }
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch {
            throw .malformed(request.question, problem: DecodingProblem.clause(error))
        }
    }
}

import FoundationEssentials
import HTTPTransport

/// A client of the Kubernetes API: the few questions that addresses depend on.
///
/// Every answer is what is so now: no question names a `resourceVersion`, so that the server reads from etcd itself. A
/// server that is overloaded, fails or cannot be connected to is asked again until the deadline. Redirects are not
/// followed.
public struct KubernetesClient: Sendable {
    let kubeconfig: Kubeconfig
    let http: HTTPClient
    let userAgent: String
    /// Host and port of the server, for people.
    private let authority: String

    /// How often a list is begun again because it expired while it was read.
    static let listRestarts = 4
    /// etcd holds objects of 1.5 MiB at most, of which JSON makes more.
    private static let largestObject = 4 << 20
    private static let largestPage = 256 << 20

    /// - Parameters:
    ///   - kubeconfig: the server and the credentials.
    ///   - userAgent: what the server's audit log shall call this program.
    ///   - loop: carries the requests.
    public init(_ kubeconfig: Kubeconfig, userAgent: String, loop: TransferLoop) {
        self.kubeconfig = kubeconfig
        self.userAgent = userAgent
        http = HTTPClient(loop: loop)
        authority = ServerURL(kubeconfig.server)?.authority ?? kubeconfig.server
    }

    // MARK: Objects

    /// The pod of that name; nil when Kubernetes says that there is none.
    ///
    /// - Throws: ``KubernetesError``.
    public func pod(namespace: String, name: String, deadline: ContinuousClock.Instant)
        async throws(KubernetesError) -> KubernetesPod?
    {
        let question = question("pod \(namespace.excerpt)/\(name.excerpt)")
        guard APIRequest.isSegment(namespace), APIRequest.isSegment(name) else { throw .invalidName(question) }
        let request = APIRequest(
            question: question, target: APIRequest.target(["api", "v1", "namespaces", namespace, "pods", name]),
            limit: Self.largestObject, object: .init(resource: "pods", name: name))
        guard let pod = try await object(KubernetesPod.self, request, deadline: deadline) else { return nil }
        guard pod.name == name, pod.namespace == namespace else {
            throw .malformed(question, problem: "it is the pod \(pod.namespace.excerpt)/\(pod.name.excerpt)")
        }
        return pod
    }

    /// The node of that name; nil when Kubernetes says that there is none.
    ///
    /// - Throws: ``KubernetesError``.
    public func node(name: String, deadline: ContinuousClock.Instant) async throws(KubernetesError) -> KubernetesNode? {
        let question = question("node \(name.excerpt)")
        guard APIRequest.isSegment(name) else { throw .invalidName(question) }
        let request = APIRequest(
            question: question, target: APIRequest.target(["api", "v1", "nodes", name]),
            limit: Self.largestObject, object: .init(resource: "nodes", name: name))
        guard let node = try await object(KubernetesNode.self, request, deadline: deadline) else { return nil }
        guard node.name == name else { throw .malformed(question, problem: "it is the node \(node.name.excerpt)") }
        return node
    }

    /// The namespace of that name; nil when Kubernetes says that there is none.
    ///
    /// - Throws: ``KubernetesError``.
    public func namespace(name: String, deadline: ContinuousClock.Instant)
        async throws(KubernetesError) -> KubernetesNamespace?
    {
        let question = question("namespace \(name.excerpt)")
        guard APIRequest.isSegment(name) else { throw .invalidName(question) }
        let request = APIRequest(
            question: question, target: APIRequest.target(["api", "v1", "namespaces", name]),
            limit: Self.largestObject, object: .init(resource: "namespaces", name: name))
        guard let namespace = try await object(KubernetesNamespace.self, request, deadline: deadline) else {
            return nil
        }
        guard namespace.name == name else {
            throw .malformed(question, problem: "it is the namespace \(namespace.name.excerpt)")
        }
        return namespace
    }

    /// The Deployment of that name; nil when Kubernetes says that there is none.
    ///
    /// - Throws: ``KubernetesError``.
    public func deployment(namespace: String, name: String, deadline: ContinuousClock.Instant)
        async throws(KubernetesError) -> KubernetesDeployment?
    {
        let question = question("deployment \(namespace.excerpt)/\(name.excerpt)")
        guard APIRequest.isSegment(namespace), APIRequest.isSegment(name) else { throw .invalidName(question) }
        let request = APIRequest(
            question: question,
            target: APIRequest.target(["apis", "apps", "v1", "namespaces", namespace, "deployments", name]),
            limit: Self.largestObject, object: .init(resource: "deployments", name: name))
        guard let deployment = try await object(KubernetesDeployment.self, request, deadline: deadline) else {
            return nil
        }
        guard deployment.name == name, deployment.namespace == namespace else {
            throw .malformed(
                question, problem: "it is the deployment \(deployment.namespace.excerpt)/\(deployment.name.excerpt)")
        }
        return deployment
    }

    // MARK: Lists

    /// All pods, as they were at one moment: a list of which a page is missing is an error.
    ///
    /// - Parameters:
    ///   - fieldSelector: such as `status.podIP=10.0.0.1` or `spec.nodeName=n1`; nil for all.
    ///   - namespace: nil for all.
    ///   - pageSize: how many pods one answer may bring.
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

    /// All nodes, as they were at one moment: a list of which a page is missing is an error.
    ///
    /// - Parameters:
    ///   - pageSize: how many nodes one answer may bring.
    ///   - deadline: when to give up.
    /// - Throws: ``KubernetesError``.
    public func nodes(pageSize: Int = 500, deadline: ContinuousClock.Instant)
        async throws(KubernetesError) -> KubernetesList<KubernetesNode>
    {
        try await list("NodeList", question("the nodes"), ["api", "v1", "nodes"], [], pageSize, deadline)
    }

    /// Reads a list page by page. Later pages show the moment of the first; when the server has forgotten that moment
    /// (410), nothing of what was read counts and the list begins again.
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
            guard let page = try await object(KubernetesPage<Element>.self, request, deadline: deadline),
                page.kind == kind
            else { throw .malformed(question, problem: "it is no \(kind)") }
            guard page.continuation == nil || page.continuation != continuation else {
                throw .malformed(question, problem: "the list goes round in a circle")
            }
            whole.items += page.list.items
            whole.unreadable += page.list.unreadable
            continuation = page.continuation
        } while continuation != nil
        return whole
    }

    // MARK: Answers

    private func question(_ object: String) -> KubernetesError.Question {
        KubernetesError.Question(server: authority, object: object)
    }

    private func object<Answer: Decodable>(
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

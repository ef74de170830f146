import Foundation

/// A small Kubernetes API server: pods and nodes as the tests put them there, answered as the real one does, and faults
/// on demand.
///
///     let server = try await KubernetesServer.start()
///     try server.put(pod: .init("db-0", podIPs: ["10.188.0.7"]))
///     try server.put(node: "node-1", ready: false)
///     let path = try server.kubeconfig()
///     try server.fail(.status(503, retryAfter: 1), times: 2)
///
/// Every one is a cluster of its own: it has the namespace `kube-system`, with a UID of its own.
///
/// It knows GET of `/api/v1/namespaces/NS/pods/NAME`, of `/api/v1/namespaces/NS`, of pods in one namespace and in all, of nodes and of one node,
/// of Deployments and NetworkAttachmentDefinitions by name, with `fieldSelector`, `limit` and `continue`, and POST of a SelfSubjectAccessReview; everything else is answered as the real one answers what it does not have.
public final class KubernetesServer: Sendable {
    /// Who is answered.
    public enum Access: String, Sendable {
        /// Anybody, over TLS.
        case anyone
        /// Who brings one of the tokens that count, over TLS; others get 401.
        case token
        /// Who has a certificate of the authority's, over TLS; others get 401.
        case clientCertificate
        /// Anybody, without TLS.
        case plain
    }

    /// A pod, as far as tests care.
    public struct Pod: Sendable {
        /// `status.phase`.
        public enum Phase: String, Sendable {
            case pending = "Pending"
            case running = "Running"
            case succeeded = "Succeeded"
            case failed = "Failed"
            case unknown = "Unknown"
        }

        public var namespace: String
        public var name: String
        public var uid: String
        public var annotations: [String: String]
        public var labels: [String: String]
        /// The controller; a test may add other owners by raw JSON.
        public var controller: (kind: String, name: String)?
        /// The label `pod-template-hash`.
        public var templateHash: String?
        /// `spec.nodeName`; nil before it is scheduled.
        public var node: String?
        public var hostNetwork: Bool
        public var phase: Phase
        /// Sets `metadata.deletionTimestamp`.
        public var terminating: Bool
        /// The first one is also `status.podIP`.
        public var podIPs: [String]

        /// A running pod, unless told otherwise; without a UID it gets one of its own.
        public init(
            _ name: String, namespace: String = "default", uid: String = UUID().uuidString.lowercased(),
            annotations: [String: String] = [:], labels: [String: String] = [:], node: String? = "node-1",
            controller: (kind: String, name: String)? = nil, templateHash: String? = nil, phase: Phase = .running,
            terminating: Bool = false, podIPs: [String] = [], hostNetwork: Bool = false
        ) {
            self.namespace = namespace
            self.name = name
            self.uid = uid
            self.annotations = annotations
            self.labels = labels
            self.controller = controller
            self.templateHash = templateHash
            self.node = node
            self.hostNetwork = hostNetwork
            self.phase = phase
            self.terminating = terminating
            self.podIPs = podIPs
        }
    }

    /// How requests are answered instead of as they should be.
    public enum Fault: Sendable {
        /// A `Status` of this code, with the header `Retry-After` where it is given.
        case status(Int, retryAfter: Int? = nil)
        /// This body with this code and type, whatever it is.
        case body(String, status: Int = 200, contentType: String = "application/json", location: String? = nil)
        /// The HTML page of some other server, with 404.
        case notFoundPage
        /// No answer, until ``KubernetesServer/recover()``.
        case hang
        /// The head and half of the right body, then the end of the connection.
        case cutBody
        /// The end of the connection, without a byte of an answer.
        case close
        /// The right answer, so many milliseconds late.
        case delay(milliseconds: Int)
        /// 410 to a request for a later page of a list; others are answered as they should be.
        case expireContinue
        /// No connection can be made, and those that are there end, until ``KubernetesServer/recover()``. For the whole
        /// server, always.
        case refuseConnections
    }

    /// A request as it came.
    public struct Request: Sendable, Hashable, Codable {
        /// `GET /api/v1/nodes?limit=500`
        public let line: String
        /// Header fields by name, in lower case.
        public let headers: [String: String]
    }

    /// The token that counts with ``Access/token`` until ``accept(tokens:)`` says otherwise.
    public static let token = "test-token"

    /// Its port on 127.0.0.1.
    public let port: UInt16
    /// `https://127.0.0.1:PORT`, or http.
    public let url: String
    /// What its certificate is from.
    public let authority: CertificateAuthority
    /// Who is answered.
    public let access: Access
    /// The UID of its namespace `kube-system` from its start.
    public let clusterUID = UUID().uuidString.lowercased()

    /// Holds the kubeconfigs, tokens and whatever else a test wants to put there.
    public let folder: TemporaryDirectory
    private let process: SupervisedProcess
    private let controlPort: UInt16

    /// Starts one and waits until it listens.
    ///
    /// - Parameters:
    ///   - access: Who is answered.
    ///   - authority: What its certificate is from; by default one that all of this process's servers share.
    /// - Throws: `TestSupportError`.
    public static func start(_ access: Access = .token, authority: CertificateAuthority? = nil) async throws
        -> KubernetesServer
    {
        try await offPool { try KubernetesServer(access, authority: authority) }
    }

    /// Starts one and waits until it listens; see the asynchronous form.
    public static func start(_ access: Access = .token, authority: CertificateAuthority? = nil) throws
        -> KubernetesServer
    {
        try KubernetesServer(access, authority: authority)
    }

    private static let sharedAuthority = Result { try CertificateAuthority(name: "kube-ipam test cluster") }

    private init(_ access: Access, authority: CertificateAuthority?) throws {
        let authority = try authority ?? Self.sharedAuthority.get()
        self.authority = authority
        self.access = access
        folder = try TemporaryDirectory(prefix: "kubernetes")
        let identity = authority.server
        var attempts = 3
        while true {
            let port = try LoopbackPorts.take(1)[0]
            let process = try SupervisedProcess(
                name: "python3", log: folder.file("log-\(port)"), executable: "python3",
                arguments: PythonProgram.kubernetesServer.command(
                    access.rawValue, String(port), identity.certificate, identity.key, authority.certificate,
                    Self.token, clusterUID))
            do {
                controlPort = try Self.startListening(process)
            } catch {
                // Another process may have taken the port in between.
                attempts -= 1
                guard attempts > 0, process.logText.contains("Address already in use") else { throw error }
                continue
            }
            self.port = port
            self.process = process
            break
        }
        url = "\(access == .plain ? "http" : "https")://127.0.0.1:\(port)"
    }

    deinit {
        // What plugins on this machine itself, rather than on a `SimulatedNode`, remembered of it.
        let folder = URL(filePath: "/run/kube-ipam")
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        for file in files where (try? String(contentsOf: file, encoding: .utf8))?.hasPrefix(clusterUID) == true {
            try? FileManager.default.removeItem(at: file)
        }
    }

    /// Starts the script, and returns the port for orders when it listens.
    private static func startListening(_ process: SupervisedProcess) throws -> UInt16 {
        try process.start()
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let text = process.logText
            let words = text.split(whereSeparator: \.isWhitespace)
            if text.contains("\n"), words.count >= 2, words[0] == "listening", let port = UInt16(words[1]) {
                return port
            }
            guard process.isRunning, deadline > .now else {
                throw TestSupportError.serverFailed(name: "the Kubernetes server", detail: process.logText)
            }
            usleep(5_000)
        }
    }

    // MARK: Pods and nodes

    /// Puts pods there, or in the place of those of the same names.
    public func put(pods: [Pod]) throws {
        try order("put-pods", ["pods": try pods.map { try $0.object() }])
    }

    /// Puts a pod there, or in the place of the one of the same name.
    public func put(pod: Pod) throws {
        try put(pods: [pod])
    }

    /// Puts a pod there as it is written: a JSON object with `metadata.name` and `metadata.namespace` at least.
    public func put(podJSON: String) throws {
        try order("put-pods", ["pods": [try JSONSerialization.jsonObject(with: Data(podJSON.utf8))]])
    }

    /// Removes a pod, if it is there.
    public func delete(pod name: String, namespace: String = "default") throws {
        try order("delete-pod", ["namespace": namespace, "name": name])
    }

    /// How a Deployment replaces its pods.
    public enum Strategy: String, Sendable {
        case rollingUpdate = "RollingUpdate"
        case recreate = "Recreate"
    }

    /// Puts a Deployment there, or in the place of the one of the same name.
    ///
    /// - Parameters:
    ///   - deployment: Its name, in the namespace `default`.
    ///   - maxUnavailable: As JSON: a number, or a percentage in quotes; nil leaves `rollingUpdate` out.
    public func put(
        deployment: String, replicas: Int, strategy: Strategy = .rollingUpdate, maxUnavailable: String? = "\"25%\"",
        maxSurge: String = "\"25%\""
    ) throws {
        var update = ""
        if let maxUnavailable, strategy == .rollingUpdate {
            update = #","rollingUpdate":{"maxUnavailable":\#(maxUnavailable),"maxSurge":\#(maxSurge)}"#
        }
        let text = #"""
            {"metadata":{"name":"\#(deployment)","namespace":"default","uid":"d-\#(deployment)"},
            "spec":{"replicas":\#(replicas),"strategy":{"type":"\#(strategy.rawValue)"\#(update)}}}
            """#
        try order("put-deployment", ["deployment": try JSONSerialization.jsonObject(with: Data(text.utf8))])
    }

    /// Puts a NetworkAttachmentDefinition there, or in the place of the one of the same name. Before the first one, the
    /// cluster does not have this kind of objects.
    ///
    /// - Parameter config: `spec.config`; nil leaves it out.
    public func put(networkDefinition name: String, namespace: String = "default", config: String?) throws {
        let definition: [String: Any] = [
            "metadata": ["name": name, "namespace": namespace, "uid": UUID().uuidString.lowercased()],
            "spec": config.map { ["config": $0] } ?? [:],
        ]
        try order("put-network-definition", ["definition": definition])
    }

    /// Puts a node there, or in the place of the one of the same name.
    ///
    /// - Parameters:
    ///   - node: Its name.
    ///   - ready: The status of its condition `Ready`; nil is `Unknown`, as when its kubelet is silent.
    ///   - outOfService: Gives it the taint `node.kubernetes.io/out-of-service`.
    ///   - addresses: Its `InternalIP`s.
    public func put(node: String, ready: Bool? = true, outOfService: Bool = false, addresses: [String] = []) throws {
        var taints: [[String: Any]] = []
        if outOfService {
            taints.append(["key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"])
        }
        let status = ready.map { $0 ? "True" : "False" } ?? "Unknown"
        let object: [String: Any] = [
            "metadata": ["name": node, "uid": UUID().uuidString.lowercased()],
            "spec": taints.isEmpty ? [:] : ["taints": taints],
            "status": [
                "conditions": [
                    ["type": "MemoryPressure", "status": "False"],
                    ["type": "Ready", "status": status, "reason": "KubeletReady"],
                ],
                "addresses": addresses.map { ["type": "InternalIP", "address": $0] }
                    + [["type": "Hostname", "address": node]],
            ],
        ]
        try order("put-node", ["node": object])
    }

    /// Removes a node, if it is there.
    public func delete(node: String) throws {
        try order("delete-node", ["name": node])
    }

    /// Gives the namespace another UID, as when the cluster was built anew at its address; nil removes the namespace.
    public func put(namespace: String = "kube-system", uid: String?) throws {
        var fields: [String: Any] = ["name": namespace]
        fields["uid"] = uid
        try order("put-namespace", fields)
    }

    /// Which accesses a SelfSubjectAccessReview does not allow, such as `list pods`; at first it allows all. Other requests
    /// do not heed it.
    public func deny(_ accesses: [String]) throws {
        try order("deny", ["accesses": accesses])
    }

    // MARK: Faults

    /// Answers requests with a fault, before every fault that was asked for earlier.
    ///
    /// - Parameters:
    ///   - fault: What happens.
    ///   - path: Only to requests whose path, without the query, begins so; nil for all.
    ///   - continuing: Only to requests for a later page of a list.
    ///   - times: So often; nil for always.
    public func fail(_ fault: Fault, on path: String? = nil, continuing: Bool = false, times: Int? = nil) throws {
        var order: [String: Any] = fault.fields
        order["path"] = path
        order["continuing"] = continuing
        order["times"] = times
        try self.order("fail", order)
    }

    /// Ends all faults: whatever hangs gets no answer, and whatever comes gets the right one.
    public func recover() throws {
        try order("recover")
    }

    /// Changes which tokens count; no other one is answered from now on.
    public func accept(tokens: [String]) throws {
        try order("tokens", ["tokens": tokens])
    }

    /// Stops it where it is, with SIGSTOP: connections are made, and nobody answers.
    public func freeze() throws { try process.freeze() }

    /// Lets it go on after ``freeze()``.
    public func thaw() throws { try process.thaw() }

    /// Ends it for good.
    public func stop() { process.stop() }

    // MARK: What it has seen

    /// The requests since it started, or since ``forgetRequests()``, in the order in which they came.
    public func seenRequests() throws -> [Request] {
        let answer = try exchange(["order": "requests"])
        return try JSONDecoder().decode([Request].self, from: answer)
    }

    /// The same as lines: `GET /api/v1/nodes?limit=500`; nothing where it does not run.
    public var requests: [String] { (try? seenRequests().map(\.line)) ?? [] }

    /// Waits until it has seen as many requests.
    ///
    /// - Throws: `TestSupportError.timedOut` after a minute.
    public func waitForRequests(_ count: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try await offPool({ try self.seenRequests().count }) < count {
            guard deadline > .now else {
                throw TestSupportError.timedOut(
                    what: "request \(count) to the Kubernetes server", after: .seconds(60), detail: "\(requests)")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// How a program asks which cluster this is.
    public static let identityRequest = "GET /api/v1/namespaces/kube-system"

    /// Refuses to tell which cluster this is, as where the RBAC rule for it is missing.
    public func withholdIdentity() throws {
        try fail(.status(403), on: "/api/v1/namespaces/kube-system")
    }

    /// Forgets the requests it has seen.
    public func forgetRequests() throws {
        try order("forget")
    }

    // MARK: Orders

    private func order(_ name: String, _ fields: [String: Any] = [:]) throws {
        var fields = fields
        fields["order"] = name
        _ = try exchange(fields)
    }

    /// An order and its answer, each a line of JSON over a connection of its own.
    private func exchange(_ order: [String: Any]) throws -> Data {
        let line = try JSONSerialization.data(withJSONObject: order) + Data("\n".utf8)
        let socket = try TCPSocket()
        let number = socket.descriptor.number
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(number, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        guard socket.connect(port: controlPort) == 0 else { throw failure("it takes no orders") }
        var rest = [UInt8](line)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("it takes no orders") }
            rest = rest.dropFirst(count)
        }
        var answer = Data()
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(number, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("no answer to an order") }
            if count == 0 { break }
            answer += buffer[..<count]
        }
        guard answer.last == UInt8(ascii: "\n") else { throw failure("no answer to an order") }
        return answer
    }

    private func failure(_ problem: String) -> TestSupportError {
        .serverFailed(name: "the Kubernetes server", detail: "\(problem)\n\(process.logText)")
    }
}

extension KubernetesServer.Pod {
    /// The mirror of a static pod, as the kubelet of `node` makes it; `hash` is the UID that its runtime passes.
    public static func mirror(_ name: String, of hash: String, node: String, annotations: [String: String] = [:])
        -> Self
    {
        let notes = [
            "kubernetes.io/config.hash": hash, "kubernetes.io/config.mirror": hash,
            "kubernetes.io/config.source": "file",
        ]
        return Self(
            name, annotations: annotations.merging(notes) { $1 }, node: node, controller: (kind: "Node", name: node))
    }

    /// The pod as the API has it.
    fileprivate func object() throws -> [String: Any] {
        var labels = labels
        labels["pod-template-hash"] = templateHash
        var metadata: [String: Any] = [
            "name": name, "namespace": namespace, "uid": uid, "creationTimestamp": "2026-11-23T02:00:00Z",
        ]
        if !annotations.isEmpty { metadata["annotations"] = annotations }
        if !labels.isEmpty { metadata["labels"] = labels }
        if let controller {
            metadata["ownerReferences"] = [
                [
                    "apiVersion": "apps/v1", "kind": controller.kind, "name": controller.name,
                    "uid": "0d9f8a2c-0000-4000-8000-000000000000", "controller": true, "blockOwnerDeletion": true,
                ] as [String: Any]
            ]
        }
        if terminating {
            metadata["deletionTimestamp"] = "2026-11-23T02:10:00Z"
            metadata["deletionGracePeriodSeconds"] = 30
        }
        var spec: [String: Any] = ["containers": [["name": "main", "image": "registry.k8s.io/pause:3.10"]]]
        spec["nodeName"] = node
        if hostNetwork { spec["hostNetwork"] = true }
        var status: [String: Any] = ["phase": phase.rawValue]
        if let first = podIPs.first {
            status["podIP"] = first
            status["podIPs"] = podIPs.map { ["ip": $0] }
        }
        return ["metadata": metadata, "spec": spec, "status": status]
    }
}

extension KubernetesServer.Fault {
    /// As the script reads it.
    fileprivate var fields: [String: Any] {
        var fields: [String: Any] = [:]
        switch self {
        case .status(let status, let retryAfter):
            fields = ["kind": "status", "status": status]
            fields["retryAfter"] = retryAfter
        case .body(let body, let status, let contentType, let location):
            fields = ["kind": "body", "body": body, "status": status, "type": contentType]
            fields["location"] = location
        case .notFoundPage:
            fields = [
                "kind": "body", "body": "<html><body><h1>404 Not Found</h1></body></html>\n", "status": 404,
                "type": "text/html",
            ]
        case .hang: fields = ["kind": "hang"]
        case .cutBody: fields = ["kind": "cut"]
        case .close: fields = ["kind": "close"]
        case .delay(let milliseconds): fields = ["kind": "delay", "milliseconds": milliseconds]
        case .expireContinue: fields = ["kind": "expire"]
        case .refuseConnections: fields = ["kind": "refuse"]
        }
        return fields
    }
}

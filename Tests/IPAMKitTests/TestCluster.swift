import Machine
import Synchronization
import TestSupport

@testable import IPAMKit

/// Pods and nodes as a test says they are.
final class TestCluster: PodSource {
    private struct State {
        var pods: [PodReference: Pod] = [:]
        var nodes: [String: Node] = [:]
        var failure: PodSourceError?
        var asked: [String] = []
    }

    private let state = Mutex(State())

    init() {
        for name in ["n1", "n2", "n3"] { put(node: name) }
    }

    func put(_ pod: Pod) { state.withLock { $0.pods[pod.reference] = pod } }
    func remove(_ pod: PodReference) { state.withLock { $0.pods[pod] = nil } }
    func put(node: String, ready: Bool = true, outOfService: Bool = false) {
        state.withLock { $0.nodes[node] = Node(name: node, isReady: ready, isOutOfService: outOfService) }
    }
    func put(_ lost: LostNode, _ name: String) { state.withLock { $0.nodes[name] = lost.node(name) } }
    func remove(node: String) { state.withLock { $0.nodes[node] = nil } }
    func fail(_ reason: String?) { state.withLock { $0.failure = reason.map(PodSourceError.init) } }

    /// What was looked up, in order.
    var asked: [String] { state.withLock { $0.asked } }

    private func ask<Value>(_ what: String, _ answer: (State) -> Value) throws(PodSourceError) -> Value {
        let (failure, value) = state.withLock { state -> (PodSourceError?, Value) in
            state.asked.append(what)
            return (state.failure, answer(state))
        }
        if let failure { throw failure }
        return value
    }

    func pod(_ pod: PodReference, deadline: ContinuousClock.Instant) async throws(PodSourceError) -> Pod? {
        try ask("pod \(pod)") { $0.pods[pod] }
    }

    func node(_ name: String, deadline: ContinuousClock.Instant) async throws(PodSourceError) -> Node? {
        try ask("node \(name)") { $0.nodes[name] }
    }

    func pods(deadline: ContinuousClock.Instant) async throws(PodSourceError) -> Listing<Pod> {
        try ask("pods") { Listing(Array($0.pods.values)) }
    }

    func nodes(deadline: ContinuousClock.Instant) async throws(PodSourceError) -> Listing<Node> {
        try ask("nodes") { Listing(Array($0.nodes.values)) }
    }

    func livePods(deadline: ContinuousClock.Instant) async throws(PodSourceError) -> [Pod] {
        try ask("live pods") { $0.pods.values.filter { !$0.isTerminal } }
    }
}

extension Pod {
    /// The pod of a StatefulSet, such as `default/db-0`, or of a Deployment, such as `default/web-6d9b74fd4d-xjhek`.
    static func member(
        _ name: String, uid: String, ip: String? = nil, node: String = "n1", _ annotations: [String: String] = [:]
    ) -> Pod {
        let reference = IPAMKitTests.pod(name)
        var pod = Pod(reference, uid: uid, annotations: annotations, node: node)
        if let ip { pod.annotations["kube-ipam.ip"] = ip }
        let parts = reference.name.text.split(separator: "-").map(String.init)
        if parts.count >= 3 {
            pod.templateHash = parts[parts.count - 2]
            pod.controller = Controller(kind: "ReplicaSet", name: parts.dropLast().joined(separator: "-"))
        } else {
            pod.controller = Controller(kind: "StatefulSet", name: parts.dropLast().joined(separator: "-"))
        }
        return pod
    }
}

/// How Kubernetes sees a node whose pods are gone with it.
enum LostNode: CaseIterable, Sendable {
    case absent, notReady, outOfService

    /// The node; nil if Kubernetes does not have it.
    func node(_ name: String) -> Node? {
        switch self {
        case .absent: nil
        case .notReady: Node(name: name, isReady: false, isOutOfService: false)
        case .outOfService: Node(name: name, isReady: true, isOutOfService: true)
        }
    }
}

extension NodeView {
    /// A machine whose machine ID is `machine-NAME`.
    static func test(
        _ name: String, boot: String, bootedAt: Timestamp? = noon,
        _ namespace: @escaping @Sendable (String) -> NamespaceSight
    ) -> NodeView {
        NodeView(
            NodeIdentity(name: name, boot: boot, machine: "machine-\(name)", bootedAt: bootedAt), namespace: namespace)
    }
}

extension NamespaceSight {
    /// A network namespace of a pod.
    static let there = NamespaceSight.namespace(inode: 4_026_532_281, isOwn: false)
}

extension Pod {
    /// The mirror of a static pod, as the kubelet makes it.
    static func mirror(_ name: String, uid: String, of hash: String, node: String = "n1", ip: String? = nil) -> Pod {
        var pod = Pod(IPAMKitTests.pod(name), uid: uid, node: node)
        for key in ["hash", "mirror"] { pod.annotations["kubernetes.io/config.\(key)"] = hash }
        pod.annotations["kube-ipam.ip"] = ip
        pod.controller = Controller(kind: "Node", name: node)
        return pod
    }
}

/// A machine that gives pods addresses: its name, its boot and the namespaces it has.
struct TestNode: Sendable {
    let pool: TestPool
    let cluster: TestCluster
    var name = "n1"
    var boot = "boot-1"
    /// The namespaces of which it says that they are gone.
    var gone: Set<String> = []

    func observer(at now: Timestamp = noon) -> Observer {
        let gone = gone
        return Observer(
            node: .test(name, boot: "\(name)-\(boot)", bootedAt: now) { gone.contains($0) ? .absent : .there },
            pods: cluster, now: { [clock = pool.clock] in clock?.timestamp(from: now) ?? now })
    }

    /// Starts a sandbox of `pod`, which the cluster knows.
    func add(
        _ container: String, _ pod: Pod, ifname: String = "eth0", requested: [String] = [], autoLimit: Int? = nil,
        at now: Timestamp = noon, annotations: AnnotationSource = .kubernetes, store: Int = 0,
        waiting: Duration = .zero, limit: Duration = .seconds(60)
    ) async throws -> Added {
        var request = try request(container, pod, ifname: ifname, at: now)
        request.annotations = annotations
        request.requested = requested.map(address)
        request.autoLimit = autoLimit
        request.waitForRelease = waiting
        return try await pool.pool(pool.store(store), limit: limit).add(request, observer: observer(at: now))
    }

    /// What this node asks for when it starts a sandbox of `pod`, whose annotations come from the cluster.
    func request(_ container: String, _ pod: Pod, ifname: String = "eth0", at now: Timestamp = noon) throws
        -> AddRequest
    {
        var request = try pool.request(container, pod.reference.description, ifname, at: now)
        request.holder = Holder(
            pod: pod.reference, uid: pod.uid, node: name, boot: "\(name)-\(boot)", machine: "machine-\(name)",
            netns: "/run/netns/\(container)", cluster: "c1")
        request.annotations = .kubernetes
        return request
    }

    /// Puts the pod into the cluster and starts its sandbox.
    func start(_ container: String, _ pod: Pod, autoLimit: Int? = nil, at now: Timestamp = noon) async throws -> Added {
        cluster.put(pod)
        return try await add(container, pod, autoLimit: autoLimit, at: now)
    }

    func refusal(
        _ container: String, _ pod: Pod, ifname: String = "eth0", at now: Timestamp = noon,
        annotations: AnnotationSource = .kubernetes
    ) async -> IPAMError? {
        do {
            _ = try await add(container, pod, ifname: ifname, at: now, annotations: annotations)
            return nil
        } catch {
            return error as? IPAMError
        }
    }
}

extension TestNode {
    /// On a network in memory.
    static func first(_ rangeSets: [RangeSet]) throws -> TestNode {
        TestNode(pool: try TestPool(rangeSets), cluster: TestCluster())
    }

    /// On a network on a real etcd.
    static func onEtcd(_ rangeSets: [RangeSet], version: EtcdServer.Version = .debian34) async throws -> TestNode {
        TestNode(pool: try await TestPool.onEtcd(rangeSets, version: version), cluster: TestCluster())
    }

    func other(_ name: String) -> TestNode {
        var other = self
        other.name = name
        return other
    }
}

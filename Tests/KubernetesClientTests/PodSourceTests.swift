import IPAMKit
import KubernetesClient
import KubernetesPods
import TestSupport
import Testing

@Suite(.serialized) struct PodSourceTests {
    private func source(_ server: KubernetesServer) throws -> KubernetesPodSource {
        KubernetesPodSource(client: try .of(server))
    }

    private func reference(_ name: String, in namespace: String = "default") throws -> PodReference {
        PodReference(namespace: try Namespace(namespace), name: try PodName(name))
    }

    @Test func podsAndNodesAreTheCores() async throws {
        let server = try await KubernetesServer.start(.plain)
        try server.put(
            pod: .init(
                "web-7d4b9-x2x2x", namespace: "prod", uid: "u",
                annotations: [
                    "kube-ipam.ip": "auto", "kubernetes.io/config.mirror": "h",
                    "k8s.v1.cni.cncf.io/network-status": "[]",
                    "kubernetes.io/config.hash": "of no concern", "large": "and of no concern",
                ], node: "n1",
                controller: ("ReplicaSet", "web-7d4b9"), templateHash: "7d4b9", phase: .failed, terminating: true,
                podIPs: ["10.188.0.7", "fd00:0::7"], hostNetwork: true))
        let source = try source(server)
        let found = try await source.pod(reference("web-7d4b9-x2x2x", in: "prod"), deadline: farOff)
        #expect(
            found
                == Pod(
                    try reference("web-7d4b9-x2x2x", in: "prod"), uid: "u",
                    annotations: [
                        "kube-ipam.ip": "auto", "kubernetes.io/config.mirror": "h",
                        "k8s.v1.cni.cncf.io/network-status": "[]",
                    ],
                    templateHash: "7d4b9", controller: .init(kind: "ReplicaSet", name: "web-7d4b9"), node: "n1",
                    usesHostNetwork: true, isTerminal: true, isTerminating: true,
                    addresses: [try IPAddress("10.188.0.7"), try IPAddress("fd00::7")]))
        #expect(try await source.pod(reference("gone"), deadline: farOff) == nil)
        try server.put(node: "n1", ready: true)
        try server.put(node: "n2", ready: nil, outOfService: true)
        #expect(
            try await source.node("n1", deadline: farOff) == Node(name: "n1", isReady: true, isOutOfService: false))
        #expect(
            try await source.node("n2", deadline: farOff) == Node(name: "n2", isReady: false, isOutOfService: true))
        #expect(try await source.node("n3", deadline: farOff) == nil)
    }

    @Test(
        arguments: [
            (.pending, false), (.running, false), (.unknown, false), (.succeeded, true), (.failed, true),
        ] as [(KubernetesServer.Pod.Phase, Bool)])
    func aPodThatWillNotRunAgainIsTerminal(_ phase: KubernetesServer.Pod.Phase, _ isTerminal: Bool) async throws {
        let server = try await KubernetesServer.start(.plain)
        try server.put(pod: .init("p", phase: phase))
        #expect(try await source(server).pod(reference("p"), deadline: farOff)?.isTerminal == isTerminal)
    }

    /// The kubelet makes it so; the annotation alone may be anybody's.
    @Test func theMirrorOfAStaticPodIsItsNodes() async throws {
        let server = try await KubernetesServer.start(.plain)
        try server.put(pod: .mirror("proxy-n1", of: "hash", node: "n1"))
        let source = try source(server)
        #expect(try await source.pod(reference("proxy-n1"), deadline: farOff)?.staticUID == "hash")
        var forged = KubernetesServer.Pod.mirror("proxy-n1", of: "hash", node: "n1")
        for controller in [nil, (kind: "ReplicaSet", name: "n1"), (kind: "Node", name: "n2")] {
            forged.controller = controller
            try server.put(pod: forged)
            #expect(try await source.pod(reference("proxy-n1"), deadline: farOff)?.staticUID == nil)
        }
    }

    @Test func podsThatHaveEndedAreNotAmongTheLiveOnes() async throws {
        let server = try await KubernetesServer.start(.plain)
        try server.put(pods: [
            .init("a", podIPs: ["10.188.0.1"]), .init("b", namespace: "x", phase: .pending),
            .init("c", phase: .succeeded), .init("d", phase: .failed), .init("e", phase: .unknown),
        ])
        let live = try await source(server).livePods(deadline: farOff)
        #expect(live.map(\.reference.description) == ["default/a", "default/e", "x/b"])
    }

    @Test func aClusterIsKnownByItsNamespaceKubeSystem() async throws {
        let server = try await KubernetesServer.start(.plain)
        let source = try source(server)
        #expect(try await source.cluster(deadline: farOff) == .known(server.clusterUID))
        #expect(server.requests == [KubernetesServer.identityRequest])
        try server.put(uid: nil)
        #expect(try await source.cluster(deadline: farOff) == .withheld("Kubernetes has no namespace kube-system"))
        try server.withholdIdentity()
        guard case .withheld(let reason) = try await source.cluster(deadline: farOff) else {
            Issue.record("the identity is told although it is forbidden")
            return
        }
        #expect(reason.contains("cannot get resource \"namespaces\""), "\(reason)")
        #expect(
            reason.hasSuffix("needs an RBAC rule: get on namespaces, resourceNames [kube-system]"), "\(reason)")
        try server.recover()
        try server.fail(.status(401))
        _ = try await #require(throws: PodSourceError.self) { try await source.cluster(deadline: farOff) }
    }

    /// An address may come with a prefix length, or with white space; anything else is kept as it is written.
    @Test(arguments: ["<nil>", "10.188.0.300", "none", "10.188.0.7 10.188.0.8", "::ffff:1:2:3:4:5:6:7"])
    func anAddressThatIsNoneIsKeptAsItIsWritten(_ text: String) async throws {
        let server = try await KubernetesServer.start(.plain)
        try server.put(pods: [
            .init("p", node: "n1", podIPs: [text, "10.188.0.7/16", " fd00::7\n"]),
            .init("host", node: "n1", podIPs: [text, "192.0.2.1"], hostNetwork: true),
        ])
        let source = try source(server)
        let one = try #require(try await source.pod(reference("p"), deadline: farOff))
        #expect(try one.addresses == [IPAddress("10.188.0.7"), IPAddress("fd00::7")])
        #expect(one.unreadableAddresses == [text])
        let list = try await source.pods(deadline: farOff)
        #expect(list.items.first { $0.reference == one.reference } == one && list.unreadable.isEmpty)
        let host = list.items.first { $0.usesHostNetwork }
        #expect(try host?.addresses == [IPAddress("192.0.2.1")] && host?.unreadableAddresses == [])
        #expect(try await source.livePods(deadline: farOff).count == 2)
    }

    /// Of each whatever can be read is known; the rest of the list is as if it were not there.
    @Test func aPodThatCannotBeReadIsRemembered() async throws {
        let server = try await KubernetesServer.start(.plain)
        try server.put(pod: .init("good", podIPs: ["10.188.0.1"]))
        for (index, object) in [
            #"{"metadata": {"name": "a b", "namespace": "n", "uid": "u1"}, "status": {"podIP": "::1"}}"#,
            #"{"metadata": {"name": "x", "namespace": "n", "uid": 7}, "status": {"podIP": "10.188.0.9"}}"#,
            #"{"metadata": {"name": "y", "namespace": "n", "uid": "u3", "annotations": {"a": 1}}}"#,
            #"{"metadata": {"name": "z", "namespace": "n", "uid": "u4"}, "status": []}"#,
        ].enumerated() {
            try server.put(podJSON: object)
            let source = try source(server)
            let list = try await source.pods(deadline: farOff)
            #expect(list.items.map(\.reference.description) == ["default/good"])
            #expect(list.unreadable.count == index + 1, "\(list.unreadable)")
            let error = try await #require(throws: PodSourceError.self) { try await source.livePods(deadline: farOff) }
            #expect(error.description.hasPrefix("Kubernetes lists pod n/"), "\(error)")
            #expect(error.description.contains(", which cannot be read: "), "\(error)")
        }
        let list = try await source(server).pods(deadline: farOff).unreadable.sorted { $0.name ?? "" < $1.name ?? "" }
        #expect(list.map(\.name) == ["a b", "x", "y", "z"] && list.map(\.uid) == ["u1", nil, "u3", "u4"])
        #expect(try list.map(\.addresses) == [[IPAddress("::1")], [IPAddress("10.188.0.9")], [], []])
        #expect(
            list[2].description
                == "Kubernetes lists pod n/y, which cannot be read: .metadata.annotations.a has the wrong type")
    }

    /// A node that says that it is not ready frees its pods' addresses: what cannot be read says no such thing.
    @Test func aNodeThatCannotBeReadIsThereAndReady() async throws {
        let server = try await KubernetesServer.start(.plain)
        try server.fail(
            .body(
                #"""
                {"kind": "NodeList", "metadata": {}, "items": [
                {"metadata": {"name": "n1"}, "status": {"conditions": "x", "addresses": [7, {"type": "InternalIP",
                "address": "192.0.2.1"}, {"type": "Hostname", "address": "192.0.2.9"}, {"type": "ExternalIP", "address": "?"}]}},
                {"metadata": {"name": "n2"}, "spec": {"taints": [{"key": 1},
                {"key": "node.kubernetes.io/out-of-service"}]}, "status": {"conditions": [3, {"type": "Ready", "status": "False"}]}},
                {"kind": "Pod", "metadata": {"name": "n3"}}, {"metadata": {}}, 7]}
                """#))
        let list = try await source(server).nodes(deadline: farOff)
        #expect(
            list.items == [
                Node(name: "n1", isReady: true, isOutOfService: false, addresses: [try IPAddress("192.0.2.1")]),
                Node(name: "n2", isReady: false, isOutOfService: true),
                Node(name: "n3", isReady: true, isOutOfService: false),
            ])
        #expect(list.unreadable.map(\.name) == ["n3", nil, nil], "\(list.unreadable)")
        #expect(list.unreadable.allSatisfy { $0.kind == .node })
    }

    @Test func whatCannotBeUnderstoodIsAnError() async throws {
        let server = try await KubernetesServer.start(.plain)
        let source = try source(server)
        try server.put(
            podJSON: #"{"metadata": {"name": "a b", "namespace": "n", "uid": "u"}, "status": {"podIP": "::1"}}"#)
        let name = try await #require(throws: PodSourceError.self) {
            try await source.livePods(deadline: farOff)
        }
        #expect(name.description.contains("\"a b\" is not a valid pod name"), "\(name)")
        try server.fail(.status(403))
        let refused = try await #require(throws: PodSourceError.self) { try await source.node("n", deadline: farOff) }
        #expect(refused.description.hasPrefix("could not get node n from Kubernetes at "), "\(refused)")
        #expect(refused.description.contains(": the user is not allowed to get it (403: "), "\(refused)")
    }
}

import TestSupport
import Testing

@testable import KubernetesClient

@Suite(.serialized) struct ObjectTests {
    @Test(arguments: [KubernetesServer.Access.anyone, .token, .clientCertificate, .plain])
    func aPodIsFound(_ access: KubernetesServer.Access) async throws {
        let server = try await KubernetesServer.start(access)
        try server.put(
            pod: .init(
                "db-0", namespace: "prod", uid: "u-1", annotations: ["kube-ipam.ip": "auto"],
                controller: ("StatefulSet", "db"), templateHash: "abc", terminating: true,
                podIPs: ["10.188.0.7", "fd00::7"]))
        let client = try KubernetesClient.of(server)
        let pod = try #require(try await client.pod(namespace: "prod", name: "db-0", deadline: farOff))
        #expect(pod.uid == "u-1")
        #expect(pod.annotations == ["kube-ipam.ip": "auto"])
        #expect(pod.controller?.kind == "StatefulSet")
        #expect(pod.controller?.name == "db")
        #expect(pod.templateHash == "abc")
        #expect(pod.isTerminating)
        #expect(pod.node == "node-1")
        #expect(!pod.usesHostNetwork)
        #expect(pod.phase == "Running")
        #expect(pod.addresses == ["10.188.0.7", "fd00::7"])
        let request = try #require(try server.seenRequests().first)
        #expect(request.line == "GET /api/v1/namespaces/prod/pods/db-0")
        #expect(request.headers["user-agent"] == "tests")
        #expect(request.headers["accept"] == "application/json")
        #expect((request.headers["authorization"] != nil) == (access == .token))
    }

    @Test func whatKubernetesLeavesOutOrSetsToNullIsAbsent() async throws {
        let server = try await KubernetesServer.start(.plain)
        try server.put(podJSON: #"{"metadata": {"name": "a", "namespace": "default", "uid": "u"}}"#)
        try server.put(
            podJSON: """
                {"metadata": {"name": "b", "namespace": "default", "uid": "u", "annotations": null, "labels": null,
                "ownerReferences": null, "deletionTimestamp": null, "future": [{}]},
                "spec": {"nodeName": null, "hostNetwork": null}, "status": {"phase": null, "podIP": null, "podIPs": null}}
                """)
        try server.put(
            podJSON: """
                {"metadata": {"name": "c", "namespace": "default", "uid": "u", "ownerReferences": [
                {"kind": "Secret", "name": "x"}, {"kind": "Job", "name": "y", "controller": false},
                {"kind": "ReplicaSet", "name": "z", "controller": true}]},
                "spec": {"nodeName": "", "hostNetwork": true}, "status": {"podIP": "10.0.0.1", "podIPs": [{}, {"ip": ""}]}}
                """)
        let client = try KubernetesClient.of(server)
        let list = try await client.pods(deadline: farOff)
        #expect(list.map(\.name) == ["a", "b", "c"])
        for pod in list.prefix(2) {
            #expect(pod.annotations.isEmpty && pod.controller == nil && !pod.isTerminating && pod.node == nil)
            #expect(!pod.usesHostNetwork && pod.phase == nil && pod.addresses.isEmpty && pod.templateHash == nil)
            #expect(try await client.pod(namespace: "default", name: pod.name, deadline: farOff) == pod)
        }
        #expect(list.last?.controller?.name == "z")
        #expect(list.last?.usesHostNetwork == true)
        #expect(list.last?.node == nil)
        #expect(list.last?.addresses == ["10.0.0.1"])
    }

    @Test func aNodeIsFound() async throws {
        let server = try await KubernetesServer.start(.plain)
        try server.put(node: "n1")
        try server.put(node: "n2", ready: false, outOfService: true)
        try server.put(node: "n3", ready: nil)
        let client = try KubernetesClient.of(server)
        #expect(try await client.node(name: "n1", deadline: farOff)?.isReady == true)
        let second = try #require(try await client.node(name: "n2", deadline: farOff))
        #expect(!second.isReady)
        #expect(second.taints == ["node.kubernetes.io/out-of-service"])
        #expect(try await client.node(name: "n3", deadline: farOff)?.isReady == false)
        #expect(try await client.nodes(deadline: farOff).map(\.name) == ["n1", "n2", "n3"])
        try server.delete(node: "n1")
        #expect(try await client.node(name: "n1", deadline: farOff) == nil)
    }

    @Test func aNamespaceIsFound() async throws {
        let server = try await KubernetesServer.start(.plain)
        let client = try KubernetesClient.of(server)
        let found = try await client.namespace(name: "kube-system", deadline: farOff)
        #expect(found?.name == "kube-system" && found?.uid == server.clusterUID)
        #expect(server.requests == ["GET /api/v1/namespaces/kube-system"])
        #expect(try await client.namespace(name: "nowhere", deadline: farOff) == nil)
        for (body, words) in [
            (#"{"metadata": {"name": "kube-system"}}"#, ".metadata.uid is missing"),
            (#"{"metadata": {"name": "kube-system", "uid": ""}}"#, "metadata.uid is empty"),
            (#"{"metadata": {"name": "x", "uid": "u"}}"#, "it is the namespace x"),
            (#"{"kind": "Pod", "metadata": {"name": "kube-system", "uid": "u"}}"#, "it is a Pod, not a Namespace"),
        ] {
            try server.fail(.body(body))
            let error = try await #require(throws: KubernetesError.self) {
                try await client.namespace(name: "kube-system", deadline: farOff)
            }
            #expect(error.description.contains(words), "\(error)")
        }
    }

    /// An unready node is one of which Kubernetes says so: what it does not say frees nobody's address.
    @Test(arguments: [
        (#"[{"type": "Ready", "status": "False"}]"#, false), (#"[{"type": "Ready", "status": "Unknown"}]"#, false),
        (#"[{"type": "Ready", "status": "True"}]"#, true), (#"[{"type": "Ready", "status": "true"}]"#, true),
        ("[]", true), ("null", true), (#"[{"type": "DiskPressure", "status": "False"}]"#, true),
    ])
    func aNodeIsUnreadyWhenKubernetesSaysSo(_ conditions: String, _ isReady: Bool) async throws {
        let server = try await KubernetesServer.start(.plain)
        try server.fail(
            .body(#"{"kind": "Node", "metadata": {"name": "n1"}, "status": {"conditions": \#(conditions)}}"#))
        let client = try KubernetesClient.of(server)
        #expect(try await client.node(name: "n1", deadline: farOff)?.isReady == isReady)
    }

    @Test func onlyKubernetesOwnWordMakesAnObjectAbsent() async throws {
        let server = try await KubernetesServer.start(.plain)
        try server.put(pod: .init("db-0"))
        try server.delete(pod: "db-0")
        let client = try KubernetesClient.of(server)
        #expect(try await client.pod(namespace: "default", name: "db-0", deadline: farOff) == nil)
        #expect(try await client.node(name: "n1", deadline: farOff) == nil)

        // Another server, a wrong path, a resource that this server does not have, a word on another object.
        try server.fail(.notFoundPage, times: 1)
        try await expectNotFound(client, "404: not a Kubernetes status, but text/html")
        let elsewhere = try KubernetesClient.of(try server.kubeconfig(server: server.url + "/k8s"))
        try await expectNotFound(elsewhere, "check the server URL")
        #expect(server.requests.last == "GET /k8s/api/v1/namespaces/default/pods/db-0")
        let nested = try KubernetesClient.of(try server.kubeconfig(server: server.url + "/api/v1"))
        try await expectNotFound(nested, "404: the server could not find the requested resource")
        for details in [#"{"name": "db-1", "kind": "pods"}"#, #"{"name": "db-0", "kind": "nodes"}"#, "null"] {
            try server.fail(
                .body(#"{"kind": "Status", "reason": "NotFound", "details": \#(details)}"#, status: 404), times: 1)
            try await expectNotFound(client, "404: no message")
        }
        try server.fail(.body(#"{"kind": "Other", "reason": "NotFound", "message": "x"}"#, status: 404), times: 1)
        try await expectNotFound(client, "not a Kubernetes status")
    }

    private func expectNotFound(_ client: KubernetesClient, _ words: String) async throws {
        let error = try await #require(throws: KubernetesError.self) {
            try await client.pod(namespace: "default", name: "db-0", deadline: farOff)
        }
        guard case .notFound = error else { return #expect(Bool(false), "\(error)") }
        #expect(error.description.contains("could not get pod default/db-0 from Kubernetes at 127.0.0.1:"), "\(error)")
        #expect(error.description.contains(words), "\(error)")
        #expect(!error.isTransient)
    }

    /// `GET .../pods/` would be the list of pods, and `..` what is above it.
    @Test(arguments: ["", ".", "..", "a/b", "../nodes", "a%2Fb"])
    func aNameThatIsNoSegmentIsNotAskedFor(_ name: String) async throws {
        let server = try await KubernetesServer.start(.plain)
        let client = try KubernetesClient.of(server)
        for namespace in ["default", name] {
            let pod = await #expect(throws: KubernetesError.self) {
                try await client.pod(namespace: namespace, name: name, deadline: farOff)
            }
            #expect(pod?.description.hasSuffix("no object can have this name") == true)
        }
        await #expect(throws: KubernetesError.self) { try await client.node(name: name, deadline: farOff) }
        await #expect(throws: KubernetesError.self) { try await client.pods(namespace: name, deadline: farOff) }
        #expect(server.requests.isEmpty)
    }

    @Test func anyOtherNameIsEncoded() async throws {
        let server = try await KubernetesServer.start(.plain)
        let name = "a?b#c d&é"
        try server.put(pod: .init(name, namespace: "x;y=1"))
        let client = try KubernetesClient.of(server)
        #expect(try await client.pod(namespace: "x;y=1", name: name, deadline: farOff)?.name == name)
        #expect(server.requests == ["GET /api/v1/namespaces/x%3By%3D1/pods/a%3Fb%23c%20d%26%C3%A9"])
    }

    @Test(arguments: [
        ("{", "it is not JSON"), ("", "it is not JSON"), ("<html>", "it is not JSON"), ("[]", "has the wrong type"),
        ("{}", ".metadata is missing"), (#"{"metadata": {"name": "db-0"}}"#, ".metadata.namespace is missing"),
        (#"{"metadata": {"name": 7}}"#, ".metadata.name has the wrong type"),
        (#"{"kind": "Node", "metadata": {"name": "db-0", "namespace": "d", "uid": "u"}}"#, "it is a Node, not a Pod"),
        (#"{"kind": "Pod", "metadata": {"name": "x", "namespace": "d", "uid": "u"}}"#, "it is the pod d/x"),
        (#"{"kind": "Status", "status": "Failure"}"#, ".metadata is missing"),
        (#"{"kind": "Pod", "metadata": {"name": "db-0", "namespace": "d", "uid": ""}}"#, "metadata.uid is empty"),
    ])
    func anAnswerThatIsNoPodIsAnError(_ body: String, _ words: String) async throws {
        let server = try await KubernetesServer.start(.plain)
        try server.fail(.body(body))
        let client = try KubernetesClient.of(server)
        let error = try await #require(throws: KubernetesError.self) {
            try await client.pod(namespace: "default", name: "db-0", deadline: farOff)
        }
        guard case .malformed = error else { return #expect(Bool(false), "\(error)") }
        #expect(error.description.contains("the response is not what Kubernetes sends: "), "\(error)")
        #expect(error.description.contains(words), "\(error)")
        #expect(server.requests.count == 1)
    }

    @Test func anAnswerThatIsTooLargeIsAnError() async throws {
        let server = try await KubernetesServer.start(.plain)
        try server.fail(.body(String(repeating: " ", count: (4 << 20) + 1)))
        let client = try KubernetesClient.of(server)
        let error = try await #require(throws: KubernetesError.self) {
            try await client.pod(namespace: "default", name: "db-0", deadline: farOff)
        }
        #expect(error.description.hasSuffix("it has more than 4194304 bytes"), "\(error)")
    }
}

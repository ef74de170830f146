import TestSupport
import Testing

@testable import KubernetesClient

@Suite(.serialized) struct ListTests {
    private func server(pods count: Int) async throws -> KubernetesServer {
        let server = try await KubernetesServer.start(.plain)
        try server.put(
            pods: (0..<count).map { number in
                .init(
                    "p-\(number)", namespace: number % 2 == 0 ? "even" : "odd", node: "n\(number % 3)",
                    podIPs: ["10.188.0.\(number)"])
            })
        return server
    }

    @Test func aListIsReadPageByPage() async throws {
        let server = try await server(pods: 23)
        let client = try KubernetesClient.of(server)
        let pods = try await client.pods(pageSize: 5, deadline: farOff)
        #expect(pods.count == 23)
        #expect(Set(pods.map(\.name)).count == 23)
        #expect(server.requests.count == 5)
        #expect(server.requests.first == "GET /api/v1/pods?limit=5")
        #expect(server.requests.dropFirst().allSatisfy { $0.hasPrefix("GET /api/v1/pods?limit=5&continue=") })
        // A page that is exactly full is the last one.
        try server.forgetRequests()
        #expect(try await client.pods(pageSize: 23, deadline: farOff).count == 23)
        #expect(server.requests == ["GET /api/v1/pods?limit=23"])
    }

    @Test func selectorsAndNamespacesNarrowAList() async throws {
        let server = try await server(pods: 12)
        let client = try KubernetesClient.of(server)
        let atAddress = try await client.pods(fieldSelector: "status.podIP=10.188.0.7", deadline: farOff)
        #expect(atAddress.map(\.name) == ["p-7"])
        #expect(server.requests == ["GET /api/v1/pods?fieldSelector=status.podIP%3D10.188.0.7&limit=500"])
        #expect(try await client.pods(fieldSelector: "spec.nodeName=n1", pageSize: 2, deadline: farOff).count == 4)
        let odd = try await client.pods(namespace: "odd", pageSize: 4, deadline: farOff)
        #expect(odd.map(\.namespace) == Array(repeating: "odd", count: 6))
        #expect(try await client.pods(namespace: "none", deadline: farOff).isEmpty)
        let wrong = try await #require(throws: KubernetesError.self) {
            try await client.pods(fieldSelector: "status.color=red", deadline: farOff)
        }
        #expect(wrong.description.hasPrefix("could not get the pods with status.color=red from Kubernetes at "))
        #expect(wrong.description.contains(": the server refused the request (400: "), "\(wrong)")
    }

    @Test func nodesAreReadPageByPage() async throws {
        let server = try await KubernetesServer.start(.plain)
        for number in 0..<7 { try server.put(node: "n\(number)", ready: number != 3) }
        let nodes = try await KubernetesClient.of(server).nodes(pageSize: 3, deadline: farOff)
        #expect(nodes.filter(\.isReady).count == 6)
        #expect(nodes.count == 7)
        #expect(server.requests.count == 3)
    }

    @Test func anEmptyListMayBeNull() async throws {
        let server = try await KubernetesServer.start(.plain)
        let client = try KubernetesClient.of(server)
        #expect(try await client.pods(deadline: farOff).isEmpty)
        try server.fail(.body(#"{"kind": "PodList", "metadata": {"continue": ""}, "items": null}"#))
        #expect(try await client.pods(deadline: farOff).isEmpty)
    }

    @Test func anExpiredListBeginsAgain() async throws {
        let server = try await server(pods: 10)
        let client = try KubernetesClient.of(server)
        try server.fail(.expireContinue, times: 2)
        let pods = try await client.pods(pageSize: 4, deadline: farOff)
        #expect(pods.count == 10)
        #expect(Set(pods.map(\.name)).count == 10)
        #expect(server.requests.count { !$0.contains("continue=") } == 3)
        #expect(server.requests.count == 2 + 2 + 3)
    }

    @Test func aListThatAlwaysExpiresIsGivenUp() async throws {
        let server = try await server(pods: 10)
        let client = try KubernetesClient.of(server)
        try server.fail(.expireContinue)
        let error = try await #require(throws: KubernetesError.self) {
            try await client.pods(pageSize: 4, deadline: farOff)
        }
        guard case .expired = error else { return #expect(Bool(false), "\(error)") }
        #expect(error.description.contains("the list expired repeatedly"), "\(error)")
        #expect(error.isTransient)
        #expect(server.requests.count == 2 * (KubernetesClient.listRestarts + 1))
    }

    @Test func halfAListIsNone() async throws {
        let server = try await server(pods: 10)
        let client = try KubernetesClient.of(server)
        for fault in [
            KubernetesServer.Fault.status(403), .status(401), .status(400), .notFoundPage, .body("{}"),
            .body(#"{"kind": "NodeList", "metadata": {}, "items": []}"#), .status(503, retryAfter: 3600),
            .body(#"{"kind": "PodList", "metadata": {}, "items": {}}"#),
        ] {
            try server.fail(fault, continuing: true)
            await #expect(throws: KubernetesError.self, "\(fault)") {
                try await client.pods(pageSize: 4, deadline: farOff)
            }
            try server.recover()
        }
        try server.fail(.cutBody, continuing: true, times: 1)
        try server.fail(.status(500), continuing: true, times: 1)
        #expect(try await client.pods(pageSize: 4, deadline: farOff).count == 10)
    }

    /// Nor does one that cannot be read make the others unknown.
    @Test func anObjectThatCannotBeReadIsNamed() async throws {
        let server = try await server(pods: 4)
        for object in [
            #"{"metadata": {"name": "x", "namespace": "odd"}}"#,
            #"{"metadata": {"name": "y", "namespace": "odd", "uid": ""}}"#,
            #"{"metadata": {"name": "z", "namespace": "odd", "uid": "u"}, "spec": 7, "status": {"podIPs": [{"ip": "10.0.0.1"}, 7]}}"#,
        ] { try server.put(podJSON: object) }
        let pods = try await KubernetesClient.of(server).pods(pageSize: 2, deadline: farOff)
        #expect(pods.map(\.name).sorted() == ["p-0", "p-1", "p-2", "p-3"])
        #expect(
            pods.unreadable.map {
                "\($0.namespace ?? "")/\($0.name ?? "") \($0.uid ?? "") \($0.addresses) \($0.problem)"
            } == [
                "odd/x  [] .metadata.uid is missing", "odd/y  [] metadata.uid is empty",
                "odd/z u [\"10.0.0.1\", \"(not a string)\"] .spec has the wrong type",
            ])
    }

    @Test func aListThatGoesRoundInACircleIsAnError() async throws {
        let server = try await KubernetesServer.start(.plain)
        try server.fail(.body(#"{"kind": "PodList", "metadata": {"continue": "again"}, "items": []}"#))
        let client = try KubernetesClient.of(server)
        let error = try await #require(throws: KubernetesError.self) { try await client.pods(deadline: farOff) }
        #expect(error.description.hasSuffix("the server sent the same continue token twice"), "\(error)")
        #expect(server.requests.count == 2)
    }

    @Test func aLargeListIsReadWhole() async throws {
        let server = try await KubernetesServer.start(.token)
        try server.put(pods: (0..<2500).map { .init("p-\($0)", podIPs: ["10.\($0 / 256).\($0 % 256).1"]) })
        let pods = try await KubernetesClient.of(server).pods(deadline: farOff)
        #expect(Set(pods.map(\.name)).count == 2500)
        #expect(server.requests.count == 5)
    }
}

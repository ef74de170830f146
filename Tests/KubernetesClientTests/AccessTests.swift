import KubernetesClient
import TestSupport
import Testing

/// What the user of a kubeconfig may do.
@Suite struct AccessTests {
    @Test func kubernetesSaysWhatTheUserMayDo() async throws {
        let server = try await KubernetesServer.start()
        try server.deny(["list pods"])
        let client = try KubernetesClient.of(server)
        let deadline = ContinuousClock.now + .seconds(60)
        #expect(try await client.allows(KubernetesAccess("get", "pods"), deadline: deadline))
        #expect(try await !client.allows(KubernetesAccess("list", "pods"), deadline: deadline))
        #expect(
            try await client.allows(
                KubernetesAccess("get", "namespaces", name: "kube-system"), deadline: deadline))
        #expect(try server.seenRequests().allSatisfy { $0.line.hasPrefix("POST /apis/authorization.k8s.io/v1/") })
    }

    @Test func anErrorIsNotARefusal() async throws {
        let server = try await KubernetesServer.start()
        try server.fail(.status(403))
        let client = try KubernetesClient.of(server)
        let error = try await #require(throws: KubernetesError.self) {
            try await client.allows(KubernetesAccess("get", "pods"), deadline: .now + .seconds(60))
        }
        #expect(error.description.hasPrefix("could not get the right to get pods from Kubernetes at "))
    }
}

import IPAMKit
import KubernetesPods
import TestSupport
import Testing

@testable import KubernetesClient

struct DeploymentTests {
    @Test func aDeploymentIsFoundWithItsStrategy() async throws {
        let server = try await KubernetesServer.start()
        try server.put(deployment: "web", replicas: 5, maxUnavailable: "2", maxSurge: "\"30%\"")
        let client = try KubernetesClient.of(server)
        let deployment = try #require(
            try await client.deployment(namespace: "default", name: "web", deadline: farOff))
        #expect(deployment.replicas == 5 && deployment.strategy == "RollingUpdate")
        #expect(deployment.maxUnavailable == .pods(2) && deployment.maxSurge == .percent(30))
        #expect(server.requests == ["GET /apis/apps/v1/namespaces/default/deployments/web"])
        #expect(try await client.deployment(namespace: "default", name: "other", deadline: farOff) == nil)
    }

    @Test(arguments: [
        #"{"kind":"Pod","metadata":{"name":"web","namespace":"default"}}"#,
        #"{"metadata":{"name":"other","namespace":"default"}}"#,
        #"{"metadata":{"name":"web","namespace":"default"},"spec":{"strategy":{"rollingUpdate":{"maxSurge":"x"}}}}"#,
        #"{"metadata":{"name":"web","namespace":"default"},"spec":{"replicas":"three"}}"#, "[]",
    ])
    func anAnswerThatIsNoDeploymentIsAnError(body: String) async throws {
        let server = try await KubernetesServer.start()
        try server.fail(.body(body))
        let client = try KubernetesClient.of(server)
        await #expect(throws: KubernetesError.self) {
            _ = try await client.deployment(namespace: "default", name: "web", deadline: farOff)
        }
    }

    /// As the deployment controller rounds them; what is left out is 25 %.
    @Test(
        arguments: [
            (1, nil, nil, 0), (3, nil, nil, 0), (4, nil, nil, 1), (8, nil, nil, 2), (3, .percent(50), nil, 1),
            (3, .pods(9), nil, 3), (3, .pods(0), .pods(0), 1), (3, .percent(1), .pods(0), 1), (0, .pods(0), nil, 1),
            (2, .pods(-1), .pods(1), 0), (Int.max, .percent(100), nil, Int.max),
        ] as [(Int, KubernetesDeployment.Amount?, KubernetesDeployment.Amount?, Int)])
    func percentagesAreRoundedAsTheControllerDoes(
        replicas: Int, unavailable: KubernetesDeployment.Amount?, surge: KubernetesDeployment.Amount?, expected: Int
    ) {
        let deployment = KubernetesDeployment(
            name: "web", namespace: "default", replicas: replicas, strategy: nil, maxUnavailable: unavailable,
            maxSurge: surge)
        #expect(Rollout(deployment).strategy == .rolling(maxUnavailable: expected))
    }
}

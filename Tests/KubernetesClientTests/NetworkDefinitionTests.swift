import TestSupport
import Testing

@testable import KubernetesClient

struct NetworkDefinitionTests {
    @Test func aDefinitionIsFoundWithItsConfiguration() async throws {
        let server = try await KubernetesServer.start()
        try server.put(networkDefinition: "database", namespace: "shop", config: #"{"name":"x"}"#)
        try server.put(networkDefinition: "empty", config: nil)
        let client = try KubernetesClient.of(server)
        let found = try #require(
            try await client.networkDefinition(namespace: "shop", name: "database", deadline: farOff))
        #expect(found.namespace == "shop" && found.name == "database" && found.config == #"{"name":"x"}"#)
        #expect(
            server.requests == ["GET /apis/k8s.cni.cncf.io/v1/namespaces/shop/network-attachment-definitions/database"])
        #expect(try await client.networkDefinition(namespace: "default", name: "database", deadline: farOff) == nil)
        let empty = try await client.networkDefinition(namespace: "default", name: "empty", deadline: farOff)
        #expect(empty != nil && empty?.config == nil)
    }

    /// Without Multus, the path does not exist: that is not the answer that the object does not exist.
    @Test func aClusterWithoutDefinitionsIsAnError() async throws {
        let server = try await KubernetesServer.start()
        let client = try KubernetesClient.of(server)
        await #expect {
            _ = try await client.networkDefinition(namespace: "default", name: "x", deadline: farOff)
        } throws: { error in
            if case .notFound? = error as? KubernetesError { true } else { false }
        }
    }

    @Test(arguments: [
        #"{"kind":"Pod","metadata":{"name":"x","namespace":"default"}}"#,
        #"{"metadata":{"name":"other","namespace":"default"}}"#,
        #"{"metadata":{"name":"x","namespace":"default"},"spec":{"config":{}}}"#, "[]",
    ])
    func anAnswerThatIsNoDefinitionIsAnError(body: String) async throws {
        let server = try await KubernetesServer.start()
        try server.fail(.body(body))
        let client = try KubernetesClient.of(server)
        await #expect(throws: KubernetesError.self) {
            _ = try await client.networkDefinition(namespace: "default", name: "x", deadline: farOff)
        }
    }
}

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
        #expect(server.requests == ["GET /api/v1/namespaces/prod/pods/db-0"])
    }
}

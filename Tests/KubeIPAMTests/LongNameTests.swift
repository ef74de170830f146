import Foundation
import IPAMKit
import TestSupport
import Testing

/// Kubernetes' names have 253 characters, with or without dots.
@Suite(.needs(.etcd, .root)) struct LongNameTests {
    private static let statefulSet = String(repeating: "a", count: 198)
    private static let passed: JSONObject = ["runtimeConfig": ["io.kubernetes.cri.pod-annotations": [:]]]

    @Test(arguments: [
        statefulSet + "-0", String(repeating: "a", count: 251) + "-0", String(repeating: "a.", count: 125) + "b-0",
    ])
    func podWithALongNameGetsAnAddressAndTheReservedOne(name: String) async throws {
        let cluster = try await PluginCluster()
        let node = try SimulatedNode("n1")
        let pod = PluginCluster.member(name, on: "n1", [:])
        #expect(try await cluster.run("c1", pod, on: node).address() == "10.188.1.0")
        #expect(try await cluster.network.show("10.188.1.0")["Pod"] == "default/\(name)")
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        try await cluster.network.ipamctl("reserve", "10.188.0.20", "--for", "default/\(name)").checked()
        #expect(try await cluster.add("c2", pod, on: node).address() == "10.188.0.20")
        let listed = try await cluster.network.ipamctl("list", "--pod", "default/\(name)", "-o", "name").checked()
        #expect(listed.stdoutText == "10.188.0.20\n")
        let history = try await cluster.network.ipamctl("history", "--pod", "default/\(name)").checked()
        #expect(history.stdoutText.contains("10.188.1.0") && history.stdoutText.contains("10.188.0.20"))
    }

    @Test func workloadsWithLongNamesHaveReservationsAndAutomaticAddresses() async throws {
        let cluster = try await PluginCluster()
        let node = try SimulatedNode("n1")
        let folder = try TemporaryDirectory()
        let deployment = String(repeating: "b", count: 240)
        let plan = try folder.write(
            "10.188.0.20,default/sts/\(Self.statefulSet)\n10.188.0.21,default/deploy/\(deployment)\n", to: "plan.csv")
        try await cluster.network.ipamctl("reserve", "-f", plan.path, "--yes").checked()
        let member = PluginCluster.member(Self.statefulSet + "-0", on: "n1", [:])
        #expect(try await cluster.run("c1", member, on: node).address() == "10.188.0.20")
        // Also where its name alone is known, and its owner is asked for.
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        #expect(try await cluster.add("c1", member, on: node, Self.passed).address() == "10.188.0.20")
        let automatic = PluginCluster.member(
            String(repeating: "c", count: 198) + "-0", on: "n1", ["kube-ipam.ip": "auto"])
        #expect(try await cluster.run("c2", automatic, on: node).address().hasPrefix("10.188.0."))

        // Of the names of its pods nothing is left but a part of its own.
        let replica = KubernetesServer.Pod(
            String(deployment.prefix(58)) + "xjhek", node: "n1",
            controller: ("ReplicaSet", deployment + "-6d9b74fd4d"), templateHash: "6d9b74fd4d")
        #expect(try await cluster.run("c3", replica, on: node).address() == "10.188.0.21")
        #expect(try await cluster.network.attachments()["c3/eth0"]?["workload"] == .string("deploy/\(deployment)"))
    }

    /// The name of a Deployment of 47 characters or more is not told by its pods' names: whether one of its reservations
    /// is theirs, Kubernetes has to be asked.
    @Test(arguments: [47, 50, 57, 58, 70])
    func reservationsOfADeploymentWhosePodsNamesAreCutAreGiven(length: Int) async throws {
        var cluster = try await PluginCluster()
        cluster.network.ipam["cluster"] = "blue"
        let node = try SimulatedNode("n1")
        let deployment = String(repeating: "web-", count: 20).prefix(length - 1) + "x"
        let generated = "\(deployment)-6d9b74fd4d-"
        #expect(generated.count > 58)
        func replica(_ suffix: String) -> KubernetesServer.Pod {
            KubernetesServer.Pod(
                generated.prefix(58) + suffix, node: "n1", controller: ("ReplicaSet", "\(deployment)-6d9b74fd4d"),
                templateHash: "6d9b74fd4d")
        }
        let first = replica("xjhek")
        try cluster.api.put(pod: first)
        #expect(try await cluster.add("c1", first, on: node, Self.passed).address() == "10.188.1.0")
        #expect(cluster.api.requests.isEmpty, "nothing is reserved")
        try await cluster.network.ipamctl("reserve", "10.188.0.20", "--for", "default/deploy/\(deployment)").checked()
        // ipamctl has looked for the Deployment.
        try cluster.api.forgetRequests()
        let second = replica("24567")
        try cluster.api.put(pod: second)
        #expect(try await cluster.add("c2", second, on: node, Self.passed).address() == "10.188.0.20")
        #expect(cluster.api.requests == ["GET /api/v1/namespaces/default/pods/\(second.name)"])
    }

    @Test(arguments: [
        "default/" + String(repeating: "a", count: 252) + "-0", "default/sts/" + String(repeating: "a", count: 254),
        String(repeating: "n", count: 64) + "/db-0", "default/sts/a..b", "default/deploy/-a",
    ])
    func nothingIsReservedForWhatKubernetesCannotHave(holder: String) async throws {
        let network = try await PluginNetwork()
        _ = try await network.add("c1").result()
        let output = try await network.ipamctl("reserve", "10.188.0.20", "--for", holder)
        #expect(output.status == 64 && output.stdout.isEmpty, "\(output.stderrText)")
        #expect(try await network.contents()[network.key("reservations/10.188.0.20")] == nil)
    }
}

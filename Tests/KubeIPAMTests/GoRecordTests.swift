import Foundation
import IPAMKit
import TestSupport
import Testing

/// What the Go plugin leaves in the store: bare used keys, its network document, no attachment, no settings.
@Suite(.needs(.etcd, .root)) struct GoRecordTests {
    private func network() async throws -> PluginNetwork {
        let network = try await PluginNetwork()
        try await network.etcd.put(
            network.key,
            #"[[{"rangeStart":"10.188.0.2","rangeEnd":"10.188.0.254","subnet":"10.188.0.0/24","#
                + #""gateway":"10.188.0.1"}]]"#)
        try await network.put("used/10.188.0.2", "go1")
        try await network.put("used/10.188.0.3", "go2")
        try await network.put("lastReserved/0", "10.188.0.3")
        return network
    }

    @Test func isRespectedByAnAdd() async throws {
        let network = try await network()
        // The cursor points behind both; begin in front of them to meet them.
        try await network.remove("lastReserved/0")
        #expect(try await network.add("c1").address() != "10.188.0.2")
        let used = try await network.used()
        #expect(used["10.188.0.2"] == "go1")
        #expect(used["10.188.0.3"] == "go2")
        #expect(used.count == 3)
        // Nobody knows yet whether Go nodes are left.
        #expect(try await network.contents()[network.key("config")] == nil)
    }

    @Test func cursorIsContinuedFromGo() async throws {
        let network = try await network()
        #expect(try await network.add("c1").address() == "10.188.0.4")
        #expect(try await network.contents()[network.key("lastReserved/0")]?.value == "10.188.0.4")
    }

    /// A kubeconfig that may get pods, and not list them.
    @Test func whereThePodsOfGoNodesCannotBeListedTheErrorSaysWhyAndWhatEndsIt() async throws {
        let cluster = try await PluginCluster()
        try await cluster.network.etcd.put(
            cluster.network.key,
            #"[[{"rangeStart":"10.188.1.0","rangeEnd":"10.188.255.254","subnet":"10.188.0.0/16","gateway":"10.188.0.1"}]]"#
        )
        let pod = PluginCluster.replica(on: "n1")
        try cluster.api.put(pod: pod)
        let list = "/api/v1/pods"
        try cluster.api.fail(.status(403), on: list)
        let answer = try await cluster.add("c1", pod, on: SimulatedNode("n1"))
        let failure = try #require(answer.failure)
        let name = cluster.network.name
        #expect(failure.code == 11)
        #expect(
            failure.message.hasPrefix(
                "network \(name) may have Go nodes, which do not record fixed addresses; cannot check whether a pod "
                    + "has 10.188.0.216: "), "\(failure.message)")
        #expect(failure.message.contains("403"))
        #expect(
            answer.json?["details"]?.string
                == "let the nodes' kubeconfig list pods (ClusterRole kube-ipam-beside-go in "
                + "docs/examples/rbac.yaml), or, if no Go node is left, run 'ipamctl adopt --no-go-nodes -n \(name)'")
        // A pod's reservation is looked up the same way.
        try await cluster.network.reserve("10.188.0.20", for: "default/db-0", claim: "default/pod/db-0")
        let member = PluginCluster.member("db-0", on: "n1", [:])
        try cluster.api.put(pod: member)
        let reserved = try await cluster.add("c2", member, on: SimulatedNode("n1")).failure
        #expect(reserved?.code == 11 && reserved?.message.contains("whether a pod has 10.188.0.20: ") == true)
        try cluster.api.recover()
        #expect(try await cluster.add("c1", pod, on: SimulatedNode("n1")).address() == "10.188.0.216")
    }

    @Test func isRemovedByADeleteWithoutPrevResult() async throws {
        let network = try await network()
        #expect(try await network.delete("go1").isSilentSuccess)
        #expect(try await network.used() == ["10.188.0.3": "go2"])
    }

    @Test func isRemovedByADeleteWithPrevResult() async throws {
        let network = try await network()
        let previous: JSONObject = [
            "prevResult": ["cniVersion": "1.0.0", "ips": [["address": "10.188.0.2/24", "gateway": "10.188.0.1"]]]
        ]
        #expect(try await network.delete("go1", previous).isSilentSuccess)
        #expect(try await network.used() == ["10.188.0.3": "go2"])
    }

    @Test func ofAnotherContainerStaysWhateverPrevResultSays() async throws {
        let network = try await network()
        let previous: JSONObject = ["prevResult": ["cniVersion": "1.0.0", "ips": [["address": "10.188.0.3/24"]]]]
        #expect(try await network.delete("go1", previous).isSilentSuccess)
        #expect(try await network.used()["10.188.0.3"] == "go2")
    }

    @Test func checkOfOneSucceedsByItsUsedKeyAlone() async throws {
        let network = try await network()
        let previous: JSONObject = ["prevResult": ["cniVersion": "1.0.0", "ips": [["address": "10.188.0.2/24"]]]]
        #expect(try await network.call("CHECK", "go1", previous).isSilentSuccess)
    }
}

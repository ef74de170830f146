import Foundation
import IPAMKit
import TestSupport
import Testing

/// A rolling update whose Deployment has as many reserved addresses as replicas: the new pod finds all of them in use, and is
/// told so, by whom, and what makes room.
@Suite(.needs(.etcd, .root)) struct RolloutTests {
    private static let plain: [String: String] = [:]

    /// A cluster with `count` addresses reserved for the Deployment web, and as many running replicas of it.
    private func cluster(_ count: Int, ipam: JSONObject = PluginCluster.published, on node: SimulatedNode) async throws
        -> (PluginCluster, [String])
    {
        let cluster = try await PluginCluster(ipam)
        for index in 0..<count {
            try await cluster.network.ipamctl(
                "reserve", "10.188.0.\(20 + index)", "--for", "default/deploy/web", "--yes"
            ).checked()
        }
        var names: [String: String] = [:]
        for index in 0..<count {
            let pod = PluginCluster.replica(on: "n1", Self.plain)
            names[try await cluster.run("c\(index)", pod, on: node).addresses()[0]] = pod.name
        }
        return (cluster, names.sorted { $0.key < $1.key }.map(\.value))
    }

    private func advice(_ network: PluginNetwork, _ more: String = "") -> String {
        "for a rolling update, set maxUnavailable: 1 or strategy type Recreate in the Deployment, or reserve one more "
            + "address: ipamctl reserve --next 1\(more) --for default/deploy/web -n \(network.name)"
    }

    @Test(arguments: ["n1", "n2"])
    func newPodIsToldThatAllAddressesOfItsDeploymentAreInUseAndByWhichPods(node: String) async throws {
        let first = try SimulatedNode("n1")
        let (cluster, names) = try await cluster(5, on: first)
        let new = PluginCluster.replica(on: node, Self.plain)
        let refused = try await cluster.run("new", new, on: node == "n1" ? first : SimulatedNode(node))
        #expect(
            refused.failure
                == PluginFailure(
                    101,
                    "all 5 addresses reserved for default/deploy/web are in use: 10.188.0.20 by default/\(names[0]) on n1, "
                        + "10.188.0.21 by default/\(names[1]) on n1, 10.188.0.22 by default/\(names[2]) on n1 and 2 more"
                ))
        #expect(refused.details == advice(cluster.network))
        // The command does what it says.
        try await cluster.network.ipamctl("reserve", "--next", "1", "--for", "default/deploy/web", "--yes").checked()
        #expect(try await cluster.add("new", new, on: first).output.status == 0)
    }

    @Test func singleAddressOfADeploymentIsNamedAsItsOnlyOne() async throws {
        let node = try SimulatedNode("n1")
        let (cluster, names) = try await cluster(1, on: node)
        let refused = try await cluster.run("new", PluginCluster.replica(on: "n1", Self.plain), on: node)
        #expect(
            refused.failure
                == PluginFailure(
                    101,
                    "10.188.0.20, the only address reserved for default/deploy/web, is in use by default/\(names[0]) on "
                        + "n1: its pod is alive"))
        #expect(refused.details == advice(cluster.network))
    }

    @Test func adviceNamesTheRangeSetOfSeveral() async throws {
        let node = try SimulatedNode("n1")
        let sets: JSONObject = ["ranges": [[["subnet": "fd00:188::/64"]], [["subnet": "10.188.0.0/24"]]]]
        let cluster = try await PluginCluster(sets)
        try await cluster.network.ipamctl("reserve", "10.188.0.20", "--for", "default/deploy/web", "--yes").checked()
        #expect(
            try await cluster.run("c1", PluginCluster.replica(on: "n1", Self.plain), on: node).addresses()[1]
                == "10.188.0.20")
        let new = PluginCluster.replica(on: "n1", Self.plain)
        let refused = try await cluster.run("new", new, on: node)
        #expect(refused.failure?.code == 101, "\(refused)")
        #expect(refused.details == advice(cluster.network, " --range-set 1"))
        try await cluster.network.ipamctl(
            "reserve", "--next", "1", "--range-set", "1", "--for", "default/deploy/web", "--yes"
        ).checked()
        #expect(try await cluster.add("new", new, on: node).addresses()[1].hasPrefix("10.188.0."))
    }

    /// Without a kubeconfig nobody knows whether the holder is to go: the events name the reservation all the same.
    @Test func withoutKubernetesTheReservationIsNamedBesideTheNamespaceThatIsLeft() async throws {
        let network = try await PluginNetwork(["subnet": "10.188.0.0/24", "nodeName": "n1"])
        let arguments = { (suffix: String) in
            "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-6d9b74fd4d-\(suffix);K8S_POD_UID=\(suffix)"
        }
        try await network.reserve("10.188.0.20", for: "default/deploy/web", claim: "default/workload/web")
        #expect(try await network.add("c1", arguments: arguments("aaaaa")).address() == "10.188.0.20")
        let refused = try await network.add("c2", arguments: arguments("bbbbb"))
        #expect(
            refused.failure
                == PluginFailure(
                    11,
                    "10.188.0.20 is still held by default/web-6d9b74fd4d-aaaaa on n1: its network namespace "
                        + "\(PluginNetwork.alive) still exists; it is the only address reserved for default/deploy/web")
        )
        #expect(refused.details?.contains("crictl rmp -f c1") == true, "\(refused)")
        #expect(refused.details?.hasSuffix("; " + advice(network)) == true, "\(refused)")
    }

    @Test func podThatIsBeingDeletedIsWaitedForWithoutAdvice() async throws {
        let node = try SimulatedNode("n1")
        let (cluster, names) = try await cluster(2, on: node)
        for name in names {
            var pod = PluginCluster.replica(on: "n1", Self.plain)
            let uid = try #require(
                try await cluster.network.attachments().values.first { $0["pod"] == .string(name) }?["uid"]?.string)
            pod = KubernetesServer.Pod(
                name, uid: uid, node: "n1", controller: ("ReplicaSet", "web-6d9b74fd4d"), templateHash: "6d9b74fd4d",
                terminating: true)
            try cluster.api.put(pod: pod)
        }
        let refused = try await cluster.run("new", PluginCluster.replica(on: "n1", Self.plain), on: node)
        #expect(refused.failure?.code == 11, "\(refused)")
        #expect(
            refused.failure?.message.hasSuffix(
                "its pod is being deleted; all 2 addresses reserved for default/deploy/web are in use") == true,
            "\(refused)")
        #expect(refused.details == nil, "\(refused)")
    }
}

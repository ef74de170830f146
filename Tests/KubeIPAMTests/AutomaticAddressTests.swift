import Foundation
import IPAMKit
import TestSupport
import Testing

/// `kube-ipam.ip: auto`: an address that nobody had to choose, and that the pod or its workload has ever after.
@Suite(.needs(.etcd, .root)) struct AutomaticAddressTests {
    private static let automatic = ["kube-ipam.ip": "auto"]

    /// A network whose fixed range has exactly `count` addresses.
    private func cluster(_ count: Int, _ more: JSONObject = [:], nodes: [String] = ["n1", "n2"]) async throws
        -> PluginCluster
    {
        var ipam = PluginCluster.published
        ipam["fixedEnd"] = .string("10.188.0.\(9 + count)")
        for member in more.members { ipam[member.key] = member.value }
        return try await PluginCluster(ipam, nodes: nodes)
    }

    /// For whom which address is reserved.
    private func reservations(_ network: PluginNetwork) async throws -> [String: String] {
        let prefix = network.key("reservations/")
        var found: [String: String] = [:]
        for (key, record) in try await network.contents() where key.hasPrefix(prefix) {
            found[String(key.dropFirst(prefix.count))] = try Reservation(stored: record.value).holder.description
        }
        return found
    }

    @Test func podOfAStatefulSetGetsAnAddressOfTheFixedRangeThatIsReservedInItsName() async throws {
        let cluster = try await cluster(3)
        let node = try SimulatedNode("n1")
        let pod = PluginCluster.member("db-0", on: "n1", Self.automatic)
        let address = try await cluster.run("c1", pod, on: node).address()
        #expect(address.hasPrefix("10.188.0.1"))
        let contents = try await cluster.network.contents()
        #expect(contents[cluster.network.key("claims/default/pod/db-0/\(address)")]?.value == "")
        #expect(contents[cluster.network.key("lastReserved/0")] == nil)
        #expect(try await reservations(cluster.network) == [address: "default/db-0"])
        #expect(try await cluster.network.attachments()["c1/eth0"]?["fixed"] == true)
        #expect(try await cluster.network.history(address).map(\.event) == [.reserved])
        #expect(try await cluster.network.show(address)["Reserved for"] == "default/db-0")
        // ADD again is the same one; after DEL it is kept for the pod.
        #expect(try await cluster.add("c1", pod, on: node).address() == address)
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        #expect(try await reservations(cluster.network) == [address: "default/db-0"])
        let rebuilt = PluginCluster.member("db-0", on: "n2", Self.automatic)
        #expect(try await cluster.run("c2", rebuilt, on: SimulatedNode("n2")).address() == address)
        // Also without the annotation: the reservation is what counts.
        #expect(try await cluster.network.delete("c2").isSilentSuccess)
        let plain = PluginCluster.member("db-0", on: "n1", [:])
        #expect(try await cluster.run("c3", plain, on: node).address() == address)
    }

    @Test func replicasOfADeploymentShareAsManyAddressesAsTheyNeed() async throws {
        let cluster = try await cluster(8)
        let node = try SimulatedNode("n1")
        var addresses: [String] = []
        for index in 0..<3 {
            let pod = PluginCluster.replica(on: "n1", Self.automatic)
            addresses.append(try await cluster.run("c\(index)", pod, on: node).address())
        }
        let set = Set(addresses)
        #expect(set.count == 3)
        let expected = Dictionary(uniqueKeysWithValues: set.map { ($0, "default/deploy/web") })
        #expect(try await reservations(cluster.network) == expected)
        // Another Deployment has its own, and not the one that is free.
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        let other = PluginCluster.replica(of: "shop", on: "n1", Self.automatic)
        let others = try await cluster.run("shop", other, on: node).address()
        #expect(!set.contains(others))
        // A rebuilt replica gets the free one of the set; only one more than there were gets a new one.
        let rebuilt = PluginCluster.replica(on: "n1", Self.automatic)
        #expect(try await cluster.run("c3", rebuilt, on: node).address() == addresses[1])
        let fourth = PluginCluster.replica(on: "n1", Self.automatic)
        let more = try await cluster.run("c4", fourth, on: node).address()
        #expect(!set.contains(more) && more != others)
        #expect(try await reservations(cluster.network).count == 5)
    }

    /// A rolling update: the new pods come before the old ones go.
    @Test func replicaOfADeadNodeIsReplacedInItsPlace() async throws {
        let cluster = try await cluster(8)
        let former = PluginCluster.replica(on: "n1", Self.automatic)
        let address = try await cluster.run("c1", former, on: SimulatedNode("n1")).address()
        try cluster.api.delete(pod: former.name)
        try cluster.api.put(node: "n1", ready: false)
        let pod = PluginCluster.replica(on: "n2", Self.automatic)
        #expect(try await cluster.run("c2", pod, on: SimulatedNode("n2")).address() == address)
        #expect(try await reservations(cluster.network).count == 1)
        try await cluster.network.expectNothingDangling()
    }

    @Test func failedLookupOfAReplicaThatMayBeGoneReservesNoFurtherAddress() async throws {
        var cluster = try await cluster(8)
        let former = PluginCluster.replica(on: "n1", Self.automatic)
        let address = try await cluster.run("c1", former, on: SimulatedNode("n1")).address()
        try cluster.api.delete(pod: former.name)
        try cluster.api.put(node: "n1", ready: false)
        try cluster.api.fail(.status(403), on: "/api/v1/nodes/")
        cluster.network.ipam["timeout"] = .number("2")
        let (pod, n2) = (PluginCluster.replica(on: "n2", Self.automatic), try SimulatedNode("n2"))
        let refused = try await cluster.run("c2", pod, on: n2)
        #expect(refused.failure?.code == 11, "\(refused)")
        #expect(refused.failure?.message.contains("403") == true, "\(refused)")
        #expect(try await reservations(cluster.network).count == 1)
        try cluster.api.recover()
        #expect(try await cluster.add("c2", pod, on: n2).address() == address)
        #expect(try await reservations(cluster.network).count == 1)
    }

    @Test func sandboxesOfOnePodThatStartAtOnceReserveOneAddress() async throws {
        let cluster = try await cluster(20)
        let node = try SimulatedNode("n1")
        let pod = PluginCluster.member("db-0", on: "n1", Self.automatic)
        try cluster.api.put(pod: pod)
        let answers = try await inParallel(8, atATime: 8) { index in
            try await cluster.add("c\(index)", pod, on: node)
        }
        #expect(answers.count { $0.output.status == 0 } == 1, "\(answers)")
        #expect(answers.count { $0.failure?.code == 11 } == 7, "\(answers)")
        #expect(try await reservations(cluster.network).count == 1)
        try await cluster.network.expectNothingDangling()
    }

    @Test func limitOfANamespaceHoldsAgainstManyAtOnce() async throws {
        let cluster = try await cluster(40, ["autoLimit": 5])
        let node = try SimulatedNode("n1")
        let pods = (0..<16).map { PluginCluster.member("db-\($0)", on: "n1", Self.automatic) }
        try cluster.api.put(pods: pods)
        // What an operator reserves does not count.
        try await cluster.network.ipamctl("reserve", "10.188.0.40", "--for", "default/other", "--yes").checked()
        let answers = try await inParallel(pods.count, atATime: pods.count) { index in
            try await cluster.add("c\(index)", pods[index], on: node)
        }
        #expect(answers.count { $0.output.status == 0 } == 5, "\(answers)")
        let refusal = PluginFailure(
            100, "namespace default has already 5 addresses from \"auto\", the most that ipam.autoLimit allows")
        #expect(answers.count { $0.failure == refusal } == 11, "\(answers)")
        #expect(try await reservations(cluster.network).count == 6)
        // Those that have one have it again; another namespace has its own limit.
        let index = try #require(answers.firstIndex { $0.output.status == 0 })
        #expect(try await cluster.network.delete("c\(index)").isSilentSuccess)
        #expect(try await cluster.add("again", pods[index], on: node).address() == answers[index].address())
        var elsewhere = PluginCluster.member("db-0", on: "n1", Self.automatic)
        elsewhere.namespace = "test"
        #expect(try await cluster.run("elsewhere", elsewhere, on: node).output.status == 0)
    }

    @Test func limitCountsBothAddressesOfADualStackPod() async throws {
        let cluster = try await PluginCluster([
            "autoLimit": 3,
            "ranges": [
                [["subnet": "10.188.0.0/24", "fixedStart": "10.188.0.10", "fixedEnd": "10.188.0.20"]],
                [["subnet": "fd00:188::/64", "fixedStart": "fd00:188::10", "fixedEnd": "fd00:188::20"]],
            ],
        ])
        let node = try SimulatedNode("n1")
        let first = PluginCluster.member("db-0", on: "n1", Self.automatic)
        #expect(try await cluster.run("c0", first, on: node).addresses().count == 2)
        let second = PluginCluster.member("db-1", on: "n1", Self.automatic)
        let refused = try await cluster.run("c1", second, on: node)
        #expect(
            refused.failure
                == PluginFailure(
                    100, "namespace default has already 3 addresses from \"auto\", the most that ipam.autoLimit allows"),
            "\(refused)")
        #expect(try await reservations(cluster.network).count == 2)
        #expect(try await cluster.network.used().count == 2)
    }

    @Test func podsOfOtherControllersAndOfNoneAreRefused() async throws {
        let cluster = try await cluster(3)
        let node = try SimulatedNode("n1")
        for (controller, reason) in [
            (("DaemonSet", "agent"), "its controller is the DaemonSet agent"),
            (("Job", "agent"), "its controller is the Job agent"), (nil, "it has no controller"),
        ] as [((kind: String, name: String)?, String)] {
            // The name alone would tell a StatefulSet.
            let pod = KubernetesServer.Pod("agent-0", annotations: Self.automatic, node: "n1", controller: controller)
            #expect(
                try await cluster.run("c1", pod, on: node).failure
                    == PluginFailure(
                        103,
                        "pod default/agent-0: kube-ipam.ip \"auto\" is for the pods of StatefulSets and Deployments: "
                            + reason))
        }
        #expect(try await cluster.network.contents().isEmpty)
    }
}

import IPAMKit
import TestSupport
import Testing

/// Machines without a machine ID, as most containers are: a node knows its own holders by its name then.
@Suite(.needs(.etcd, .root)) struct NoMachineIDTests {
    private static let address = "10.188.0.216"

    @Test func formerBootsHolderOfThatNameIsTakenOver() async throws {
        let cluster = try await PluginCluster()
        let node = try SimulatedNode(withoutMachineID: "n1")
        let pod = PluginCluster.member("db-0", on: "n1")
        #expect(try await cluster.run("c1", pod, on: node).address() == Self.address)
        let recorded = try #require(try await cluster.network.attachments()["c1/eth0"])
        #expect(recorded["machine"] == nil && recorded["boot"]?.string != nil && recorded["node"] == "n1")
        #expect(try await cluster.add("c2", pod, on: node.rebooted()).address() == Self.address)
        #expect(try await cluster.network.used() == [Self.address: "c2"])
        #expect(try await cluster.network.show(Self.address)["Evidence"] == "its node n1 has rebooted")
    }

    /// Two containers of one host have its boot ID; nothing but their names tells them apart.
    @Test func machineOfAnotherNameIsAnotherOneAlthoughItHasTheSameBootID() async throws {
        let cluster = try await PluginCluster()
        let n1 = try SimulatedNode(withoutMachineID: "n1")
        let n2 = try SimulatedNode(withoutMachineID: "n2", sharingTheKernelOf: n1)
        let former = PluginCluster.replica(on: "n1")
        let given = try await PluginNetwork.inPassing {
            try await cluster.run("c1", former, on: n1, netns: $0).address()
        }
        #expect(given == Self.address)
        #expect(
            try await cluster.run("c2", PluginCluster.replica(on: "n2"), on: n2).failure
                == PluginFailure(101, "10.188.0.216 is in use by default/\(former.name) on n1: its pod is alive"))
        #expect(try await cluster.network.used() == [Self.address: "c1"])
    }

    @Test func gcFreesWhatThisNameRecordedAndIsGone() async throws {
        let n1 = try SimulatedNode(withoutMachineID: "n1")
        let n2 = try SimulatedNode(withoutMachineID: "n2", sharingTheKernelOf: n1)
        let network = try await PluginNetwork(version: .v110, ["subnet": "10.188.0.0/24"])
        for node in [n1, n2] { _ = try await network.add("seen-\(node.name)", on: node).result() }
        for (container, node) in [("ours", n1), ("theirs", n2)] {
            _ = try await PluginNetwork.inPassing { try await network.add(container, netns: $0, on: node).result() }
        }
        #expect(try await network.call("GC", on: n1, ["cni.dev/valid-attachments": []]).isSilentSuccess)
        #expect(try await network.attachments().keys.sorted() == ["seen-n1/eth0", "seen-n2/eth0", "theirs/eth0"])
    }
}

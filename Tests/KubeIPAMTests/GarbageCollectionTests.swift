import Foundation
import IPAMKit
import TestSupport
import Testing

/// GC frees what this node recorded, the runtime does not list, and whose namespace is gone; nothing else. A container whose
/// namespace is there shows in each test that this node's namespaces can be seen.
@Suite(.needs(.etcd, .root)) struct GarbageCollectionTests {
    private func collect(_ network: PluginNetwork, listed: JSONValue?) async throws -> PluginAnswer {
        var members: JSONObject = [:]
        members["cni.dev/valid-attachments"] = listed
        return try await network.call("GC", nil, members)
    }

    private func network(on node: SimulatedNode? = nil) async throws -> PluginNetwork {
        let network = try await PluginNetwork(version: .v110, ["subnet": "10.188.0.0/24", "nodeName": "this-node"])
        _ = try await network.add("seen", on: node).result()
        return network
    }

    @Test func freesOnlyWhatIsUnlistedOursAndGone() async throws {
        let network = try await network()
        let gone = try NetworkNamespace()
        let listed = try NetworkNamespace()
        let alive = try NetworkNamespace()
        _ = try await network.add("gone", netns: gone.path).result()
        _ = try await network.add("listed", netns: listed.path).result()
        _ = try await network.add("another-runtime", netns: alive.path).result()
        _ = try await network.add("elsewhere", netns: gone.path, on: SimulatedNode("another-node")).result()
        // The same name on another machine: neither its boot nor its machine ID is ours.
        try await network.put("used/10.188.0.90", "namesake")
        try await network.put(
            "attachments/namesake/eth0",
            #"{"addresses":["10.188.0.90"],"node":"this-node","boot":"b","machine":"m","netns":"\#(gone.path)"}"#)
        try await network.put("used/10.188.0.91", "go")
        try gone.delete()
        try listed.delete()

        let answer = try await collect(network, listed: [["containerID": "listed", "ifname": "eth0"]])
        #expect(answer.isSilentSuccess, "\(answer)")
        #expect(
            Set(try await network.used().values) == [
                "seen", "listed", "another-runtime", "elsewhere", "namesake", "go",
            ])
        #expect(
            try await network.attachments().keys.sorted()
                == ["another-runtime/eth0", "elsewhere/eth0", "listed/eth0", "namesake/eth0", "seen/eth0"])
    }

    /// Nodes that are containers of one host have its boot ID, and may have one name in two clusters.
    @Test func namesakeThatSharesTheKernelIsAnotherMachine() async throws {
        let ours = try SimulatedNode("this-node")
        let network = try await network(on: ours)
        let namesake = try SimulatedNode("this-node", sharingTheKernelOf: ours)
        _ = try await PluginNetwork.inPassing { try await network.add("ours", netns: $0, on: ours).result() }
        _ = try await PluginNetwork.inPassing { try await network.add("theirs", netns: $0, on: namesake).result() }
        #expect(try await network.call("GC", on: ours, ["cni.dev/valid-attachments": []]).isSilentSuccess)
        #expect(try await network.attachments().keys.sorted() == ["seen/eth0", "theirs/eth0"])
    }

    /// Machines made from one image, with one name and one machine ID.
    @Test func cloneOfThisMachineKeepsItsAddresses() async throws {
        let ours = try SimulatedNode("this-node", uptime: 3600)
        let network = try await network(on: ours)
        let clone = try SimulatedNode(cloneOf: ours)
        _ = try await network.add("theirs", on: clone).result()
        for node in [ours, clone] {
            #expect(try await network.call("GC", on: node, ["cni.dev/valid-attachments": []]).isSilentSuccess)
        }
        #expect(try await network.attachments().keys.sorted() == ["seen/eth0", "theirs/eth0"])
    }

    /// Nodes that are copies of one container share boot ID and machine ID, and do not see each other's namespaces.
    @Test func copyOfThisNodeUnderAnotherNameKeepsItsAddresses() async throws {
        let ours = try SimulatedNode("this-node")
        var network = try await network(on: ours)
        let copy = try SimulatedNode("that-node", copyOf: ours)
        network.ipam["nodeName"] = nil
        _ = try await PluginNetwork.inPassing { try await network.add("theirs", netns: $0, on: copy).result() }
        #expect(try await network.call("GC", on: ours, ["cni.dev/valid-attachments": []]).isSilentSuccess)
        #expect(try await network.attachments().keys.sorted() == ["seen/eth0", "theirs/eth0"])
    }

    @Test func whatAFormerBootHasLeftIsFreedAlsoWhereNoNamespaceIsSeen() async throws {
        let ours = try SimulatedNode("this-node")
        let network = try await network(on: ours)
        #expect(
            try await network.call("GC", on: ours.rebooted(), ["cni.dev/valid-attachments": []]).isSilentSuccess)
        #expect(try await network.used().isEmpty)
    }

    /// Kubernetes' name of the node is recorded, and the plugin that collects knows the host's: the machine is the same.
    @Test func machineAndBootSayWhichNodeItIsWhateverItsName() async throws {
        let ours = try SimulatedNode("this-node")
        let network = try await network(on: ours)
        _ = try await PluginNetwork.inPassing { try await network.add("gone", netns: $0, on: ours).result() }
        let renamed = try SimulatedNode("this-node.example.org", copyOf: ours)
        #expect(try await network.call("GC", on: renamed, ["cni.dev/valid-attachments": []]).isSilentSuccess)
        #expect(try await network.attachments().keys.sorted() == ["seen/eth0"])
    }

    /// In a container, or in a mount namespace of its own, a runtime's plugin may see no namespace at all.
    @Test func collectorThatSeesNoNamespaceFreesNothing() async throws {
        let network = try await PluginNetwork(version: .v110)
        let namespaces = [try NetworkNamespace(), try NetworkNamespace()]
        for (index, namespace) in namespaces.enumerated() {
            _ = try await network.add("c\(index)", netns: namespace.path).result()
        }
        let used = try await network.used()
        #expect(
            try await network.call(
                "GC", mounts: "/bin/mount -t tmpfs none /run/netns", ["cni.dev/valid-attachments": []]
            ).isSilentSuccess)
        #expect(try await network.used() == used)
        withExtendedLifetime(namespaces) {}
    }

    /// systemd's PrivateMounts, or `unshare -m`: the namespace is mounted where only the runtime sees it, and everybody else
    /// sees the ordinary file under it.
    @Test func namespaceMountedOutOfSightIsNotFreed() async throws {
        let network = try await network()
        let folder = try TemporaryDirectory()
        let path = try folder.write("", to: "namespace").path
        let namespace = try NetworkNamespace()
        let answer = try await network.call(
            "ADD", "hidden", netns: path, mounts: "/bin/mount --bind \(namespace.path) \(path)")
        _ = try answer.result()
        #expect(try await network.attachments()["hidden/eth0"]?["netns"] == .string(path))
        #expect(try await collect(network, listed: []).isSilentSuccess)
        #expect(try await network.attachments().keys.sorted() == ["hidden/eth0", "seen/eth0"])
        withExtendedLifetime(folder) {}
    }

    @Test func listedIsAnAttachmentNotAContainer() async throws {
        let network = try await network()
        _ = try await PluginNetwork.inPassing { try await network.add("c1", ifname: "eth0", netns: $0).result() }
        _ = try await PluginNetwork.inPassing { try await network.add("c1", ifname: "net1", netns: $0).result() }
        #expect(try await collect(network, listed: [["containerID": "c1", "ifname": "eth0"]]).isSilentSuccess)
        #expect(try await network.attachments().keys.sorted() == ["c1/eth0", "seen/eth0"])
    }

    @Test func deletedNamespacesAreGoneAndOrdinaryFilesProveNothing() async throws {
        let network = try await network()
        let folder = try TemporaryDirectory()
        let alive = try NetworkNamespace()
        let deleted = try NetworkNamespace()
        // What is left of a namespace whose mount went away, or is out of sight: the plain file under it. And what is in the
        // way of one.
        let unmounted = try folder.write("", to: "unmounted").path
        let below = folder.file("folder").path
        try FileManager.default.createDirectory(atPath: below, withIntermediateDirectories: false)
        let unreachable = try folder.write("", to: "folder/namespace").path
        for path in [unmounted, unreachable] {
            _ = try await runProcess("mount", ["--bind", alive.path, path]).checked()
        }
        let paths = [
            "alive": alive.path, "deleted": deleted.path, "unmounted": unmounted, "process": PluginNetwork.alive,
            "unreachable": unreachable,
        ]
        for (container, path) in paths { _ = try await network.add(container, netns: path).result() }
        try deleted.delete()
        for path in [unmounted, unreachable] { _ = try await runProcess("umount", [path]).checked() }
        try FileManager.default.removeItem(atPath: below)
        try folder.write("", to: "folder")
        #expect(try await collect(network, listed: []).isSilentSuccess)
        #expect(Set(try await network.used().values) == ["seen", "alive", "process", "unmounted"])
    }

    /// A namespace that cannot be seen from here, or a path that means another one to each process, would be taken for gone
    /// one day.
    @Test(arguments: [
        PluginNetwork.nowhere, "relative", "/proc/self/ns/net", "/etc/hostname", "/proc/self/fd/0",
    ])
    func namespaceThatIsNotSeenAtTheAddIsNotRecorded(path: String) async throws {
        let network = try await network()
        _ = try await network.add("c1", netns: path).result()
        #expect(try await network.attachments()["c1/eth0"]?["netns"] == nil)
        #expect(try await collect(network, listed: []).isSilentSuccess)
        #expect(try await network.used().values.contains("c1"), "nothing proves that it is gone")
    }

    @Test func emptyListFreesAllThatAreGone() async throws {
        let network = try await network()
        for index in 0..<5 {
            _ = try await PluginNetwork.inPassing { try await network.add("c\(index)", netns: $0).result() }
        }
        #expect(try await collect(network, listed: []).isSilentSuccess)
        #expect(Array(try await network.used().values) == ["seen"])
        #expect(Array(try await network.attachments().keys) == ["seen/eth0"])
    }

    @Test(arguments: [nil, .null] as [JSONValue?])
    func missingListIsCode7AndNothingIsFreed(list: JSONValue?) async throws {
        let network = try await network()
        _ = try await PluginNetwork.inPassing { try await network.add("c1", netns: $0).result() }
        let contents = try await network.contents()
        #expect(
            try await collect(network, listed: list).failure
                == PluginFailure(
                    7,
                    "GC needs the list of valid attachments (cni.dev/valid-attachments), which is missing: nothing was "
                        + "freed"))
        #expect(try await network.contents() == contents)
    }

    @Test func listThatCannotBeReadFreesNothing() async throws {
        let network = try await network()
        _ = try await PluginNetwork.inPassing { try await network.add("c1", netns: $0).result() }
        let contents = try await network.contents()
        #expect(
            try await collect(network, listed: [["containerID": "c2"]]).failure
                == PluginFailure(
                    7,
                    "cni.dev/valid-attachments[0].ifname is missing: the interface name of the attachment is required"))
        #expect(try await network.contents() == contents)
    }

    @Test func damagedAttachmentOfAnotherDoesNotStopIt() async throws {
        let network = try await network()
        _ = try await PluginNetwork.inPassing { try await network.add("gone", netns: $0).result() }
        try await network.put("attachments/damaged/eth0", "no JSON")
        #expect(try await collect(network, listed: []).isSilentSuccess)
        let contents = try await network.contents()
        #expect(contents[network.key("attachments/gone/eth0")] == nil)
        #expect(contents[network.key("attachments/damaged/eth0")]?.value == "no JSON")
    }

    @Test func olderNameOfTheListIsUnderstood() async throws {
        let network = try await network()
        _ = try await PluginNetwork.inPassing { try await network.add("kept", netns: $0).result() }
        _ = try await PluginNetwork.inPassing { try await network.add("gone", netns: $0).result() }
        let answer = try await network.call(
            "GC", nil, ["cni.dev/attachments": [["containerID": "kept", "ifname": "eth0"]]])
        #expect(answer.isSilentSuccess, "\(answer)")
        #expect(try await network.attachments().keys.sorted() == ["kept/eth0", "seen/eth0"])
    }
}

/// CHECK compares what the runtime believes with what is recorded.
@Suite(.needs(.etcd, .root)) struct CheckTests {
    @Test func recordedResultIsFine() async throws {
        let network = try await PluginNetwork()
        let result = try await network.add("c1").result()
        #expect(try await network.call("CHECK", "c1", ["prevResult": result]).isSilentSuccess)
    }

    @Test func addressesOfOtherPluginsAreTheirBusiness() async throws {
        let network = try await PluginNetwork()
        let address = try await network.add("c1").address()
        let previous: JSONValue = [
            "cniVersion": "1.0.0", "ips": [["address": .string("\(address)/24")], ["address": "192.0.2.7/24"]],
        ]
        #expect(try await network.call("CHECK", "c1", ["prevResult": previous]).isSilentSuccess)
    }

    @Test func stolenAddressIsCode101() async throws {
        let network = try await PluginNetwork()
        let result = try await network.add("c1").result()
        try await network.put("used/10.188.0.2", "thief")
        #expect(
            try await network.call("CHECK", "c1", ["prevResult": result]).failure
                == PluginFailure(101, "10.188.0.2 is in use by container thief"))
    }

    @Test func deletedAddressIsCode105() async throws {
        let network = try await PluginNetwork()
        let result = try await network.add("c1").result()
        #expect(try await network.delete("c1").isSilentSuccess)
        #expect(
            try await network.call("CHECK", "c1", ["prevResult": result]).failure
                == PluginFailure(105, "10.188.0.2 of container c1 is not recorded as in use"))
    }

    @Test func anotherRecordedAddressIsCode105() async throws {
        let network = try await PluginNetwork()
        _ = try await network.add("c1").result()
        try await network.put("used/10.188.0.50", "c1")
        let previous: JSONValue = ["cniVersion": "1.0.0", "ips": [["address": "10.188.0.50/24"]]]
        #expect(
            try await network.call("CHECK", "c1", ["prevResult": previous]).failure
                == PluginFailure(
                    105, "container c1 has 10.188.0.50 on eth0 by prevResult, and 10.188.0.2 in the store"))
    }

    @Test func missingPrevResultIsCode7() async throws {
        let network = try await PluginNetwork()
        _ = try await network.add("c1").result()
        #expect(
            try await network.call("CHECK", "c1").failure
                == PluginFailure(
                    7, "CHECK needs prevResult, the result of the ADD; it is missing from the configuration"))
    }
}

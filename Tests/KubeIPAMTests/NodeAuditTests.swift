import Foundation
import IPAMKit
import TestSupport
import Testing

/// `ipamctl audit` on a node: what its own namespaces and its runtime's result cache show.
@Suite(.needs(.etcd, .root)) struct NodeAuditTests {
    private static let address = "10.188.0.216"

    /// Runs an audit as on `node`, and returns its findings as `address code repair`.
    private func audit(
        _ network: PluginNetwork, _ arguments: [String], on node: SimulatedNode, mounts: String? = nil
    ) async throws -> [String] {
        let folder = try TemporaryDirectory(prefix: "audit")
        var configured = network
        configured.ipam["nodeName"] = .string(node.name)
        let file = try folder.write(JSONValue.object(configured.configuration).serialized(), to: "10.conf").path
        let output = try await output(["-c", file, "audit", "-o", "json"] + arguments, on: node, mounts: mounts)
        let reports = try JSONValue(parsing: output.stdoutText).array ?? [JSONValue(parsing: output.stdoutText)]
        return reports.flatMap { $0["findings"]?.array ?? [] }.map { finding in
            [finding["address"]?.string ?? "network", finding["code"]?.string ?? "", finding["repair"]?.string ?? ""]
                .joined(separator: " ")
        }
    }

    private func output(_ arguments: [String], on node: SimulatedNode, mounts: String? = nil) async throws
        -> ProcessOutput
    {
        var command = (program: try BuildProducts.product("ipamctl").path, arguments: arguments)
        if let mounts {
            command.arguments =
                ["-m", "/bin/sh", "-c", "\(mounts) && exec \"$@\"", "sh", command.program] + command.arguments
            command.program = "unshare"
        }
        command = node.command(command.program, command.arguments)
        return try await runProcess(command.program, command.arguments)
    }

    /// A result cache that has an entry of each container.
    private func cache(_ network: PluginNetwork, _ containers: [String]) throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory(prefix: "results")
        for container in containers {
            let entry: JSONObject = [
                "kind": "cniCacheV1", "containerId": .string(container), "ifName": "eth0",
                "networkName": .string(network.name), "result": ["cniVersion": "1.0.0", "ips": []],
            ]
            try folder.write(JSONValue.object(entry).serialized(), to: "\(network.name)-\(container)-eth0")
        }
        return folder
    }

    /// An entry of the cache is no sight of a namespace: where none is seen, a missing one proves nothing.
    @Test func auditOfANodeThatSeesNoNamespaceFreesNothing() async throws {
        let network = try await PluginNetwork()
        let node = try SimulatedNode("n1")
        let namespaces = [try NetworkNamespace(), try NetworkNamespace()]
        for (index, namespace) in namespaces.enumerated() {
            _ = try await network.add("c\(index)", netns: namespace.path, on: node).result()
        }
        let cache = try cache(network, ["c0"])
        let blind = "/bin/mount -t tmpfs none /run/netns"
        let arguments = ["--node-local", "--cni-cache", cache.path]
        #expect(try await audit(network, arguments, on: node, mounts: blind) == [])
        #expect(try await audit(network, arguments + ["--repair", "--yes"], on: node, mounts: blind) == [])
        #expect(try await network.used().count == 2)
        // With its eyes open, it finds what is gone.
        try namespaces[0].delete()
        #expect(try await audit(network, arguments, on: node) == ["10.188.0.2 leaked free"])
    }

    /// The runtime lost its database: entries of its cache outlive their containers.
    @Test func entryOfTheCacheWhoseContainerIsGoneProtectsNothing() async throws {
        let network = try await PluginNetwork()
        let node = try SimulatedNode("n1")
        _ = try await network.add("before", netns: PluginNetwork.alive, on: node).result()
        let rebooted = try node.rebooted()
        _ = try await PluginNetwork.inPassing { try await network.add("gone", netns: $0, on: rebooted).result() }
        _ = try await network.add("runs", netns: PluginNetwork.alive, on: rebooted).result()
        let cache = try cache(network, ["before", "gone", "runs"])
        #expect(
            try await audit(network, ["--node-local", "--cni-cache", cache.path], on: rebooted)
                == ["10.188.0.2 leaked free", "10.188.0.3 leaked free"])
    }

    /// One file of the cache is cut off, one names no container, one is a folder: the others are read.
    @Test func aFileOfTheCacheThatCannotBeReadIsAWarning() async throws {
        let network = try await PluginNetwork()
        let node = try SimulatedNode("n1")
        let seen = try NetworkNamespace()
        _ = try await network.add("seen", netns: seen.path, on: node).result()
        for container in ["gone", "kept"] {
            _ = try await PluginNetwork.inPassing { try await network.add(container, netns: $0, on: node).result() }
        }
        let cache = try cache(network, ["seen", "gone"])
        for name in ["\(network.name)-kept-eth0", "other.json"] { try cache.write(#"{"kind": "cniCache"#, to: name) }
        try cache.write(
            #"{"kind": "cniCacheV1", "networkName": "\#(network.name)", "containerId": 7}"#, to: "nameless")
        try FileManager.default.createDirectory(at: cache.file("folder"), withIntermediateDirectories: false)
        #expect(
            try await audit(network, ["--node-local", "--cni-cache", cache.path], on: node)
                == ["10.188.0.3 leaked free", "10.188.0.4 leaked free"])
        let folder = try TemporaryDirectory()
        var configured = network
        configured.ipam["nodeName"] = .string(node.name)
        let file = try folder.write(JSONValue.object(configured.configuration).serialized(), to: "10.conf").path
        let output = try await output(["-c", file, "audit", "--node-local", "--cni-cache", cache.path], on: node)
        let warnings = output.stderrText.split(separator: "\n").filter { $0.hasPrefix("warning: \(cache.path)/") }
        #expect(warnings.count == 4, "\(output.stderrText)")
        #expect(warnings.contains { $0.contains("-kept-eth0 is not valid JSON: ") }, "\(output.stderrText)")
        #expect(warnings.contains { $0.hasSuffix("/nameless names no container and interface") })
    }

    /// The runtime made the same pods new sandboxes, with new addresses, and calls DEL for none of the old ones.
    @Test func formerSandboxOfAPodOnItsNodeIsFreedAfterASecondLook() async throws {
        let cluster = try await PluginCluster()
        let node = try SimulatedNode("n1")
        let pod = PluginCluster.replica(on: "n1", [:])
        let namespace = try NetworkNamespace()
        let former = try await cluster.run("c1", pod, on: node, netns: namespace.path).address()
        let address = try await cluster.add("c2", pod, on: node).address()
        #expect(former != address)
        // As long as its namespace is there, it is named on its node, and not freed from there.
        #expect(try await audit(cluster.network, [], on: node) == ["\(former) superseded none"])
        try namespace.delete()
        #expect(try await audit(cluster.network, [], on: node) == ["\(former) superseded free"])
        #expect(
            try await cluster.network.ipamctl("audit", "--repair", "--yes", "--grace", "0").status == 0)
        #expect(try await cluster.network.used() == [address: "c2"])
        #expect(try await cluster.network.history(former).first?.event == .repaired)
    }

    /// Its sandbox was left behind: the kernel answers for the address as long as the namespace is there.
    @Test func namespaceThatOutlivesItsPodIsNamedOnItsNodeAndNotFreed() async throws {
        let cluster = try await PluginCluster()
        let node = try SimulatedNode("n1")
        let namespace = try NetworkNamespace()
        let pod = PluginCluster.replica(on: "n1")
        #expect(try await cluster.run("c1", pod, on: node, netns: namespace.path).address() == Self.address)
        try cluster.api.delete(pod: pod.name)
        #expect(try await audit(cluster.network, [], on: node) == ["\(Self.address) leaked none"])
        #expect(
            try await audit(cluster.network, ["--repair", "--yes", "--grace", "0"], on: node)
                == ["\(Self.address) leaked none"])
        #expect(try await cluster.network.used() == [Self.address: "c1"])
        let folder = try TemporaryDirectory()
        let file = try folder.write(JSONValue.object(cluster.network.configuration).serialized(), to: "10.conf").path
        let text = try await output(["-c", file, "audit"], on: node).stdoutText
        #expect(
            text.contains(
                "its pod is gone, but its network namespace \(namespace.path) still exists; if no DEL comes: 'crictl rmp "
                    + "-f c1' on n1; if crictl does not know it, end what runs there ('ip netns pids \(namespace.name)'), "
                    + "then 'ip netns del \(namespace.name)'"),
            "\(text)")
        // Another machine does not see it; it looks gone there.
        let elsewhere = try await audit(cluster.network, [], on: SimulatedNode("n2"))
        #expect(elsewhere == ["\(Self.address) leaked free"])
    }
}

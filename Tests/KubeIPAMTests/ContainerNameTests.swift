import Foundation
import IPAMKit
import TestSupport
import Testing

/// Containers that are no pods: podman passes a name without a namespace, others names that Kubernetes cannot have. They
/// get addresses without a kubeconfig, and are shown by their names.
@Suite(.needs(.etcd, .root)) struct ContainerNameTests {
    /// What podman passes (`libnetwork/cni`, `getRuntimeConfig`), and what it adds for `--ip`.
    private static func podman(_ name: String, ip: String? = nil) -> String {
        "IgnoreUnknown=1;K8S_POD_NAME=\(name)" + (ip.map { ";IP=\($0)" } ?? "")
    }

    /// A machine without Kubernetes, whose configuration says nothing of annotations.
    private func network(_ version: CNIVersion = .v100) async throws -> PluginNetwork {
        var network = try await PluginNetwork(version: version, ["subnet": "10.188.0.0/24", "nodeName": "host1"])
        network.ipam["annotations"] = nil
        return network
    }

    private func listed(_ network: PluginNetwork, _ more: String...) async throws -> [JSONValue] {
        try JSONValue(parsing: await network.ipamctl(["list", "-o", "json"] + more).checked().stdoutText).array ?? []
    }

    @Test func podmansContainerGetsAnAddressAndIsShownByItsName() async throws {
        let network = try await network()
        #expect(try await network.add("4b1f", arguments: Self.podman("web")).address() == "10.188.0.2")
        let fixed = Self.podman("Quirky_Jones", ip: "10.188.0.77")
        #expect(try await network.add("4b20", arguments: fixed).address() == "10.188.0.77")
        for (attachment, name) in [("4b1f/eth0", "web"), ("4b20/eth0", "Quirky_Jones")] {
            let recorded = try #require(try await network.attachments()[attachment]?.object)
            #expect(recorded["pod"] == .string(name) && recorded["namespace"] == nil && recorded["uid"] == nil)
        }

        let entries = try await listed(network).map { $0["attachment"] }
        #expect(entries.map { $0?["pod"]?.string } == ["web", "Quirky_Jones"])
        #expect(entries.allSatisfy { $0?["namespace"] == nil && $0?["containerID"] != nil })
        let table = try await network.ipamctl("list").checked().stdoutText
        #expect(table.contains("10.188.0.2   used   container web"), "\(table)")
        #expect(table.contains("container Quirky_Jones"), "\(table)")
        let shown = try await network.show("10.188.0.77")
        #expect(shown["Container name"] == "Quirky_Jones" && shown["Pod"] == nil && shown["Container"] == "4b20")
        // A pod's name needs its namespace, and a container without one is none of any namespace's.
        #expect(try await listed(network, "--pod", "default/web").isEmpty)
        #expect(try await listed(network, "--namespace", "default").isEmpty)
        let line = try network.logLines()
        #expect(line.contains { $0.contains(" ADD ") && $0.contains("pod=web ") }, "\(line)")

        // ADD again is the same one; CHECK finds it.
        let again = try await network.add("4b20", arguments: fixed).result()
        #expect(try await network.call("CHECK", "4b20", arguments: fixed, ["prevResult": again]).isSilentSuccess)
        let taken = try await network.add("4b21", arguments: Self.podman("other", ip: "10.188.0.77"))
        #expect(
            taken.failure
                == PluginFailure(
                    11,
                    "10.188.0.77 is still held by container Quirky_Jones on host1: its network namespace "
                        + "\(PluginNetwork.alive) still exists"))

        #expect(try await network.call("DEL", "4b20", arguments: fixed).isSilentSuccess)
        #expect(try await network.used() == ["10.188.0.2": "4b1f"])
        let history = try await network.ipamctl("history", "10.188.0.77").checked().stdoutText
        #expect(history.contains("container Quirky_Jones on host1"), "\(history)")
        let json = try await network.ipamctl("history", "10.188.0.77", "-o", "json").checked().stdoutText
        #expect(json.contains("\"pod\": \"Quirky_Jones\"") && !json.contains("namespace"), "\(json)")
    }

    @Test func addressOfAContainerThatIsGoneIsTakenOverAndCollected() async throws {
        let network = try await network(.v110)
        let podman = Self.podman("web", ip: "10.188.0.77")
        _ = try await PluginNetwork.inPassing { try await network.add("c1", netns: $0, arguments: podman).result() }
        #expect(try await network.add("c2", arguments: podman).address() == "10.188.0.77")
        let shown = try await network.show("10.188.0.77")
        #expect(shown["Taken from"] == "container web on host1", "\(shown)")
        #expect(shown["Taken over"]?.hasSuffix(" by container web on host1") == true, "\(shown)")

        _ = try await PluginNetwork.inPassing {
            try await network.add("c3", netns: $0, arguments: Self.podman("gone")).result()
        }
        #expect(try await network.call("GC", nil, ["cni.dev/valid-attachments": []]).isSilentSuccess)
        #expect(try await network.used() == ["10.188.0.77": "c2"])

        // The audit on its node finds what no GC has freed.
        _ = try await PluginNetwork.inPassing {
            try await network.add("c4", netns: $0, arguments: Self.podman("leak", ip: "10.188.0.78")).result()
        }
        let cache = try TemporaryDirectory(prefix: "results")
        let audit = try await network.ipamctl(
            "audit", "--node-local", "--cni-cache", cache.path, "--repair", "--yes", "-o", "table")
        #expect(audit.stdoutText.contains("container leak on host1"), "\(audit.stdoutText)\(audit.stderrText)")
        #expect(try await network.used() == ["10.188.0.77": "c2"])
    }

    @Test(arguments: [
        ("Default", "web"), ("default", "Web"), ("quirky_jones", "quirky_jones"), ("default", "web_1"),
        ("default", "web..1"), ("example.org", "web"), (String(repeating: "n", count: 64), "web"),
    ])
    func namesThatKubernetesCannotHaveAreNoPods(namespace: String, name: String) async throws {
        let network = try await network()
        let arguments = "IgnoreUnknown=1;K8S_POD_NAMESPACE=\(namespace);K8S_POD_NAME=\(name);K8S_POD_UID=u1"
        #expect(try await network.add("c1", arguments: arguments).address() == "10.188.0.2")
        let entry = try #require(try await listed(network).first?["attachment"])
        #expect(entry["namespace"] == .string(namespace) && entry["pod"] == .string(name) && entry["uid"] == nil)
        #expect(try await network.ipamctl("list").checked().stdoutText.contains("container \(namespace)/\(name)"))
        #expect(try await listed(network, "--namespace", namespace).count == 1)
        #expect(try await listed(network, "--pod", "\(namespace)/\(name)").count == 1)
        // What is reserved for a namespace's pods is not for it.
        try await network.reserve("10.188.0.50", for: "\(namespace)/", claim: nil)
        #expect(try await network.add("c2", arguments: arguments + ";IP=10.188.0.50").failure?.code == 102)
        #expect(try await network.delete("c1").isSilentSuccess)
    }

    /// What may be a pod is one: it gets no address that its annotations, which nobody shows, may not ask for.
    @Test func nameThatAPodMayHaveIsAPodsWhereItHasANamespace() async throws {
        let network = try await network()
        for name in ["web", "web.example.org", String(repeating: "a", count: 253)] {
            let arguments = "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=\(name)"
            #expect(try await network.add("c1", arguments: arguments).failure?.code == 7)
        }
        #expect(try await network.contents().isEmpty)
    }

    @Test func containerOnANodeOfAClusterIsNotLookedUpAndJudgedByItsNodeOnly() async throws {
        let cluster = try await PluginCluster()
        let network = cluster.network
        // A machine beside the cluster, which has its own name there.
        let (host, n1) = (try SimulatedNode("host9"), try SimulatedNode("n1"))
        let gone = try NetworkNamespace()
        let podman = Self.podman("web_1", ip: "10.188.0.77")
        #expect(try await network.add("c1", netns: gone.path, arguments: podman, on: host).address() == "10.188.0.77")
        let odd = "K8S_POD_NAMESPACE=Default;K8S_POD_NAME=web"
        #expect(try await network.add("c2", arguments: odd, on: host).address() == "10.188.1.0")
        #expect(cluster.api.requests.isEmpty)
        var live = PluginCluster.replica(on: "n1", [:])
        live.podIPs = [try await cluster.run("c3", live, on: n1).address()]
        try cluster.api.put(pod: live)

        try gone.delete()
        let audit = try await network.ipamctl("audit")
        #expect(audit.status == 0 && audit.stdoutText.contains("no findings"), "\(audit.stdoutText)\(audit.stderrText)")
        #expect(audit.stdoutText.contains("2 not judged: it is not a pod of Kubernetes"), "\(audit.stdoutText)")
        // Another machine's request for the address does not take it over.
        #expect(
            try await network.add("c4", arguments: "IP=10.188.0.77", on: n1).failure
                == PluginFailure(
                    101,
                    "10.188.0.77 is in use by container web_1 on host9; cannot tell whether container web_1 on host9 is "
                        + "still running: no pod UID is recorded for it"))
        let again = try await network.add("c5", arguments: podman, on: host)
        #expect(try again.address() == "10.188.0.77", "its own node sees that it is gone")
    }
}

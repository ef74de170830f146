import Foundation
import IPAMKit
import TestSupport
import Testing

/// The kubeconfig: where it is looked for, and one clear sentence when it cannot be used.
@Suite(.needs(.etcd, .root)) struct KubeconfigTests {
    private let pod = PluginCluster.replica(on: "n1")

    private func add(_ cluster: PluginCluster, kubeconfig text: String) async throws -> PluginAnswer {
        var cluster = cluster
        let path = try cluster.api.folder.write(text, to: "wrong").path
        cluster.network.ipam["kubeConfig"] = .string(path)
        return try await cluster.add("c1", pod, on: SimulatedNode("n1"))
    }

    private func path(_ cluster: PluginCluster) -> String { cluster.api.folder.file("wrong").path }

    @Test func missingFileIsCode7() async throws {
        var cluster = try await PluginCluster()
        cluster.network.ipam["kubeConfig"] = "/nowhere/kubeconfig"
        let n1 = try SimulatedNode("n1")
        #expect(
            try await cluster.run("c1", pod, on: n1).failure
                == PluginFailure(
                    7,
                    "ipam.kubeConfig: the kubeconfig /nowhere/kubeconfig cannot be read: No such file or directory"))
        #expect(try await cluster.network.contents().isEmpty)
        // What frees addresses needs none.
        #expect(try await cluster.network.call("DEL", "c1", on: n1).isSilentSuccess)
    }

    @Test func credentialsOfAnotherProgramAreCode7() async throws {
        let cluster = try await PluginCluster()
        let text = try String(contentsOfFile: cluster.api.kubeconfig(), encoding: .utf8)
        let exec = text.replacingOccurrences(
            of: "token: \(KubernetesServer.token)",
            with: "exec: {apiVersion: client.authentication.k8s.io/v1, command: aws}")
        #expect(exec != text)
        let answer = try await add(cluster, kubeconfig: exec)
        #expect(answer.failure?.code == 7)
        let message = try #require(answer.failure?.message)
        #expect(message.hasPrefix("ipam.kubeConfig: the kubeconfig \(path(cluster)), line "), "\(message)")
        #expect(
            message.hasSuffix(
                "exec is not supported: credential plugins are not run; give the user a client certificate "
                    + "or a token instead"), "\(message)")
        #expect(try await cluster.network.contents().isEmpty)
    }

    @Test(arguments: [
        ("clusters: [", "line 2, column 1: "), ("a: b: c\n", "line 1, column "),
        ("\tkind: Config\n", "line 1, column "),
    ])
    func badYAMLIsCode7WithItsPlace(text: String, place: String) async throws {
        let cluster = try await PluginCluster()
        let answer = try await add(cluster, kubeconfig: text)
        #expect(answer.failure?.code == 7, "\(answer)")
        #expect(
            answer.failure?.message.hasPrefix("ipam.kubeConfig: the kubeconfig \(path(cluster)), \(place)") == true,
            "\(answer)")
        #expect(answer.failure?.message.contains("\n") == false)
        #expect(try await cluster.network.contents().isEmpty)
    }

    @Test func emptyFileIsCode7() async throws {
        let cluster = try await PluginCluster()
        #expect(
            try await add(cluster, kubeconfig: "").failure
                == PluginFailure(7, "ipam.kubeConfig: the kubeconfig \(path(cluster)) is empty"))
    }

    @Test func untrustedServerIsCode11AndTheTokenIsNotShownToIt() async throws {
        var cluster = try await PluginCluster()
        cluster.network.ipam["kubeConfig"] = .string(
            try cluster.api.kubeconfig(name: "stranger", authority: CertificateAuthority(name: "stranger")))
        let answer = try await cluster.run("c1", pod, on: SimulatedNode("n1"))
        #expect(answer.failure?.code == 11, "\(answer)")
        #expect(answer.failure?.message.contains("TLS failed (") == true, "\(answer)")
        #expect(cluster.api.requests.isEmpty)
        #expect(try await cluster.network.contents().isEmpty)
    }

    // MARK: Where it is

    /// The two places that the Go plugin documents.
    @Test func kubeconfigInsideEtcdConfigIsUsed() async throws {
        var cluster = try await PluginCluster()
        cluster.network.ipam["cluster"] = "blue"
        cluster.network.ipam["kubeConfig"] = nil
        var etcd = try #require(cluster.network.ipam["etcdConfig"]?.object)
        etcd["kubeConfig"] = .string(try cluster.api.kubeconfig())
        cluster.network.ipam["etcdConfig"] = .object(etcd)
        #expect(try await cluster.run("c1", pod, on: SimulatedNode("n1")).address() == "10.188.0.216")
        #expect(cluster.api.requests.count == 1)
    }

    @Test func withoutAnySourceOfAnnotationsAPodIsCode7() async throws {
        var cluster = try await PluginCluster()
        cluster.network.ipam["kubeConfig"] = nil
        let n1 = try SimulatedNode("n1")
        #expect(
            try await cluster.run("c1", pod, on: n1).failure
                == PluginFailure(
                    7,
                    "cannot get the annotations of pod default/\(pod.name): the runtime did not pass them, and there is no "
                        + "ipam.kubeConfig"))
        #expect(try await cluster.network.contents().isEmpty)
        // What is no pod has none.
        #expect(try await cluster.network.add("c2", on: n1).address() == "10.188.1.0")
        cluster.network.ipam["annotations"] = "none"
        #expect(try await cluster.add("c1", pod, on: n1).address() == "10.188.1.1")
    }

    /// In a mount namespace of its own, where /etc is another one.
    @Test func kubeconfigAtTheDocumentedPlaceIsUsedWhenItIsThere() async throws {
        var cluster = try await PluginCluster()
        let kubeconfig = try cluster.api.kubeconfig()
        cluster.network.ipam["cluster"] = "blue"
        cluster.network.ipam["kubeConfig"] = nil
        try cluster.api.put(pod: pod)
        let script = """
            set -e
            mount -t tmpfs none /mnt
            mkdir /mnt/upper /mnt/work
            mount -t overlay none -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc
            mkdir -p /etc/kubernetes/pki
            cp "$1" /etc/kubernetes/pki/kubectl.kubeconfig
            exec "$2"
            """
        let output = try await runProcess(
            "unshare", ["-m", "/bin/sh", "-c", script, "sh", kubeconfig, BuildProducts.product("kube-ipam").path],
            environment: [
                "CNI_COMMAND": "ADD", "CNI_CONTAINERID": "c1", "CNI_IFNAME": "eth0", "CNI_NETNS": PluginNetwork.alive,
                "CNI_ARGS": PluginCluster.arguments(pod), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            ], stdin: Data(JSONValue.object(cluster.network.configuration).serialized().utf8))
        #expect(try PluginAnswer(output).address() == "10.188.0.216")
        #expect(cluster.api.requests.count == 1)
    }
}

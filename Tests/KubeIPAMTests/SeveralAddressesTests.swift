import Foundation
import IPAMKit
import TestSupport
import Testing

/// etcd and the Kubernetes API by a name that has two addresses, of which the first swallows packets.
@Suite(.needs(.etcd, .root)) struct SeveralAddressesTests {
    private typealias Port = NameOfTwoAddresses.Port
    private let name: NameOfTwoAddresses

    init() throws {
        name = try NameOfTwoAddresses()
    }

    /// Calls the plugin where the name is known.
    private func call(
        _ command: String, _ container: String, of network: PluginNetwork, arguments: String? = nil
    ) async throws -> PluginAnswer {
        let plugin = try name.command(BuildProducts.product("kube-ipam").path)
        var environment = [
            "CNI_COMMAND": command, "CNI_CONTAINERID": container, "CNI_IFNAME": "eth0",
            "CNI_NETNS": PluginNetwork.alive, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        environment["CNI_ARGS"] = arguments
        return PluginAnswer(
            try await runProcess(
                plugin.program, plugin.arguments, environment: environment,
                stdin: Data(JSONValue.object(network.configuration).serialized().utf8)))
    }

    @Test func etcdIsReachedAtItsSecondAddress() async throws {
        var network = try await PluginNetwork()
        let port = try await Port(to: network.etcd.port)
        network.ipam["etcdConfig"] = ["etcdURL": .string("http://\(port.authority)")]
        #expect(try await call("ADD", "c1", of: network).address() == "10.188.0.2")
        #expect(try await network.used() == ["10.188.0.2": "c1"])
        #expect(try await call("DEL", "c1", of: network).isSilentSuccess)
        #expect(try await network.used().isEmpty)
    }

    @Test func aMemberWhoseAddressesAllSwallowPacketsIsNoObstacle() async throws {
        var network = try await PluginNetwork()
        let port = try await Port(to: nil)
        network.ipam["etcdConfig"] = ["etcdURL": .string("http://\(port.authority),\(network.etcd.clientURL)")]
        #expect(try await call("ADD", "c1", of: network).address() == "10.188.0.2")
        #expect(try await call("DEL", "c1", of: network).isSilentSuccess)
        #expect(try await network.used().isEmpty)
    }

    @Test func aNameWhoseAddressesAllSwallowPacketsIsCode11() async throws {
        var network = try await PluginNetwork(["subnet": "10.188.0.0/24", "timeout": 2])
        let port = try await Port(to: nil)
        network.ipam["etcdConfig"] = ["etcdURL": .string("http://\(port.authority)")]
        let answer = try await call("ADD", "c1", of: network)
        #expect(answer.failure?.code == 11, "\(answer)")
        #expect(
            answer.failure?.message.hasPrefix("etcd did not answer in time (http://\(port.authority): ") == true,
            "\(answer)")
    }

    @Test(arguments: [KubernetesServer.Access.token, .plain])
    func kubernetesIsReachedAtItsSecondAddress(access: KubernetesServer.Access) async throws {
        var cluster = try await PluginCluster(access: access)
        let port = try await Port(to: cluster.api.port)
        cluster.network.ipam["kubeConfig"] = .string(
            try cluster.api.kubeconfig(
                name: "by-name", server: "\(access == .plain ? "http" : "https")://\(port.authority)",
                cluster: access == .plain ? [] : ["tls-server-name: localhost"]))
        let pod = PluginCluster.replica(on: "n1")
        try cluster.api.put(pod: pod)
        let answer = try await call("ADD", "c1", of: cluster.network, arguments: PluginCluster.arguments(pod))
        #expect(try answer.address() == "10.188.0.216")
    }

    /// Both at once: each has its chance within the one deadline.
    @Test func etcdAndKubernetesAreReachedAtTheirSecondAddresses() async throws {
        var cluster = try await PluginCluster(access: .plain)
        let api = try await Port(to: cluster.api.port)
        let etcd = try await Port(to: cluster.network.etcd.port)
        cluster.network.ipam["kubeConfig"] = .string(
            try cluster.api.kubeconfig(name: "by-name", server: "http://\(api.authority)"))
        cluster.network.ipam["etcdConfig"] = ["etcdURL": .string("http://\(etcd.authority)")]
        let pod = PluginCluster.replica(on: "n1")
        try cluster.api.put(pod: pod)
        let answer = try await call("ADD", "c1", of: cluster.network, arguments: PluginCluster.arguments(pod))
        #expect(try answer.address() == "10.188.0.216")
        let list = try name.command(
            BuildProducts.product("ipamctl").path,
            ["list", "-n", cluster.network.name, "-o", "name", "--endpoints", "http://\(etcd.authority)"])
        let output = try await runProcess(
            list.program, list.arguments, environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
        #expect(output.stdoutText == "10.188.0.216\n", "\(output.stderrText)")
    }
}

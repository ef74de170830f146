import Foundation
import IPAMKit
import TestSupport
import Testing

/// What `ipamctl config generate` writes, used by Debian's own CNI plugins in network namespaces.
@Suite(.needs(.etcd, .root)) struct GeneratedConfigurationTests {
    /// The first plugin of a generated configuration, as libcni calls it.
    private func generated(_ arguments: [String], for network: PluginNetwork) async throws -> JSONObject {
        let output = try await runProcess(
            BuildProducts.product("ipamctl").path,
            ["config", "generate", "--name", network.name, "--endpoints", network.etcd.clientURL] + arguments
        ).checked()
        let file = try JSONValue(parsing: output.stdoutText)
        return try #require(ConfigurationLocator.networks(in: file).first?.object)
    }

    @Test(arguments: [
        (["--type", "bridge"], "bridge"),
        (["--type", "bridge", "--bridge", "lan0", "--cni-version", "0.4.0"], "bridge"),
        (["--type", "macvlan", "--master", "uplink"], "macvlan"), (["--type", "ptp"], "ptp"),
        (["--type", "kube-router"], "bridge"),
        (["--type", "bridge", "--multus"], "bridge"),
    ])
    func pluginsAddAndDeleteAPod(arguments: [String], plugin: String) async throws {
        let network = try await PluginNetwork()
        let isMultus = arguments.contains("--multus")
        let subnets = ["--subnet", "10.188.0.0/24", "--range-start", "10.188.0.20", "--subnet", "fd00:188::/64"]
        var configuration: JSONObject
        if isMultus {
            let plain = try await runProcess(
                BuildProducts.product("ipamctl").path,
                ["config", "generate", "--name", network.name, "--endpoints", network.etcd.clientURL]
                    + arguments + subnets
            ).checked().stdoutText
            let text = plain.split(separator: "\n").drop { !$0.hasPrefix("    {") }.joined(separator: "\n")
            configuration = try #require(try JSONValue(parsing: text).object)
        } else {
            configuration = try await generated(arguments + subnets, for: network)
        }
        // Only the test's own surroundings differ: where the log is, and that there is no Kubernetes.
        var ipam = try #require(configuration["ipam"]?.object)
        ipam["logFile"] = .string(network.log.path)
        ipam["annotations"] = "none"
        configuration["ipam"] = .object(ipam)
        let host = try await PodHost(plugin, configuration, network: network.with(configuration))
        if plugin == "macvlan" { try host.addUplink() }
        let pod = try NetworkNamespace()
        let result = try await host.call("ADD", "pod1", in: pod).result()
        #expect(
            try pod.addresses(of: "eth0").map { String($0.prefix { $0 != "/" }) } == ["10.188.0.20", "fd00:188::2"])
        #expect(try pod.defaultGateway() == (isMultus ? nil : "10.188.0.1"))
        let answer = try await host.call("DEL", "pod1", in: pod, previous: result)
        #expect(answer.isSilentSuccess, "\(answer)")
        #expect(try await network.used().isEmpty)
    }
}

extension PluginNetwork {
    /// The same network with another configuration.
    fileprivate func with(_ configuration: JSONObject) -> PluginNetwork {
        var network = self
        network.configuration = configuration
        return network
    }
}

import Foundation
import IPAMKit
import TestSupport
import Testing

/// The configuration that the documentation publishes, with the places of this machine put in.
@Suite(.needs(.etcd)) struct PublishedSampleTests {
    /// As published, but for the values that name a machine: a comma is missing after `kubeConfig`.
    private func sample(_ network: PluginNetwork, kubeConfig: String = "\"kubeConfig\": \"/etc/kubeconfig\"") -> String
    {
        let certificates = network.etcd.certificates
        let client = try? certificates?.client(commonName: "root")
        return """
            {
                    "cniVersion":"0.3.1",
                    "name": "\(network.name)",
                    "type": "macvlan",
                    "master": "eth0",
                    "ipam": {
                            "name": "kube-subnet",
                            "type": "kube-ipam",
            \t\t\(kubeConfig)
                            "etcdConfig": {
                                    "etcdURL": "\(network.etcd.clientURL)",
                                    "etcdCertFile": "\(client?.certificate ?? "")",
                                    "etcdKeyFile": "\(client?.key ?? "")",
                                    "etcdTrustedCAFileFile": "\(certificates?.certificate ?? "")"
                            },
                            "subnet": "10.188.0.0/16",
            \t\t"fixedStart": "10.188.0.10",
            \t\t"fixedEnd": "10.188.0.255",
                            "rangeStart": "10.188.1.0",
                            "rangeEnd": "10.188.255.254",
                            "gateway": "10.188.0.1",
                            "routes": [{
                                    "dst": "0.0.0.0/0"
                            }],
                            "logFile": "\(network.log.path)",
                            "resolvConf": "/etc/resolv.conf"
                    }
            }
            """
    }

    private func add(_ text: String) async throws -> PluginAnswer {
        let environment = [
            "CNI_COMMAND": "ADD", "CNI_CONTAINERID": "c1", "CNI_IFNAME": "eth0", "CNI_NETNS": PluginNetwork.nowhere,
        ]
        return try await PluginProcess(environment: environment, stdin: text).answer()
    }

    @Test(arguments: EtcdServer.Security.allCases)
    func worksWithItsMissingComma(security: EtcdServer.Security) async throws {
        let network = try await PluginNetwork(in: EtcdServer.start(security: security))
        var result = try await add(sample(network, kubeConfig: "\"kubeConfig\": \"/etc/kubeconfig\",")).result()
        let resolvConf = try DNSConfiguration(resolvConf: String(contentsOfFile: "/etc/resolv.conf", encoding: .utf8))
        if !resolvConf.isEmpty { #expect(result["dns"] == resolvConf.json) }
        if var object = result.object {
            object["dns"] = nil
            result = .object(object)
        }
        #expect(
            result == [
                "cniVersion": "0.3.1",
                "ips": [["version": "4", "address": "10.188.1.0/16", "gateway": "10.188.0.1"]],
                "routes": [["dst": "0.0.0.0/0", "gw": "10.188.0.1"]],
            ])
        #expect(try await network.used() == ["10.188.1.0": "c1"])
        #expect(
            try await network.contents()[network.key]?.value
                == #"[[{"rangeStart":"10.188.1.0","rangeEnd":"10.188.255.254","subnet":"10.188.0.0/16","#
                + #""gateway":"10.188.0.1"}]]"#)
    }

    @Test func worksWithKubeConfigInsideEtcdConfig() async throws {
        let network = try await PluginNetwork()
        let text = sample(network, kubeConfig: "")
            .replacingOccurrences(
                of: "\"etcdConfig\": {", with: "\"etcdConfig\": { \"kubeConfig\": \"/etc/kubeconfig\",")
        #expect(try await add(text).address() == "10.188.1.0")
    }

    @Test func withoutTheCommaTheMessageSaysWhere() async throws {
        let network = try await PluginNetwork()
        let text = sample(network)
        let answer = try await add(text)
        #expect(
            answer.failure
                == PluginFailure(
                    6,
                    "the network configuration is not valid JSON: line 10, column 17: expected \",\" or \"}\" before "
                        + "\"etcdConfig\": a comma is missing after the value of \"kubeConfig\" at the end of line 9"))
        #expect(try await network.contents().isEmpty)
    }
}

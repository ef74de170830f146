import Foundation
import IPAMKit
import TestSupport
import Testing

/// kube-ipam as the `ipam` of Debian's own CNI plugins, in network namespaces, over every kind of connection to etcd.
@Suite(.needs(.etcd, .root)) struct EndToEndPluginTests {
    /// A pod's namespace, its container ID and what the plugin answered.
    private struct Pod {
        let container: String
        let namespace: NetworkNamespace
        let result: JSONValue

        func address(_ family: AddressFamily = .ipv4) throws -> String {
            try #require(CNIResult.addresses(inPrevResult: result).first { $0.family == family }).description
        }
    }

    private func add(_ container: String, on host: PodHost) async throws -> Pod {
        let namespace = try NetworkNamespace()
        let result = try await host.call("ADD", container, in: namespace).result()
        return Pod(container: container, namespace: namespace, result: result)
    }

    private func delete(_ pod: Pod, from host: PodHost) async throws {
        let check = try await host.call("CHECK", pod.container, in: pod.namespace, previous: pod.result)
        #expect(check.isSilentSuccess, "\(check)")
        let answer = try await host.call("DEL", pod.container, in: pod.namespace, previous: pod.result)
        #expect(answer.isSilentSuccess, "\(answer)")
        #expect(try await !host.network.used().values.contains(pod.container))
        #expect(try await host.network.attachments()["\(pod.container)/eth0"] == nil)
    }

    /// A network in an etcd of its own, reached as `security` says.
    private func network(
        _ security: EtcdServer.Security = .plain, _ version: EtcdServer.Version = .debian34,
        ranges: JSONValue = [[["subnet": "10.188.0.0/24"]]], routes: JSONValue = [["dst": "0.0.0.0/0"]]
    ) async throws -> PluginNetwork {
        let etcd = try await EtcdServer.start(version: version, security: security)
        var settings: JSONObject = ["etcdURL": .string(etcd.clientURL)]
        if let certificates = etcd.certificates {
            settings["etcdTrustedCAFileFile"] = .string(certificates.certificate)
            if security == .mutualTLS {
                let client = try certificates.client(commonName: "root")
                settings["etcdCertFile"] = .string(client.certificate)
                settings["etcdKeyFile"] = .string(client.key)
            }
        }
        return try await PluginNetwork(
            in: etcd, ["etcdConfig": .object(settings), "ranges": ranges, "routes": routes])
    }

    @Test(arguments: EtcdServer.Security.allCases, EtcdServer.Version.allCases)
    func podsOnABridgeReachEachOther(security: EtcdServer.Security, version: EtcdServer.Version) async throws {
        let host = try await PodHost(
            "bridge", ["bridge": "cni0", "isGateway": true], network: network(security, version))
        let first = try await add("pod1", on: host)
        let second = try await add("pod2", on: host)
        #expect(try first.address() == "10.188.0.2")
        #expect(try second.address() == "10.188.0.3")
        for pod in [first, second] {
            #expect(try pod.namespace.addresses(of: "eth0") == ["\(try pod.address())/24"])
            #expect(try pod.namespace.defaultGateway() == "10.188.0.1")
        }
        #expect(try host.namespace.addresses(of: "cni0") == ["10.188.0.1/24"])
        #expect(try await second.namespace.answers(at: second.address(), to: first.namespace))
        #expect(try await host.namespace.answers(at: "10.188.0.1", to: first.namespace))
        #expect(
            try await host.network.attachments()["pod1/eth0"]?["netns"] == .string(first.namespace.path))
        for pod in [first, second] { try await delete(pod, from: host) }
        #expect(try await host.network.used().isEmpty)
    }

    @Test func dualStackPodsOnABridgeReachEachOther() async throws {
        let host = try await PodHost(
            "bridge", ["bridge": "cni0", "isGateway": true],
            network: network(
                ranges: [[["subnet": "10.188.0.0/24"]], [["subnet": "fd00:188::/64"]]],
                routes: [["dst": "0.0.0.0/0"], ["dst": "::/0"]]))
        let first = try await add("pod1", on: host)
        let second = try await add("pod2", on: host)
        #expect(try second.namespace.addresses(of: "eth0") == ["10.188.0.3/24", "fd00:188::3/64"])
        #expect(try second.namespace.defaultGateway(.ipv4) == "10.188.0.1")
        #expect(try second.namespace.defaultGateway(.ipv6) == "fd00:188::1")
        for family in [AddressFamily.ipv4, .ipv6] {
            #expect(try await second.namespace.answers(at: second.address(family), to: first.namespace), "\(family)")
        }
        for pod in [first, second] { try await delete(pod, from: host) }
        #expect(try await host.network.used().isEmpty)
    }

    /// The bridge plugin adds a route without a gateway by way of the address's, and at CHECK looks for it as the result has
    /// it: so the result must have the gateway.
    @Test(arguments: [CNIVersion.v040, .v100])
    func bridgesCheckFindsRoutesThatNameNoGateway(version: CNIVersion) async throws {
        var network = try await network(routes: [
            ["dst": "0.0.0.0/0"], ["dst": "10.96.0.0/12"], ["dst": "10.200.1.7/16"],
            ["dst": "10.201.0.0/16", "gw": "10.188.0.9"],
        ])
        network.configuration["cniVersion"] = .string(version.rawValue)
        let host = try await PodHost("bridge", ["bridge": "cni0", "isGateway": true], network: network)
        let pod = try await add("pod1", on: host)
        let routes = (pod.result["routes"]?.array ?? []).map {
            "\($0["dst"]?.string ?? "") \($0["gw"]?.string ?? "")"
        }
        #expect(
            routes == [
                "0.0.0.0/0 10.188.0.1", "10.96.0.0/12 10.188.0.1", "10.200.0.0/16 10.188.0.1",
                "10.201.0.0/16 10.188.0.9",
            ])
        try await delete(pod, from: host)
    }

    /// A router's link-local address as the gateway of an IPv6 network.
    @Test func podOnABridgeHasALinkLocalGateway() async throws {
        let host = try await PodHost(
            "bridge", ["bridge": "cni0"],
            network: network(
                ranges: [[["subnet": "fd00:188::/64", "gateway": "fe80::1"]]], routes: [["dst": "::/0"]]))
        let pod = try await add("pod1", on: host)
        #expect(try pod.address(.ipv6) == "fd00:188::1")
        #expect(pod.result["ips"]?.array?.first?["gateway"] == "fe80::1")
        #expect(try pod.namespace.defaultGateway(.ipv6) == "fe80::1")
        #expect(try await host.network.contents()[host.network.key]?.value.contains(#""gateway":"fe80::1""#) == true)
        try await delete(pod, from: host)
    }

    @Test func podsOnMacvlanReachEachOther() async throws {
        let host = try await PodHost("macvlan", ["master": "uplink", "mode": "bridge"], network: network())
        try host.addUplink()
        let first = try await add("pod1", on: host)
        let second = try await add("pod2", on: host)
        for pod in [first, second] {
            #expect(try pod.namespace.addresses(of: "eth0") == ["\(try pod.address())/24"])
            #expect(try pod.namespace.defaultGateway() == "10.188.0.1")
        }
        #expect(try await second.namespace.answers(at: second.address(), to: first.namespace))
        for pod in [first, second] { try await delete(pod, from: host) }
        #expect(try await host.network.used().isEmpty)
    }

    @Test func podReachesItsHostByPtp() async throws {
        let host = try await PodHost("ptp", [:], network: network())
        let pod = try await add("pod1", on: host)
        #expect(try pod.namespace.addresses(of: "eth0") == ["10.188.0.2/24"])
        #expect(try pod.namespace.defaultGateway() == "10.188.0.1")
        #expect(try await host.namespace.answers(at: "10.188.0.1", to: pod.namespace))
        #expect(try await pod.namespace.answers(at: "10.188.0.2", to: host.namespace))
        try await delete(pod, from: host)
        #expect(try await host.network.used().isEmpty)
    }

    @Test(arguments: ["bridge", "ptp"])
    func refusalReachesTheRuntimeWithItsCode(plugin: String) async throws {
        let host = try await PodHost(
            plugin, ["bridge": "cni0", "isGateway": true], network: network(ranges: [[["subnet": "10.188.0.0/30"]]]))
        let pod = try await add("pod1", on: host)
        let answer = try await host.call("ADD", "pod2", in: NetworkNamespace())
        #expect(answer.output.status == 1)
        // These plugins pass on the code and the sentence, and leave out the version.
        #expect(answer.json?["code"] == 100, "\(answer)")
        #expect(
            answer.json?["msg"]?.string
                == "network \(host.network.name) has no free address: all 1 of 10.188.0.2-10.188.0.2 are in use")
        try await delete(pod, from: host)
        #expect(try await add("pod3", on: host).address() == "10.188.0.2")
    }
}

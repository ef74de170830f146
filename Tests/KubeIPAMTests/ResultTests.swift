import Foundation
import IPAMKit
import TestSupport
import Testing

/// What else goes into a result: the runtime's ranges, routes, DNS.
@Suite(.needs(.etcd)) struct ResultTests {
    @Test func runtimesRangesAreUsedAndNeverStored() async throws {
        let network = try await PluginNetwork()
        let ranges: JSONObject = ["runtimeConfig": ["ipRanges": [[["subnet": "10.200.0.0/24"]]]]]
        #expect(try await network.add("c1", ranges).addresses() == ["10.200.0.2", "10.188.0.2"])
        #expect(try await network.contents()[network.key]?.value.contains("10.200") == false)
        #expect(try await network.add("c2").addresses() == ["10.188.0.3"])
        #expect(try await network.delete("c1", ranges).isSilentSuccess)
        #expect(try await network.used() == ["10.188.0.3": "c2"])
    }

    @Test func runtimesRangesAloneMakeNoNetworkDocument() async throws {
        var network = try await PluginNetwork([:])
        network.configuration["runtimeConfig"] = ["ipRanges": [[["subnet": "10.200.0.0/24"]]]]
        #expect(try await network.add("c1").addresses() == ["10.200.0.2"])
        #expect(try await network.contents()[network.key] == nil)
    }

    @Test func routesArePassedThrough_withTheGatewayWhereTheyHaveNone() async throws {
        let network = try await PluginNetwork(
            version: .v110,
            [
                "subnet": "10.188.0.0/24",
                "routes": [["dst": "0.0.0.0/0"], ["dst": "10.96.0.0/12", "gw": "10.188.0.9", "mtu": 1400]],
            ])
        #expect(
            try await network.add("c1").result()["routes"]
                == [
                    ["dst": "0.0.0.0/0", "gw": "10.188.0.1"], ["dst": "10.96.0.0/12", "gw": "10.188.0.9", "mtu": 1400],
                ])
    }

    @Test func resolvConfBecomesTheResultsDNS() async throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write(
            "nameserver 10.96.0.10\nnameserver fd00::a\nsearch a.example b.example\noptions ndots:5\n",
            to: "resolv.conf")
        let network = try await PluginNetwork(["subnet": "10.188.0.0/24", "resolvConf": .string(file.path)])
        #expect(
            try await network.add("c1").result()["dns"] == [
                "nameservers": ["10.96.0.10", "fd00::a"], "search": ["a.example", "b.example"],
                "options": ["ndots:5"],
            ])
    }

    @Test(arguments: [
        ("/nowhere/resolv.conf", "/nowhere/resolv.conf cannot be read: No such file or directory"),
        ("/etc", "/etc cannot be read: Is a directory"),
    ])
    func unreadableResolvConfIsCode7AndNothingIsWritten(path: String, problem: String) async throws {
        let network = try await PluginNetwork(["subnet": "10.188.0.0/24", "resolvConf": .string(path)])
        #expect(try await network.add("c1").failure == PluginFailure(7, "ipam.resolvConf: \(problem)"))
        #expect(try await network.contents().isEmpty)
    }
}

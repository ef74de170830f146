import Foundation
import IPAMKit
import TestSupport
import Testing

@Suite(.needs(.etcd)) struct VersionTests {
    private func network(_ version: CNIVersion) async throws -> PluginNetwork {
        try await PluginNetwork(
            version: version,
            [
                "ranges": [[["subnet": "10.188.0.0/24"]], [["subnet": "fd00:188::/64"]]],
                "routes": [["dst": "0.0.0.0/0"], ["dst": "::/0", "gw": "fd00:188::5"]],
            ])
    }

    @Test(arguments: CNIVersion.allCases)
    func resultOfAnAddHasTheShapeOfItsVersion(version: CNIVersion) async throws {
        let expected: JSONValue
        if version < .v030 {
            expected = [
                "cniVersion": .string(version.rawValue),
                "ip4": [
                    "ip": "10.188.0.2/24", "gateway": "10.188.0.1",
                    "routes": [["dst": "0.0.0.0/0", "gw": "10.188.0.1"]],
                ],
                "ip6": [
                    "ip": "fd00:188::2/64", "gateway": "fd00:188::1",
                    "routes": [["dst": "::/0", "gw": "fd00:188::5"]],
                ],
            ]
        } else {
            var first: JSONObject = ["address": "10.188.0.2/24", "gateway": "10.188.0.1"]
            var second: JSONObject = ["address": "fd00:188::2/64", "gateway": "fd00:188::1"]
            if version < .v100 {
                first["version"] = "4"
                second["version"] = "6"
            }
            expected = [
                "cniVersion": .string(version.rawValue), "ips": [.object(first), .object(second)],
                "routes": [["dst": "0.0.0.0/0", "gw": "10.188.0.1"], ["dst": "::/0", "gw": "fd00:188::5"]],
            ]
        }
        let network = try await network(version)
        #expect(try await network.add("c1").result() == expected)
        #expect(try await network.delete("c1").isSilentSuccess)
    }

    @Test(arguments: CNIVersion.allCases)
    func versionIsAnsweredInTheVersionAsked(version: CNIVersion) async throws {
        let network = try await network(version)
        #expect(
            try await network.call("VERSION").result() == [
                "cniVersion": .string(version.rawValue),
                "supportedVersions": ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"],
            ])
    }

    @Test(arguments: CNIVersion.allCases.filter { $0 < .v040 })
    func checkIsRefusedBeforeItWasSpecified(version: CNIVersion) async throws {
        let network = try await network(version)
        let answer = try await network.call("CHECK", "c1")
        #expect(
            answer.failure
                == PluginFailure(1, "CHECK needs cniVersion 0.4.0 or newer; the configuration has \(version)"))
    }

    @Test(arguments: CNIVersion.allCases.filter { $0 < .v110 }, ["GC", "STATUS"])
    func gcAndStatusAreRefusedBeforeTheyWereSpecified(version: CNIVersion, command: String) async throws {
        let network = try await network(version)
        let answer = try await network.call(command, nil, ["cni.dev/valid-attachments": []])
        #expect(
            answer.failure
                == PluginFailure(1, "\(command) needs cniVersion 1.1.0 or newer; the configuration has \(version)"))
    }

    @Test(arguments: ["ADD", "DEL"])
    func unknownVersionIsRefusedNamingThoseSupported(command: String) async throws {
        var network = try await PluginNetwork()
        network.configuration["cniVersion"] = "1.2.0"
        let answer = try await network.call(command, "c1")
        #expect(
            answer.failure
                == PluginFailure(
                    1,
                    "cniVersion \"1.2.0\" is not supported; supported versions: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0"
                )
        )
        #expect(try await network.contents().isEmpty)
    }

    @Test func versionOfAnUnknownVersionListsThoseSupported() async throws {
        var network = try await PluginNetwork()
        network.configuration["cniVersion"] = "7.0.0"
        let answer = try await network.call("VERSION").result()
        #expect(answer["supportedVersions"]?.array?.last == "1.1.0")
    }

    @Test func errorNamesTheVersionOfTheConfiguration() async throws {
        let network = try await PluginNetwork(version: .v040, ["subnet": "10.0.0.0/31"])
        let answer = try await network.add("c1")
        #expect(answer.failure?.code == 7)
        #expect(answer.json?["cniVersion"] == "0.4.0")
    }
}

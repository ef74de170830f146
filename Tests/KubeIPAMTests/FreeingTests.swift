import Foundation
import IPAMKit
import TestSupport
import Testing

/// DEL and GC need nothing of the configuration but the way to the store: whatever else has gone bad since the ADD, the pod
/// is torn down, and what could not be used is a warning in the log.
@Suite(.needs(.etcd, .root)) struct FreeingTests {
    /// A part of the configuration that is bad.
    struct Bad: Sendable, CustomTestStringConvertible {
        var ipam: JSONObject = [:]
        var top: JSONObject = [:]
        var arguments: String?
        /// What the log says of it; nil for what is not looked at.
        var warning: String?
        /// GC does not look at prevResult.
        var isOfDeleteAlone = false

        var testDescription: String {
            [ipam, top].filter { !$0.members.isEmpty }.map { JSONValue.object($0).serialized() }.joined(separator: " ")
                + (arguments ?? "")
        }
    }

    private static let members: [Bad] = [
        Bad(
            ipam: ["logLevel": "verbose"],
            warning: "ipam.logLevel: \"verbose\" must be one of debug, info, warning, error"),
        Bad(ipam: ["logLevel": 5], warning: "ipam.logLevel: 5 must be a string"),
        Bad(
            ipam: ["timeout": "20"],
            warning: "ipam.timeout: \"20\" must be a number of seconds greater than 0 and at most 220"),
        Bad(
            ipam: ["timeout": 0], warning: "ipam.timeout: 0 must be a number of seconds greater than 0 and at most 220"),
        Bad(ipam: ["nodeName": ["x"]], warning: "ipam.nodeName: [\"x\"] must be a string"),
        Bad(ipam: ["historyDepth": "x"], warning: "ipam.historyDepth: \"x\" must be a whole number from 0 to 64"),
        Bad(ipam: ["historyDepth": 65], warning: "ipam.historyDepth: 65 must be a whole number from 0 to 64"),
        Bad(ipam: ["status": "Strict"]), Bad(ipam: ["annotations": "None"]), Bad(ipam: ["cluster": 5]),
        Bad(ipam: ["kubeConfig": 3]), Bad(ipam: ["kubeConfig": "/nowhere"]), Bad(ipam: ["autoLimit": "many"]),
        Bad(ipam: ["name": 5]), Bad(ipam: ["type": 5]), Bad(ipam: ["subnet": 5]),
        Bad(ipam: ["subnet": "10.188.0.0/31"]),
        Bad(ipam: ["subnet": .null]), Bad(ipam: ["rangeStart": "192.168.0.1"]), Bad(ipam: ["rangeEnd": false]),
        Bad(ipam: ["gateway": "x"]), Bad(ipam: ["fixedStart": "x"]), Bad(ipam: ["fixedEnd": []]),
        Bad(ipam: ["ranges": "x"]), Bad(ipam: ["ranges": [[["subnet": "x"]]]]), Bad(ipam: ["routes": "none"]),
        Bad(ipam: ["routes": [["dst": "x"]]]), Bad(ipam: ["resolvConf": 7]), Bad(ipam: ["resolvConf": "/nowhere"]),
        Bad(ipam: ["later": 5]), Bad(top: ["runtimeConfig": "x"]), Bad(top: ["runtimeConfig": ["ips": 5]]),
        Bad(top: ["runtimeConfig": ["ipRanges": "x"]]),
        Bad(top: ["runtimeConfig": ["io.kubernetes.cri.pod-annotations": "x"]]), Bad(top: ["args": 5]),
        Bad(top: ["args": ["cni": ["ips": ["x"]]]]), Bad(top: ["dns": 5]), Bad(top: ["capabilities": 5]),
        Bad(top: ["type": 5]), Bad(top: ["later": 5]),
        Bad(
            top: ["prevResult": "x"], warning: "prevResult: \"x\" must be an object", isOfDeleteAlone: true),
        Bad(
            top: ["prevResult": ["ips": "x"]], warning: "prevResult.ips: \"x\" must be an array", isOfDeleteAlone: true),
        Bad(top: ["prevResult": ["ips": [5, ["address": "x"], ["address": 5]]]]),
        Bad(arguments: "junk", warning: "CNI_ARGS: \"junk\" is not a pair of the form KEY=value"),
        Bad(
            arguments: "K8S_POD_NAME=a/b", warning: "CNI_ARGS: \"K8S_POD_NAME=a/b\" is not a valid"
        ),
        Bad(arguments: "IP=10.188.0.300", warning: "CNI_ARGS: \"IP=10.188.0.300\" "),
    ]

    private static var ofDeleteAlone: [Bad] { [Bad(top: ["cni.dev/valid-attachments": "x"])] }

    private func spoiled(_ network: PluginNetwork, _ bad: Bad) -> PluginNetwork {
        var network = network
        for member in bad.ipam.members { network.ipam[member.key] = member.value }
        return network
    }

    private func expectWarned(
        _ network: PluginNetwork, _ command: String, of warning: String?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let warnings = try network.logLines().filter { $0.contains(" warning ") }
        #expect(warnings.count == (warning == nil ? 0 : 1), "\(warnings)", sourceLocation: sourceLocation)
        guard let warning, let line = warnings.first else { return }
        let problem = "problem=" + JSONValue.string(warning).serialized().dropLast()
        #expect(
            line.contains(" warning \(command) ignores an invalid value network=\(network.name) ")
                && line.contains(problem), "\(line)", sourceLocation: sourceLocation)
    }

    @Test(arguments: members + ofDeleteAlone)
    func deleteFrees(bad: Bad) async throws {
        let network = try await PluginNetwork()
        _ = try await network.add("c1").result()
        let answer = try await spoiled(network, bad).call("DEL", "c1", arguments: bad.arguments, bad.top)
        #expect(answer.isSilentSuccess, "\(answer)")
        #expect(try await network.used().isEmpty)
        #expect(try await network.attachments().isEmpty)
        try expectWarned(network, "DEL", of: bad.warning)
    }

    @Test(arguments: members)
    func collectionFrees(bad: Bad) async throws {
        let network = try await PluginNetwork(version: .v110)
        // Shows that the node's namespaces can be seen.
        _ = try await network.add("seen").result()
        _ = try await PluginNetwork.inPassing { try await network.add("c1", netns: $0).result() }
        var top = bad.top
        top["cni.dev/valid-attachments"] = []
        let answer = try await spoiled(network, bad).call("GC", arguments: bad.arguments, top)
        #expect(answer.isSilentSuccess, "\(answer)")
        #expect(Array(try await network.used().values) == ["seen"])
        try expectWarned(network, "GC", of: bad.isOfDeleteAlone ? nil : bad.warning)
    }

    /// Everything at once, and etcdConfig with a member that only an ADD reads.
    @Test func allThatIsBadTogetherKeepsNothing() async throws {
        var network = try await PluginNetwork()
        _ = try await network.add("c1").result()
        var store = try #require(network.ipam["etcdConfig"]?.object)
        store["kubeConfig"] = 3
        network.ipam["etcdConfig"] = .object(store)
        var top: JSONObject = [:]
        for bad in Self.members {
            network = spoiled(network, bad)
            for member in bad.top.members { top[member.key] = member.value }
        }
        #expect(try await network.call("DEL", "c1", arguments: "junk", top).isSilentSuccess)
        #expect(try await network.used().isEmpty)
        let warned = try network.logLines().filter { $0.contains(" warning DEL ignores an invalid value ") }
        #expect(warned.count == 5, "logLevel, timeout, nodeName, historyDepth and CNI_ARGS: \(warned)")
    }

    /// What DEL does need is told as before: the network's name, and how etcd is reached.
    @Test func whatCannotBeDoneWithoutIsStillAnError() async throws {
        let network = try await PluginNetwork()
        let address = try await network.add("c1").address()
        for (top, ipam, failure) in [
            (["name": "a/b"], [:], 7), (["name": .null], [:], 7), (["cniVersion": "9.9.9"], [:], 1),
            ([:], ["etcdConfig": ["etcdURL": "ftp://x"]], 7), ([:], ["etcdConfig": "x"], 7),
        ] as [(JSONObject, JSONObject, Int)] {
            let answer = try await spoiled(network, Bad(ipam: ipam)).call("DEL", "c1", top)
            #expect(answer.failure?.code == failure, "\(answer)")
        }
        #expect(try await network.used() == [address: "c1"])
    }
}

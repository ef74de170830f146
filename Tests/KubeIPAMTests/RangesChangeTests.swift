import Foundation
import IPAMKit
import TestSupport
import Testing

/// Two configurations of one name with different ranges, as two NetworkAttachmentDefinitions without a `name` have them: the
/// last ADD says what the ranges are, and who changed them is told and recorded.
@Suite(.needs(.etcd)) struct RangesChangeTests {
    private static let pod = "K8S_POD_NAMESPACE=default;K8S_POD_NAME="

    private func settings(_ network: PluginNetwork) async throws -> JSONValue {
        try JSONValue(parsing: try #require(try await network.contents()[network.key("config")]).value)
    }

    @Test func addThatChangesTheRangesIsToldInTheLogAndRecorded() async throws {
        let network = try await PluginNetwork(["subnet": "10.188.0.0/24", "nodeName": "n1"])
        var other = network
        for (key, value) in [("subnet", "10.199.0.0/24"), ("fixedStart", "10.199.0.10"), ("fixedEnd", "10.199.0.19")] {
            other.ipam[key] = .string(value)
        }
        other.ipam["nodeName"] = "n2"
        #expect(try await network.add("c1", arguments: Self.pod + "a").address() == "10.188.0.2")
        try await network.put("config", #"{"format":1,"goNodes":false,"fixed":[],"future":[1]}"#)
        #expect(try await settings(network)["rangesChange"] == nil)

        #expect(try await other.add("c2", arguments: Self.pod + "b").address() == "10.199.0.2")
        let (before, after) = (
            "10.188.0.0/24 10.188.0.2-10.188.0.254 gateway 10.188.0.1",
            "10.199.0.0/24 10.199.0.2-10.199.0.254 fixed 10.199.0.10-10.199.0.19 gateway 10.199.0.1"
        )
        let lines = try network.logLines().filter { $0.contains("changed the network's ranges") }
        #expect(lines.count == 1 && lines[0].contains(" warning "), "\(lines)")
        #expect(
            lines.first?.hasSuffix(
                #"network=\#(network.name) from="\#(before)" to="\#(after)" by="default/b on n2""#) == true, "\(lines)")
        let changed = try await settings(network)
        #expect(changed["future"] == [1], "what this version does not know stays")
        #expect(changed["fixed"] == [["10.199.0.10", "10.199.0.19"]])
        let change = try #require(changed["rangesChange"])
        #expect(change["by"] == "default/b on n2" && change["from"]?.string == before && change["to"]?.string == after)
        let at = try #require(change["at"]?.string)

        // An ADD that changes no range writes nothing there, and says nothing.
        let record = try await network.contents()[network.key("config")]
        #expect(try await other.add("c3", arguments: Self.pod + "c").address() == "10.199.0.3")
        #expect(try await network.contents()[network.key("config")] == record)
        #expect(try network.logLines().count { $0.contains("changed the network's ranges") } == 1)

        let sentence = "an ADD of default/b on n2 changed the network's ranges at \(at)"
        let listed = try await network.ipamctl("networks")
        // Other tests' networks in the same etcd overlap with this one, which is told before.
        #expect(
            listed.stderrText.hasSuffix(
                "warning: network \(network.name): 1 address in use is outside its subnets; \(sentence)\n"
                    + "hint: there may be two configurations of this name; see 'ipamctl audit -n \(network.name)'\n"
            ),
            "\(listed)")
        let wide = try await network.ipamctl("networks", "-o", "wide").checked().stdoutText
        #expect(wide.contains("\(at) by default/b on n2\n"), "\(wide)")
        let json = try JSONValue(parsing: try await network.ipamctl("networks", "-o", "json").checked().stdoutText)
        #expect(json.array?.first?["rangesChange"] == change)

        let cache = try TemporaryDirectory(prefix: "results")
        defer { cache.remove() }
        let audit = try await network.ipamctl("audit", "--node-local", "--cni-cache", cache.path, "-o", "json")
        let findings = try JSONValue(parsing: audit.stdoutText)["findings"]?.array ?? []
        let drift = findings.first { $0["code"] == "config-drift" }?["evidence"]?.string
        #expect(drift == "the CNI file says \(before), the store \(after); \(sentence) from \(before) to \(after)")
        let outside = findings.first { $0["code"] == "out-of-range" }
        #expect(outside?["address"] == "10.188.0.2")
        #expect(outside?["evidence"]?.string?.hasSuffix("it is held by default/a on n1; \(sentence)") == true)

        // The other node's next ADD changes them back, and is recorded in its place.
        #expect(try await network.add("c4", arguments: Self.pod + "d").address().hasPrefix("10.188.0."))
        #expect(try await settings(network)["rangesChange"]?["by"] == "default/d on n1")
        #expect(try await settings(network)["fixed"] == [])
        try await network.expectNothingDangling()
    }

    @Test func changeOfTheFixedRangeAloneIsRecorded() async throws {
        let network = try await PluginNetwork(["subnet": "10.188.0.0/24", "nodeName": "n1"])
        var other = network
        other.ipam["fixedStart"] = "10.188.0.100"
        other.ipam["fixedEnd"] = "10.188.0.109"
        _ = try await network.add("c1").result()
        let document = try await network.contents()[network.key]
        _ = try await other.add("c2").result()
        #expect(try await settings(network)["rangesChange"]?["by"] == "container c2 on n1")
        #expect(try await network.contents()[network.key] == document, "the document means the same")
    }

    /// The stored fixed range could be of either: no reason to take the ranges for others at every ADD.
    @Test func rangeSetsThatShareASubnetAreNotChangedByTheirOwnAdds() async throws {
        let network = try await PluginNetwork([
            "ranges": [
                [["subnet": "10.188.0.0/24", "rangeStart": "10.188.0.10", "rangeEnd": "10.188.0.20"]],
                [
                    [
                        "subnet": "10.188.0.0/24", "rangeStart": "10.188.0.30", "rangeEnd": "10.188.0.60",
                        "fixedStart": "10.188.0.40", "fixedEnd": "10.188.0.50",
                    ]
                ],
            ]
        ])
        _ = try await network.add("c1").result()
        let record = try await network.contents()[network.key("config")]
        for index in 2..<5 { _ = try await network.add("c\(index)").result() }
        #expect(try await network.contents()[network.key("config")] == record)
        #expect(try !network.logLines().contains { $0.contains("changed the network's ranges") })
    }

    /// A network of the Go plugin has no settings; they are made as the Go plugin's.
    @Test func changeOfAGoNetworkIsRecordedInSettingsThatSaySo() async throws {
        let network = try await PluginNetwork(["subnet": "10.188.0.0/24", "nodeName": "n1"])
        let document =
            #"[[{"rangeStart":"10.199.0.1","rangeEnd":"10.199.0.254","subnet":"10.199.0.0/24","gateway":"10.199.0.1"}]]"#
        try await network.etcd.put(network.key, document)
        _ = try await network.add("c1").result()
        let made = try await settings(network)
        #expect(made["goNodes"] == true && made["format"] == 1)
        #expect(made["rangesChange"]?["by"] == "container c1 on n1")
    }

    /// Two configurations that fight over the ranges, many ADDs at once: none fails, and none writes anything half.
    @Test func addsOfTwoConfigurationsAtOnceAllSucceed() async throws {
        let network = try await PluginNetwork(["subnet": "10.188.0.0/24"])
        var second = network
        second.ipam["subnet"] = "10.199.0.0/24"
        let other = second
        let answers = try await inParallel(16, atATime: 8) { index in
            try await (index.isMultiple(of: 2) ? network : other).add("c\(index)")
        }
        for (index, answer) in answers.enumerated() {
            #expect(try answer.address().hasPrefix(index.isMultiple(of: 2) ? "10.188.0." : "10.199.0."))
        }
        try await network.expectNothingDangling()
    }
}

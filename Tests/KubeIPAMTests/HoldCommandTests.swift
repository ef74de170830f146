import IPAMKit
import TestSupport
import Testing

/// `ipamctl hold` and `unhold`, and what the plugin makes of them.
@Suite(.needs(.etcd)) struct HoldCommandTests {
    @Test func addsAreRefusedWhileHeldAndWorkAfterwards_deletesGoOn() async throws {
        let network = try await PluginNetwork()
        let first = try await network.add("c1").address()
        let before = try await network.contents()
        let dry = try await network.ipamctl("hold", "--reason", "moving to 10.189/16", "--dry-run").checked()
        #expect(dry.stdoutText == "network \(network.name) on hold: moving to 10.189/16 (dry run)\n")
        #expect(try await network.contents() == before)
        let held = try await network.ipamctl("hold", network.name, "--reason", "moving to 10.189/16").checked()
        #expect(held.stdoutText == "network \(network.name) on hold: moving to 10.189/16\n")
        let refused = try #require(try await network.add("c2").failure)
        #expect(refused.code == 104 && refused.message.hasSuffix(": moving to 10.189/16"), "\(refused)")
        #expect(try await network.add("c1").address() == first, "a repeated ADD gets what it has")
        #expect(try await network.delete("c1").isSilentSuccess)
        #expect(try await network.used().isEmpty)

        let again = try await network.ipamctl("hold", network.name, "--reason", "moving to 10.189/16").checked()
        #expect(again.stdoutText.hasPrefix("network \(network.name) is on hold already by "))
        let other = try await network.ipamctl("hold", network.name, "--reason", "another")
        #expect(other.status == 3 && other.stdout.isEmpty, "\(other.stderrText)")
        #expect(other.stderrText.contains("is on hold by ") && other.stderrText.contains("moving to 10.189/16"))
        #expect(other.stderrText.contains("hint: 'ipamctl unhold \(network.name)' lifts the hold"))

        let lifted = try await network.ipamctl("unhold", network.name, "-o", "json").checked()
        let json = try #require(try JSONValue(parsing: lifted.stdoutText).array?.first)
        #expect(json["action"]?.string == "lifted" && json["hold"]?["reason"]?.string == "moving to 10.189/16")
        _ = try await network.add("c2").address()
        let idle = try await network.ipamctl("unhold").checked()
        #expect(idle.stdoutText == "network \(network.name) is not on hold\n")
    }

    /// A network that the Go plugin made: its settings are made with the file's fixed range, and Go nodes stay possible.
    @Test func aGoNetworkIsHeldToo() async throws {
        var network = try await PluginNetwork()
        network.ipam["fixedStart"] = "10.188.0.10"
        network.ipam["fixedEnd"] = "10.188.0.20"
        try await network.etcd.put(
            network.key,
            #"[[{"rangeStart":"10.188.0.2","rangeEnd":"10.188.0.254","subnet":"10.188.0.0/24","gateway":"10.188.0.1"}]]"#
        )
        _ = try await network.ipamctl("hold", "--reason", "x").checked()
        #expect(try #require(try await network.add("c1").failure).code == 104)
        let settings = try #require(try await network.contents()[network.key("config")]).value
        let stored = try NetworkSettings(stored: settings)
        #expect(stored.hasGoNodes && stored.fixed.map(\.description) == ["10.188.0.10-10.188.0.20"], "\(settings)")
        _ = try await network.ipamctl("unhold").checked()
        _ = try await network.add("c1").address()
    }

    /// Nobody has used the network yet: there can be no Go node, and no pod that has to be looked up for one.
    @Test func aHoldBeforeTheFirstADDKeepsNoPodFromItsReservation() async throws {
        let network = try await PluginNetwork()
        _ = try await network.ipamctl("reserve", "10.188.0.20", "--for", "default/db-0").checked()
        _ = try await network.ipamctl("hold", "--reason", "not yet").checked()
        let pod = "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=db-0;K8S_POD_UID=u1"
        #expect(try await network.add("c1", arguments: pod).failure?.code == 104)
        _ = try await network.ipamctl("unhold").checked()
        #expect(try await network.add("c1", arguments: pod).address() == "10.188.0.20")
        let settings = try #require(try await network.contents()[network.key("config")]).value
        #expect(try !NetworkSettings(stored: settings).hasGoNodes, "\(settings)")
    }

    @Test func badInputIsOneSentence() async throws {
        let network = try await PluginNetwork()
        for (arguments, status, message) in [
            (["hold", "nowhere", "--reason", "x"], 4, "network nowhere is neither in the store nor in a CNI file"),
            (["hold", "--reason", "x"], 4, "the store has no network \(network.name)"), (["hold"], 64, "--reason"),
            (["unhold", "nowhere"], 4, "network nowhere is neither"),
            (["hold", "--reason", " "], 64, "--reason: the text is empty"),
            (["hold", "--reason", "a\nb"], 64, "--reason: the text has a line break"),
            (
                ["hold", "--reason", String(repeating: "é", count: 513)], 64,
                "--reason: the text has 1026 bytes; at most 1024 are allowed"
            ),
            (["hold", "a/b", "--reason", "x"], 64, "\"a/b\" is not a valid network name: "),
            (["hold", "a", "-n", "b", "--reason", "x"], 64, "the argument names network a, and --network b"),
        ] as [([String], Int32, String)] {
            let output = try await network.ipamctl(arguments)
            #expect(output.status == status, "\(arguments): \(output.stderrText)")
            #expect(output.stdout.isEmpty && output.stderrText.contains(message), "\(arguments): \(output.stderrText)")
        }
        #expect(try await network.contents().isEmpty)
    }
}

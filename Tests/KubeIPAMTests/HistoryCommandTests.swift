import Foundation
import IPAMKit
import TestSupport
import Testing

/// What the plugin and ipamctl did to an address, as `ipamctl history` tells it.
@Suite(.needs(.etcd, .root)) struct HistoryCommandTests {
    private static let address = "10.188.0.216"

    /// An address that was given, freed, given again, taken over, and reserved.
    @Test func tellsWhatThePluginAndTheOperatorDid() async throws {
        let cluster = try await PluginCluster()
        let network = cluster.network
        let (n1, n2) = (try SimulatedNode("n1"), try SimulatedNode("n2"))
        let (first, second, third) = (
            PluginCluster.replica(on: "n1"), PluginCluster.replica(on: "n1"), PluginCluster.replica(on: "n2")
        )
        #expect(try await cluster.run("c1", first, on: n1).address() == Self.address)
        #expect(try await network.call("DEL", "c1", on: n1).isSilentSuccess)
        #expect(try await cluster.run("c2", second, on: n1).address() == Self.address)
        try cluster.api.delete(pod: second.name)
        try cluster.api.delete(node: "n1")
        #expect(try await cluster.run("c3", third, on: n2).address() == Self.address)
        _ = try await network.ipamctl("reserve", Self.address, "--for", "default/deploy/web", "--note", "blue")
            .checked()

        let output = try await network.ipamctl("history", Self.address, "-o", "json").checked()
        let lines = try #require(try JSONValue(parsing: output.stdoutText).array)
        #expect(lines.map { $0["event"]?.string } == ["in-use", "reserved", "taken-over", "deleted"])
        #expect(
            lines.map { $0["attachment"]?["pod"]?.string } == [third.name, nil, second.name, first.name])
        #expect(lines.map { $0["open"]?.bool } == [true, true, nil, nil])
        #expect(lines[2]["by"]?.string == "default/\(third.name) on n2")
        #expect(lines[2]["evidence"]?.string?.contains("no longer in the cluster") == true)
        #expect(lines[3]["by"]?.string == "kube-ipam on n1")
        #expect(lines[1]["reservation"]?["note"]?.string == "blue")
        let begin = try #require(lines[2]["from"]?.string)
        let at = try await network.ipamctl("history", Self.address, "--at", begin).checked()
        // All of this may have been within a second: then the newest had it.
        #expect(
            at.stdoutText.hasPrefix("\(Self.address) at \(begin): default/\(second.name) on n1, from \(begin)")
                || at.stdoutText.contains("default/\(third.name)"), "\(at.stdoutText)")

        let ofPod = try await network.ipamctl("history", "--pod", "default/\(first.name)", "-o", "csv").checked()
        let rows = ofPod.stdoutText.split(separator: "\n")
        #expect(
            rows.count == 2 && rows[1].contains(",deleted,default/\(first.name) on n1,kube-ipam on n1,c1,"), "\(rows)")
        let recent = try await network.ipamctl("history", "--since", "1h", "-o", "json").checked()
        #expect(try JSONValue(parsing: recent.stdoutText).array?.count == 4)

        _ = try await network.ipamctl("release", Self.address, "--force").checked()
        let table = try await network.ipamctl("history", Self.address).checked().stdoutText.split(separator: "\n")
        #expect(table.count == 6, "\(table)")
        #expect(
            table[0].split(separator: " ").map(String.init) == [
                "NETWORK", "ADDRESS", "FROM", "TO", "AGE", "EVENT", "WHO", "BY", "EVIDENCE",
            ])
        #expect(table[1].contains(" released ") && table[2].contains(" freed "), "\(table)")
    }

    /// `"historyDepth"` in the CNI file counts for both programs.
    @Test func historyDepthIsTheFiles() async throws {
        var network = try await PluginNetwork()
        network.ipam["historyDepth"] = 2
        for index in 0..<4 {
            let address = try await network.add("c\(index)", ["args": ["cni": ["ips": ["10.188.0.9"]]]]).address()
            #expect(address == "10.188.0.9")
            #expect(try await network.delete("c\(index)").isSilentSuccess)
        }
        #expect(try await network.history("10.188.0.9").map { $0.tenancy?.containerID } == ["c3", "c2"])
        _ = try await network.ipamctl("reserve", "10.188.0.9").checked()
        #expect(try await network.history("10.188.0.9").map(\.event) == [.reserved, .deleted])

        network.ipam["historyDepth"] = 0
        _ = try await network.add("c9").address()
        #expect(try await network.delete("c9").isSilentSuccess)
        _ = try await network.ipamctl("release", "10.188.0.9").checked()
        _ = try await network.ipamctl("reserve", "10.188.0.20").checked()
        #expect(try await network.history("10.188.0.9").map(\.event) == [.reserved, .deleted], "nothing is added")
        #expect(try await network.contents().keys.filter { $0.contains("/history/") }.count == 1)
    }
}

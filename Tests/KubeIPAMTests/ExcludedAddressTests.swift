import Foundation
import IPAMKit
import TestSupport
import Testing

/// `exclude` of the configuration: no pod gets the addresses, however it asks, and the network's settings have them for ipamctl.
@Suite(.needs(.etcd)) struct ExcludedAddressTests {
    private static let pod = "K8S_POD_NAMESPACE=default;K8S_POD_NAME="
    private static let excluded: JSONObject = [
        "subnet": "10.188.0.0/28", "exclude": ["10.188.0.2-10.188.0.4", "10.188.0.8/30"], "nodeName": "n1",
    ]

    private func settings(_ network: PluginNetwork) async throws -> JSONValue {
        try JSONValue(parsing: try #require(try await network.contents()[network.key("config")]).value)
    }

    @Test func dynamicAddressesLeaveThemOutUntilThePoolIsFull() async throws {
        let network = try await PluginNetwork(Self.excluded)
        var given: [String] = []
        for number in 1...6 { given.append(try await network.add("c\(number)").address()) }
        #expect(given == ["10.188.0.5", "10.188.0.6", "10.188.0.7", "10.188.0.12", "10.188.0.13", "10.188.0.14"])
        let full = try await network.add("c7")
        #expect(full.failure?.code == 100 && full.failure?.message.contains("all 6 of ") == true, "\(full)")
        #expect(
            try await settings(network)["exclude"] == [["10.188.0.2", "10.188.0.4"], ["10.188.0.8", "10.188.0.11"]])
        try await network.expectNothingDangling()
    }

    @Test func excludedAddressCannotBeRequestedOrReserved() async throws {
        let network = try await PluginNetwork(Self.excluded)
        let requested = try await network.add("c1", arguments: "IP=10.188.0.3").failure
        #expect(requested?.code == 103)
        #expect(
            requested?.message == "10.188.0.3 is excluded by the CNI configuration (exclude: 10.188.0.2-10.188.0.4)")
        // A reservation that was made before.
        try await network.reserve("10.188.0.9", for: "default/db-0", claim: "default/pod/db-0")
        let reserved = try await network.add("c2", arguments: Self.pod + "db-0")
        #expect(
            reserved.failure?.code == 103
                && reserved.failure?.message.contains("(exclude: 10.188.0.8-10.188.0.11)") == true, "\(reserved)")
        #expect(try await network.used().isEmpty)
    }

    @Test func ipamctlLeavesThemOut() async throws {
        let network = try await PluginNetwork(Self.excluded)
        _ = try await network.add("c1").result()
        let reserve = try await ipamctl(network, "reserve", "10.188.0.3", "--yes")
        #expect(
            reserve.stderrText.contains(
                "10.188.0.3 is excluded by the CNI configuration (exclude: 10.188.0.2-10.188.0.4)"), "\(reserve)")
        let free = try await ipamctl(network, "list", "--state", "free", "-o", "name").checked().stdoutText
        #expect(free == "10.188.0.6\n10.188.0.7\n10.188.0.12\n10.188.0.13\n10.188.0.14\n")
        let summary = try JSONValue(parsing: try await ipamctl(network, "networks", "-o", "json").checked().stdoutText)
        #expect(summary.array?.first?["total"] == 6 && summary.array?.first?["free"] == 5, "\(summary)")
        let next = try await ipamctl(network, "reserve", "--next", "3", "--yes", "-o", "name").checked().stdoutText
        #expect(next == "10.188.0.6\n10.188.0.7\n10.188.0.12\n")
        let block = try await ipamctl(network, "reserve", "10.188.0.8/29", "--dry-run", "-o", "name").checked()
        #expect(block.stdoutText == "10.188.0.12\n10.188.0.13\n10.188.0.14\n")
        #expect(
            block.stderrText.contains("skipped: 10.188.0.15 (broadcast address), 10.188.0.8-10.188.0.11 (excluded)"),
            "\(block)")
        let show = try await ipamctl(network, "show", "10.188.0.3").checked().stdoutText
        #expect(show.contains("excluded address of 10.188.0.0/28"), "\(show)")
        let map = try await ipamctl(network, "map").checked().stdoutText
        #expect(map.contains("9 excluded"), "\(map)")
    }

    @Test func addressThatWasExcludedLaterIsReportedAndStaysUntilItsPodGoes() async throws {
        var network = try await PluginNetwork(["subnet": "10.188.0.0/28", "nodeName": "n1"])
        let before = try await network.add("c1", arguments: Self.pod + "a").result()
        #expect(try await settings(network)["exclude"] == nil)
        network.ipam["exclude"] = ["10.188.0.0/29"]
        let drift = try await findings(network)
        #expect(drift.map(\.code) == ["config-drift"], "\(drift)")
        #expect(drift.first?.evidence.contains("excluding 10.188.0.0-10.188.0.7, the store 10.188.0.0/28") == true)

        #expect(try await network.add("c2", arguments: Self.pod + "b").address() == "10.188.0.8")
        #expect(try await settings(network)["exclude"] == [["10.188.0.0", "10.188.0.7"]])
        #expect(try await settings(network)["rangesChange"]?["by"] == "default/b on n1")
        let found = try await findings(network)
        #expect(found.map(\.code) == ["out-of-range"], "\(found)")
        #expect(
            found.first?.evidence.hasPrefix(
                "10.188.0.2 is excluded by the CNI configuration (exclude: 10.188.0.0-10.188.0.7); it is held by default/a"
            )
                == true, "\(found)")
        #expect(try await network.call("CHECK", "c1", ["prevResult": before]).isSilentSuccess)
        #expect(try await network.delete("c1").isSilentSuccess)
        #expect(try await network.used() == ["10.188.0.8": "c2"])
        // What is not excluded any more is given again.
        network.ipam["exclude"] = []
        _ = try await network.add("c3").result()
        #expect(try await settings(network)["exclude"] == nil)
    }

    /// The Go plugin does not know the key: a network of its own gets settings from the first ADD that excludes something.
    @Test func networkOfTheGoPluginGetsSettings() async throws {
        let network = try await PluginNetwork(Self.excluded)
        try await network.etcd.put(
            network.key,
            #"[[{"rangeStart":"10.188.0.2","rangeEnd":"10.188.0.14","subnet":"10.188.0.0/28","gateway":"10.188.0.1"}]]"#
        )
        try await network.put("used/10.188.0.2", "go-container")
        #expect(try await network.add("c1").address() == "10.188.0.5")
        let made = try await settings(network)
        #expect(made["goNodes"] == true && made["exclude"]?.array?.count == 2, "\(made)")
    }

    /// Runs ipamctl without the CNI file: it knows the network from the store alone.
    private func ipamctl(_ network: PluginNetwork, _ arguments: String...) async throws -> ProcessOutput {
        try await runProcess(
            BuildProducts.product("ipamctl").path,
            ["--endpoints", network.etcd.clientURL, "-n", network.name] + arguments)
    }

    private func findings(_ network: PluginNetwork) async throws -> [(code: String, evidence: String)] {
        let cache = try TemporaryDirectory(prefix: "results")
        defer { cache.remove() }
        let audit = try await network.ipamctl("audit", "--node-local", "--cni-cache", cache.path, "-o", "json")
        return (try JSONValue(parsing: audit.stdoutText)["findings"]?.array ?? []).map {
            ($0["code"]?.string ?? "", $0["evidence"]?.string ?? "")
        }
    }
}

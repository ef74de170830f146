import Foundation
import IPAMKit
import TestSupport
import Testing

/// Notes and histories from before notes had a limit: too long for one request of etcd's, they keep nothing from being
/// freed.
@Suite(.needs(.etcd)) struct LongHistoryTests {
    private static let note = String(repeating: "n", count: 390_000)

    /// Three entries with notes of 390 KB: with one more, a request is longer than etcd takes (1.5 MiB).
    private static let history: String = {
        let entry =
            "{\"event\":\"updated\",\"at\":\"2026-11-23T02:00:00Z\",\"by\":\"root@a\",\"reservation\":"
            + "{\"by\":\"root@a\",\"note\":\"\(note)\"}}"
        return "[\(entry),\(entry),\(entry)]"
    }()

    /// A pod with an address of each of three range sets, each with a long history.
    private func network() async throws -> PluginNetwork {
        let network = try await PluginNetwork([
            "ranges": [
                [["subnet": "10.188.0.0/24"]], [["subnet": "10.189.0.0/24"]], [["subnet": "10.190.0.0/24"]],
            ]
        ])
        let addresses = try await network.add("c1").addresses()
        #expect(addresses.count == 3)
        for address in addresses {
            try await network.etcd.fill([network.key("history/\(address)")], value: Self.history)
        }
        return network
    }

    private func expectFreed(_ network: PluginNetwork, _ event: HistoryEntry.Event) async throws {
        #expect(try await network.used().isEmpty)
        #expect(try await network.attachments().isEmpty)
        // What is too long goes, the oldest first: what is new fits.
        #expect(try await network.history("10.188.0.2").map(\.event) == [event])
    }

    @Test func deleteFrees() async throws {
        let network = try await network()
        #expect(try await network.delete("c1").isSilentSuccess)
        try await expectFreed(network, .deleted)
    }

    @Test func releaseFrees() async throws {
        let network = try await network()
        _ = try await network.ipamctl("release", "10.188.0.2", "--force").checked()
        try await expectFreed(network, .freed)
    }

    @Test func anAddressIsReservedAndGivenAndReleased() async throws {
        let network = try await PluginNetwork()
        try await network.etcd.fill([network.key("history/10.188.0.77")], value: Self.history)
        try await network.etcd.fill(
            [network.key("reservations/10.188.0.77")], value: "{\"for\":\"default/db-0\",\"note\":\"\(Self.note)\"}")
        try await network.put("claims/default/pod/db-0/10.188.0.77", "")
        let pod = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=db-0"
        #expect(try await network.add("c1", arguments: pod).address() == "10.188.0.77")
        _ = try await network.ipamctl("show", "10.188.0.77").checked()
        _ = try await network.ipamctl("reserve", "10.188.0.77", "--for", "default/db-0", "--expires", "72h").checked()
        #expect(try await network.delete("c1").isSilentSuccess)
        _ = try await network.ipamctl("release", "10.188.0.77").checked()
        #expect(try await network.presentKeys().allSatisfy { !$0.contains("/reservations/") && !$0.contains("/used/") })
    }
}

import Foundation
import IPAMKit
import TestSupport
import Testing

/// Many plugins at once, as when a node starts: each a process of its own. One test at a time: each fills the machine.
@Suite(.serialized, .needs(.etcd)) struct ConcurrencyTests {
    private static let count = 200
    private static let atATime = 32

    /// Checks that each address has one attachment and each attachment its addresses.
    private func expectConsistent(_ network: PluginNetwork) async throws {
        var listed: [String: String] = [:]
        for (reference, attachment) in try await network.attachments() {
            for address in attachment["addresses"]?.array ?? [] {
                let address = try #require(address.string)
                let container = String(reference.prefix { $0 != "/" })
                #expect(listed.updateValue(container, forKey: address) == nil, "\(address) is in two attachments")
            }
        }
        #expect(try await network.used() == listed)
    }

    @Test func onePoolGivesEachPodAnAddressOfItsOwn() async throws {
        let network = try await PluginNetwork()
        let answers = try await inParallel(Self.count, atATime: Self.atATime) { try await network.add("pod\($0)") }
        let addresses = try answers.map { try $0.address() }
        #expect(Set(addresses).count == Self.count)
        try await expectConsistent(network)
        #expect(try await network.used().count == Self.count)

        let deletions = try await inParallel(Self.count, atATime: Self.atATime) { try await network.delete("pod\($0)") }
        #expect(deletions.filter { !$0.isSilentSuccess }.isEmpty)
        #expect(
            try await network.presentKeys()
                == [network.key, network.key("config"), network.key("lastReserved/0")])
    }

    @Test func twoRangeSetsGiveEachPodOneAddressOfBoth() async throws {
        let network = try await PluginNetwork(
            ["ranges": [[["subnet": "10.188.0.0/24"]], [["subnet": "fd00:188::/64"]]]])
        let answers = try await inParallel(Self.count, atATime: Self.atATime) { try await network.add("pod\($0)") }
        let addresses = try answers.map { try $0.addresses() }
        #expect(addresses.filter { $0.count != 2 || !$0[0].contains(".") || !$0[1].contains(":") }.isEmpty)
        #expect(Set(addresses.joined()).count == 2 * Self.count)
        try await expectConsistent(network)
    }

    @Test func poolThatRunsOutGivesEveryAddressOnceAndRefusesTheRest() async throws {
        // 61 addresses for 80 pods; the IPv6 pool would have room for all.
        let network = try await PluginNetwork(
            ["ranges": [[["subnet": "10.188.0.0/26"]], [["subnet": "fd00:188::/64"]]]])
        let answers = try await inParallel(80, atATime: Self.atATime) { try await network.add("pod\($0)") }
        let served = answers.filter { $0.output.status == 0 }
        #expect(served.count == 61)
        let given = try served.flatMap { try $0.addresses() }
        #expect(Set(given).count == 2 * 61)
        let failures = Set(answers.filter { $0.output.status != 0 }.map(\.failure))
        #expect(
            failures == [
                PluginFailure(
                    100,
                    "network \(network.name) has no free IPv4 address in range set 0: all 61 of "
                        + "10.188.0.2-10.188.0.62 are in use")
            ])
        try await expectConsistent(network)
        #expect(try await network.used().count == 2 * 61)
    }
}

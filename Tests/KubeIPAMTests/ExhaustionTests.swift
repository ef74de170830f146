import Foundation
import IPAMKit
import TestSupport
import Testing

/// Pools without a free address, and those with very few.
@Suite(.needs(.etcd)) struct ExhaustionTests {
    @Test func fullPoolIsCode100NamingRangeAndSizeAndNothingIsWritten() async throws {
        let network = try await PluginNetwork(in: EtcdServer.start(), ["subnet": "10.188.0.0/29"])
        var given: [String] = []
        for index in 0..<5 { given.append(try await network.add("c\(index)").address()) }
        #expect(Set(given) == Set((2...6).map { "10.188.0.\($0)" }))
        let contents = try await network.etcd.contents()
        let refusal = PluginFailure(
            100, "network \(network.name) has no free address: all 5 of 10.188.0.2-10.188.0.6 are in use")
        #expect(try await network.add("late").failure == refusal)
        #expect(try await network.etcd.contents() == contents)

        #expect(try await network.delete("c3").isSilentSuccess)
        #expect(try await network.add("late").address() == given[3])
        #expect(try await network.add("later").failure == refusal)
    }

    @Test(arguments: [0, 1])
    func oneExhaustedFamilyWritesNothingForTheOther(exhausted: Int) async throws {
        let small: JSONValue = exhausted == 0 ? ["subnet": "10.188.0.0/30"] : ["subnet": "fd00:188::/126"]
        let large: JSONValue = exhausted == 0 ? ["subnet": "fd00:188::/64"] : ["subnet": "10.188.0.0/24"]
        let network = try await PluginNetwork(["ranges": exhausted == 0 ? [[small], [large]] : [[large], [small]]])
        var contents: [String: EtcdRecord] = [:]
        var answer = try await network.add("c0")
        for index in 1...3 where answer.failure == nil {
            _ = try answer.result()
            contents = try await network.contents()
            answer = try await network.add("c\(index)")
        }
        let what =
            exhausted == 0
            ? "IPv4 address in range set 0: all 1 of 10.188.0.2-10.188.0.2"
            : "IPv6 address in range set 1: all 2 of fd00:188::2-fd00:188::3"
        #expect(
            answer.failure == PluginFailure(100, "network \(network.name) has no free \(what) are in use"), "\(answer)")
        #expect(try await network.contents() == contents)
    }

    @Test func reservedAddressesAreNeverGivenDynamically() async throws {
        let network = try await PluginNetwork(
            ["subnet": "10.188.0.0/24", "rangeStart": "10.188.0.10", "rangeEnd": "10.188.0.17"])
        try await network.reserve("10.188.0.10", for: "default/db-0", claim: "default/pod/db-0")
        try await network.reserve("10.188.0.13", for: "default/", claim: nil)
        // Expired, but not for long enough: the clocks of nodes differ.
        try await network.reserve("10.188.0.17", for: nil, claim: nil, expires: secondsFromNow(-60))
        var given: [String] = []
        for index in 0..<5 { given.append(try await network.add("c\(index)").address()) }
        #expect(Set(given) == Set([11, 12, 14, 15, 16].map { "10.188.0.\($0)" }))
        #expect(
            try await network.add("late").failure
                == PluginFailure(
                    100,
                    "network \(network.name) has no free address: all 8 of 10.188.0.10-10.188.0.17 are in use or "
                        + "reserved (3 of them)"))
    }

    @Test(arguments: ["10.188.0.0/24", "10.188.0.0/20"])
    func completelyFullPoolIsCode100(subnet: String) async throws {
        let network = try await PluginNetwork(["subnet": .string(subnet)])
        let addresses = try hosts(of: subnet)
        try await network.etcd.fill(addresses.map { network.key("used/\($0)") }, value: "other")
        let answer = try await network.add("c1")
        #expect(
            answer.failure
                == PluginFailure(
                    100,
                    "network \(network.name) has no free address: all \(addresses.count) of "
                        + "\(addresses[0])-\(addresses[addresses.count - 1]) are in use"))
        #expect(try await network.contents().count == addresses.count)
    }

    @Test func nearlyFullPoolsGiveTheirLastAddresses() async throws {
        let network = try await PluginNetwork(in: EtcdServer.start(), ["subnet": "10.188.0.0/16"])
        let all = try hosts(of: "10.188.0.0/16")
        var random = SeededGenerator()
        let free = Set((0..<all.count / 100).map { _ in all.randomElement(using: &random) ?? "" })
        try await network.etcd.fill(all.filter { !free.contains($0) }.map { network.key("used/\($0)") }, value: "other")
        for index in 0..<10 {
            let address = try await network.add("random\(index)").address()
            #expect(free.contains(address), "\(address) was taken; \(random)")
        }

        // Contiguous: one address is left, at the far end of where the cursor stands.
        let taken = try await network.used()
        let last = try #require(all.last)
        try await network.etcd.fill(
            all.filter { taken[$0] == nil && $0 != last }.map { network.key("used/\($0)") }, value: "other")
        if let holder = taken[last] { #expect(try await network.delete(holder).isSilentSuccess) }
        try await network.remove("used/\(last)")
        try await network.put("lastReserved/0", "10.188.0.9")
        #expect(try await network.add("last").address() == last)
        #expect(try await network.add("none").failure?.code == 100)
        #expect(try await network.delete("last").isSilentSuccess)
        #expect(try await network.add("again").address() == last)
    }

    @Test func smallIPv6PoolGivesItsLastAddress() async throws {
        let network = try await PluginNetwork(["subnet": "fd00:188::/120"])
        let all = try hosts(of: "fd00:188::/120")
        try await network.etcd.fill(
            all.filter { $0 != "fd00:188::7f" }.map { network.key("used/\($0)") }, value: "other")
        #expect(try await network.add("c1").address() == "fd00:188::7f")
        #expect(
            try await network.add("c2").failure
                == PluginFailure(
                    100,
                    "network \(network.name) has no free address: all \(all.count) of fd00:188::2-fd00:188::ff are in use"
                ))
    }

    /// The addresses that are given out of a subnet with the usual defaults.
    private func hosts(of subnet: String) throws -> [String] {
        let space = try RangeSet([PoolRange(subnet: CIDR(subnet))]).dynamicSpace
        return (0..<space.count).map { space[$0].description }
    }
}

/// A time as the keyspace writes it.
func secondsFromNow(_ seconds: Int64) -> String {
    Timestamp(seconds: Int64(Date().timeIntervalSince1970)).advanced(bySeconds: seconds).description
}

import Testing

@testable import IPAMKit

@Suite struct NetworkOverlapTests {
    private func place(_ name: String, _ ranges: PoolRange...) throws -> NetworkPlace {
        NetworkPlace(try NetworkName(name), [try RangeSet(ranges)])
    }

    @Test func networksWithAddressesInCommonOverlap() throws {
        let wide = try place("k8s", PoolRange(subnet: CIDR("10.188.0.0/22")))
        let narrow = try place("storage", PoolRange(subnet: CIDR("10.188.1.0/24")))
        #expect(
            NetworkOverlap(wide, narrow)?.description
                == "networks k8s and storage overlap: 10.188.0.0/22 and 10.188.1.0/24 have addresses in common, and both "
                + "networks may give out 10.188.1.2-10.188.1.254")
        let lower = try PoolRange(
            subnet: CIDR("10.188.0.0/22"), rangeStart: IPAddress("10.188.0.10"), rangeEnd: IPAddress("10.188.0.99"))
        #expect(
            try NetworkOverlap(place("k8s", lower), narrow)?.description
                == "networks k8s and storage overlap: 10.188.0.0/22 and 10.188.1.0/24 have addresses in common, but their "
                + "ranges do not")
        let other = try place(
            "other", PoolRange(subnet: CIDR("10.188.4.0/24")), PoolRange(subnet: CIDR("10.188.5.0/24")))
        #expect(NetworkOverlap(wide, other) == nil)
        #expect(NetworkOverlap.all(among: [wide, narrow, other]).map(\.second) == [narrow.name])
    }

    /// A node's own address that a pod may be given, or has been.
    @Test func addressesOfNodesInsideTheRangesAreFound() throws {
        var world = AuditWorld(
            try NetworkName("k8s"), rangeSets: [try set("10.188.0.0/24 - 10.188.0.200-10.188.0.210")])
        world.nodes = [
            Node(
                name: "n1", isReady: true, isOutOfService: false,
                addresses: ["10.188.0.9", "10.188.0.201", "10.188.0.1", "192.0.2.1"].map(address)),
            Node(name: "n2", isReady: true, isOutOfService: false, addresses: [address("10.188.0.10")]),
        ]
        #expect(
            world.findings()
                == ["10.188.0.9 node-address none", "10.188.0.10 node-address none", "10.188.0.201 node-address none"])
        let first = try #require(world.report().findings.first)
        #expect(first.code.severity == .error)
        #expect(
            first.evidence
                == "it is the address of node n1, and a pod may be given it: 'ipamctl reserve 10.188.0.9 --fence --note \"node n1\" "
                + "-n k8s' keeps it from that")
        // Reserved, no pod gets it; a pod that has it already is the worse.
        world.reserve("10.188.0.9", for: "")
        world.reserve("10.188.0.201", for: "", expires: noon.advanced(bySeconds: -1000))
        world.run("c", ["10.188.0.10"], pod: "default/db-0", uid: "u")
        #expect(
            world.findings()
                == [
                    "10.188.0.10 node-address none", "10.188.0.201 node-address none",
                    "10.188.0.201 reservation-expired drop-reservation",
                ])
        #expect(
            world.report().findings.first?.evidence
                == "it is the address of node n2, and default/db-0 on n1 has it")
    }

    /// Nodes commonly have addresses of the subnet that are outside every range.
    @Test func addressesOfNodesOutsideTheRangesAreFine() throws {
        let range = try PoolRange(
            subnet: CIDR("10.188.0.0/24"), rangeStart: IPAddress("10.188.0.100"), rangeEnd: IPAddress("10.188.0.199"))
        var world = AuditWorld(try NetworkName("k8s"), rangeSets: [try RangeSet([range])])
        world.nodes = [Node(name: "n1", isReady: true, isOutOfService: false, addresses: [address("10.188.0.9")])]
        #expect(world.findings().isEmpty)
    }
}

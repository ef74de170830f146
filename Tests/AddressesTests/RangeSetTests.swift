import TestSupport
import Testing

@testable import Addresses

@Suite struct RangeSetTests {
    private func range(
        _ subnet: String, _ start: String? = nil, _ end: String? = nil, gateway: String? = nil, fixed: String? = nil
    ) throws -> PoolRange {
        try PoolRange(
            subnet: CIDR(subnet), rangeStart: start.map { try IPAddress($0) }, rangeEnd: end.map { try IPAddress($0) },
            gateway: gateway.map { try IPAddress($0) }, fixed: fixed.map { try AddressRange(parsing: $0) })
    }

    @Test func defaultsAreThoseOfTheFormat() throws {
        let four = try range("10.188.0.0/16")
        #expect(four.gateway.description == "10.188.0.1")
        #expect(four.rangeStart.description == "10.188.0.2")
        #expect(four.rangeEnd.description == "10.188.255.254")
        let six = try range("fd00::/64")
        #expect(six.gateway.description == "fd00::1")
        #expect(six.rangeStart.description == "fd00::2")
        #expect(six.rangeEnd.description == "fd00::ffff:ffff:ffff:ffff")
    }

    @Test func gatewayElsewhereLeavesTheFirstHostToTheRange() throws {
        #expect(try range("10.0.0.0/24", gateway: "10.0.0.254").rangeStart.description == "10.0.0.1")
        #expect(try range("fd00::/64", gateway: "fd00::").rangeStart.description == "fd00::1")
    }

    @Test(arguments: ["10.0.0.0/31", "10.0.0.1/32", "fd00::/127", "fd00::1/128"])
    func tinySubnetsAreRefused(subnet: String) throws {
        let block = try CIDR(subnet)
        #expect(throws: RangeError.subnetTooSmall(block)) { try range(subnet) }
        #expect(RangeError.subnetTooSmall(block).description.contains("at least four addresses"))
    }

    @Test(arguments: ["10.0.0.0/30", "fd00::/126"])
    func fourAddressesAreEnough(subnet: String) throws {
        #expect(try RangeSet([range(subnet)]).dynamicSpace.count == (subnet.hasPrefix("1") ? 1 : 2))
    }

    @Test func fieldsOutsideTheSubnetAreRefused() throws {
        let outside = try IPAddress("10.1.0.1")
        let subnet = try CIDR("10.0.0.0/24")
        #expect(throws: RangeError.outsideSubnet(.rangeStart, outside, subnet: subnet)) {
            try range("10.0.0.0/24", "10.1.0.1")
        }
        #expect(throws: RangeError.outsideSubnet(.rangeEnd, outside, subnet: subnet)) {
            try range("10.0.0.0/24", nil, "10.1.0.1")
        }
        #expect(throws: RangeError.outsideSubnet(.gateway, outside, subnet: subnet)) {
            try range("10.0.0.0/24", gateway: "10.1.0.1")
        }
        #expect(throws: RangeError.outsideSubnet(.fixedEnd, outside, subnet: subnet)) {
            try range("10.0.0.0/24", fixed: "10.0.0.1-10.1.0.1")
        }
        #expect(throws: RangeError.familyDiffers(.gateway, try IPAddress("fd00::1"), subnet: subnet)) {
            try range("10.0.0.0/24", gateway: "fd00::1")
        }
    }

    /// A router's address on the link (RFC 4861): it lies outside the subnet, and is never given out.
    @Test func gatewayOfAnIPv6SubnetMayBeLinkLocal() throws {
        let range = try PoolRange(subnet: CIDR("fd00:1::/64"), gateway: IPAddress("fe80::1"))
        #expect(try range.rangeStart == IPAddress("fd00:1::1") && range.gateway == IPAddress("fe80::1"))
        #expect(try range.role(of: IPAddress("fe80::1")) == .gateway)
        let set = try RangeSet([range])
        #expect(
            try !set.dynamicSpace.contains(IPAddress("fe80::1")) && set.range(containing: IPAddress("fe80::1")) == nil)
        // Where the pool itself is of these addresses.
        let local = try RangeSet([PoolRange(subnet: CIDR("fe80::/64"), gateway: IPAddress("fe80::9"))])
        #expect(
            try local.dynamicSpace.contains(IPAddress("fe80::8")) && !local.dynamicSpace.contains(IPAddress("fe80::9")))
        for (subnet, gateway) in [
            ("10.0.0.0/24", "169.254.0.1"), ("fd00:1::/64", "fec0::1"), ("10.0.0.0/24", "fe80::1"),
        ] {
            #expect(throws: RangeError.self, "\(gateway)") {
                try PoolRange(subnet: CIDR(subnet), gateway: IPAddress(gateway))
            }
        }
    }

    @Test func reversedRangeIsRefused() {
        #expect(throws: RangeError.self) { try range("10.0.0.0/24", "10.0.0.9", "10.0.0.8") }
    }

    @Test(arguments: ["10.0.0.0", "10.0.0.255"])
    func gatewayMustBeAHost(gateway: String) throws {
        let expected = try RangeError.gatewayNotAHost(IPAddress(gateway), subnet: CIDR("10.0.0.0/24"))
        #expect(throws: expected) { try range("10.0.0.0/24", gateway: gateway) }
    }

    @Test func setsRefuseMixedFamiliesOverlapsAndNothing() throws {
        #expect(throws: RangeError.emptySet) { try RangeSet([]) }
        #expect(throws: RangeError.mixedFamilies(try CIDR("fd00::/64"), index: 1, first: .ipv4)) {
            try RangeSet([range("10.0.0.0/24"), range("fd00::/64")])
        }
        let overlap = RangeError.overlap(
            try AddressRange(parsing: "10.0.0.50-10.0.0.254"), index: 1,
            other: try AddressRange(parsing: "10.0.0.2-10.0.0.99"), otherIndex: 0)
        #expect(throws: overlap) {
            try RangeSet([range("10.0.0.0/24", nil, "10.0.0.99"), range("10.0.0.0/24", "10.0.0.50")])
        }
        #expect(overlap.description == "10.0.0.50-10.0.0.254 overlaps 10.0.0.2-10.0.0.99")
    }

    @Test func rangesOfOneSubnetMayStandSideBySide() throws {
        let set = try RangeSet([range("10.0.0.0/24", nil, "10.0.0.99"), range("10.0.0.0/24", "10.0.0.200")])
        #expect(set.summary == "10.0.0.2-10.0.0.99,10.0.0.200-10.0.0.254")
        #expect(try set.range(containing: IPAddress("10.0.0.210")) == set.ranges[1])
        #expect(try set.range(containing: IPAddress("10.0.0.150")) == set.ranges[0])
        #expect(try set.range(containing: IPAddress("10.0.1.150")) == nil)
    }

    @Test func twoSetsMustNotShareAddresses() throws {
        let left = try RangeSet([range("10.0.0.0/24", "10.0.0.100", fixed: "10.0.0.10-10.0.0.20")])
        let right = try RangeSet([range("10.0.0.0/24", "10.0.0.15", "10.0.0.30")])
        let apart = try RangeSet([range("10.0.0.0/24", "10.0.0.30", "10.0.0.40")])
        #expect(throws: RangeError.self) { try RangeSet.requireDisjoint([left, right]) }
        #expect(throws: Never.self) { try RangeSet.requireDisjoint([left, apart]) }
    }

    @Test func sampleHasItsDynamicAndFixedSpaces() throws {
        let set = try RangeSet([
            range("10.188.0.0/16", "10.188.1.0", "10.188.255.254", fixed: "10.188.0.10-10.188.0.255")
        ])
        #expect(set.dynamicSpace.intervals.map(\.description) == ["10.188.1.0-10.188.255.254"])
        #expect(set.dynamicSpace.count == 65279)
        #expect(set.fixedSpace.count == 246)
        #expect(set.fixedSpace[0].description == "10.188.0.10")
    }

    @Test func hugeSpacesCountWithoutOverflow() throws {
        // All but the network address (anycast), the gateway and what precedes the start.
        let half = try RangeSet([range("8000::/1")]).dynamicSpace
        #expect(half.count == (UInt128(1) << 127) - 2)
        #expect(half[half.count - 1].description == "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
        #expect(half.index(after: half[half.count - 1]) == 0)
        #expect(try half.index(of: IPAddress("8000::5")) == 3)
        #expect(throws: RangeError.subnetIsMapped(try CIDR("::/0"))) { try range("::/0") }
    }

    @Test func rolesNameWhatIsNeverGiven() throws {
        let pool = try range("10.0.0.0/24")
        #expect(pool.role(of: pool.subnet.first) == .network)
        #expect(pool.role(of: pool.subnet.last) == .broadcast)
        #expect(pool.role(of: pool.gateway) == .gateway)
        #expect(pool.role(of: pool.rangeStart) == nil)
    }

    @Test func excludedAddressesAreMerged_andThoseOutsideTheSubnetLeftOut() throws {
        let pool = try PoolRange(
            subnet: CIDR("10.0.0.0/24"), fixed: AddressRange(parsing: "10.0.0.200-10.0.0.210"),
            excluded: [
                "10.0.0.64/28", "10.0.0.80", "10.0.0.70-10.0.0.90", "10.0.0.205", "10.0.0.250-10.0.1.5", "fd00::1",
            ]
            .map { text throws(AddressError) in try AddressRange(parsing: text) })
        #expect(
            pool.excluded.map(\.description) == [
                "10.0.0.64-10.0.0.90", "10.0.0.205", "10.0.0.250-10.0.0.255",
            ])
        let set = try RangeSet([pool])
        #expect(
            set.dynamicSpace.intervals.map(\.description) == [
                "10.0.0.2-10.0.0.63", "10.0.0.91-10.0.0.199", "10.0.0.211-10.0.0.249",
            ])
        #expect(set.fixedSpace.intervals.map(\.description) == ["10.0.0.200-10.0.0.204", "10.0.0.206-10.0.0.210"])
        #expect(try pool.isWithheld(IPAddress("10.0.0.64")) && pool.isWithheld(pool.gateway))
        #expect(try !pool.isWithheld(IPAddress("10.0.0.63")))
    }

    /// What is excluded can be most of the subnet, at the same cost: it is never enumerated.
    @Test func aTwelveOfATenIsExcluded() throws {
        let space = try RangeSet([
            PoolRange(subnet: CIDR("10.0.0.0/10"), excluded: [AddressRange(parsing: "10.16.0.0/12")])
        ]).dynamicSpace
        #expect(space.intervals.map(\.description) == ["10.0.0.2-10.15.255.255", "10.32.0.0-10.63.255.254"])
        #expect(space.count == 3 * 1_048_576 - 3)
        #expect(try space[space.index(after: IPAddress("10.15.255.255"))] == IPAddress("10.32.0.0"))
        #expect(try space[space.index(after: IPAddress("10.20.0.0"))] == IPAddress("10.32.0.0"))
    }

    /// A random set of ranges in small subnets; nil when the draw is not a valid set.
    private func randomSet(_ generator: inout SeededGenerator) -> RangeSet? {
        let isIPv4 = Bool.random(using: &generator)
        let base: UInt128 = isIPv4 ? 0x0ABC_0000 : 0xFD00 << 112
        var ranges: [PoolRange] = []
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let bits = Int.random(in: 2...5, using: &generator)
            let family: AddressFamily = isIPv4 ? .ipv4 : .ipv6
            let start = base + UInt128.random(in: 0..<4, using: &generator) << 5
            let subnet = CIDR(
                containing: IPAddress(family: family, value: start), prefixLength: family.bitWidth - bits)
            func pick(_ generator: inout SeededGenerator) -> IPAddress? {
                guard Bool.random(using: &generator) else { return nil }
                return subnet.first.advanced(by: UInt128.random(in: 0..<subnet.count, using: &generator))
            }
            let (a, b, gateway, c, d) = (
                pick(&generator), pick(&generator), pick(&generator), pick(&generator), pick(&generator)
            )
            var fixed: AddressRange?
            if let c, let d { fixed = AddressRange(unchecked: min(c, d), max(c, d)) }
            let excluded = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                let (e, f) = (
                    UInt128.random(in: 0..<subnet.count, using: &generator),
                    UInt128.random(in: 0..<3, using: &generator)
                )
                // May end after the subnet.
                return AddressRange(
                    unchecked: IPAddress(family: family, value: subnet.first.value + e),
                    IPAddress(family: family, value: subnet.first.value + e + f))
            }
            guard
                let range = try? PoolRange(
                    subnet: subnet, rangeStart: a, rangeEnd: b, gateway: gateway, fixed: fixed, excluded: excluded)
            else { return nil }
            for value in subnet.first.value...subnet.last.value {
                let address = IPAddress(family: family, value: value)
                let isExcluded = excluded.contains { $0.contains(address) }
                #expect((range.exclusion(of: address) != nil) == isExcluded, "\(generator), \(address), \(range)")
                #expect(
                    range.givenOut.contains { $0.contains(address) } == range.mayBeAPods(address),
                    "\(generator), \(address), \(range)")
            }
            ranges.append(range)
        }
        return try? RangeSet(ranges)
    }

    @Test(arguments: Array(1...8) as [UInt64])
    func spacesAgreeWithBruteForce(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var tried = 0
        while tried < 250 {
            guard let set = randomSet(&generator) else { continue }
            tried += 1
            let never = Set(
                set.ranges.flatMap { range in
                    [range.subnet.first, range.subnet.broadcast, range.gateway].compactMap { $0 }
                        + range.excluded.flatMap { part in
                            (part.start.value...part.end.value).map { IPAddress(family: part.family, value: $0) }
                        }
                })
            let fixed = set.ranges.compactMap(\.fixed)
            let dynamicParts = set.ranges.map(\.range)
            check(set.dynamicSpace, dynamicParts, "seed \(seed), \(set)") { address in
                !never.contains(address) && !fixed.contains { $0.contains(address) }
            }
            check(set.fixedSpace, fixed, "seed \(seed), \(set)") { !never.contains($0) }
        }
    }

    private func check(
        _ space: DynamicSpace, _ parts: [AddressRange], _ note: String, isGiven: (IPAddress) -> Bool
    ) {
        let all = parts.flatMap { part in
            (part.start.value...part.end.value).map { IPAddress(family: part.family, value: $0) }
        }
        let given = all.filter(isGiven)
        let listed = (0..<space.count).map { space[$0] }
        #expect(listed == given, "\(note)")
        #expect(space.isEmpty == given.isEmpty, "\(note)")
        for start in all {
            for end in all where start <= end {
                let range = AddressRange(unchecked: start, end)
                let count = given.count(where: range.contains)
                #expect(space.count(in: range) == UInt128(count), "\(note), \(range)")
            }
        }
        guard let lowest = all.min(), let highest = all.max() else { return }
        for value in (lowest.value - 3)...(highest.value + 3) {
            let address = IPAddress(family: lowest.family, value: value)
            let index = given.firstIndex(of: address)
            #expect(space.index(of: address) == index.map { UInt128($0) }, "\(note), \(address)")
            #expect(space.contains(address) == (index != nil), "\(note), \(address)")
            // The first that is given among those after it in configured order.
            var after: UInt128 = 0
            if let place = all.firstIndex(of: address), let next = all[(place + 1)...].first(where: isGiven) {
                after = UInt128(given.firstIndex(of: next) ?? 0)
            }
            #expect(space.index(after: address) == after, "\(note), \(address)")
        }
    }
}

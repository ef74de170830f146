import TestSupport
import Testing

@testable import IPAMKit
@testable import ipamctl

/// The map as a value: which cell has which addresses.
@Suite struct AddressMapTests {
    private func entry(_ address: IPAddress, isUsed: Bool) throws -> AddressEntry {
        AddressEntry(
            network: try NetworkName("k8s"), address: address,
            tenancy: isUsed ? Tenancy(containerID: "c-\(address)", addresses: [address]) : nil,
            reservation: isUsed ? nil : Reservation(for: .anyone))
    }

    private func inventory(_ used: [IPAddress], reserved: [IPAddress] = []) throws -> NetworkInventory {
        let entries = try used.map { try entry($0, isUsed: true) } + reserved.map { try entry($0, isUsed: false) }
        let overview = NetworkOverview(
            network: try NetworkName("k8s"), revision: 1, rangeSets: nil, settings: nil, problems: [])
        return NetworkInventory(overview, entries)
    }

    private func address(_ base: IPAddress, _ distance: Int) throws -> IPAddress {
        try #require(base.advanced(by: UInt128(distance)))
    }

    private func set(_ subnet: String, fixed: String? = nil, range: String? = nil) throws -> RangeSet {
        let range = try range.map { try AddressRange(parsing: $0) }
        return try RangeSet([
            PoolRange(
                subnet: CIDR(subnet), rangeStart: range?.start, rangeEnd: range?.end,
                fixed: fixed.map { text throws(AddressError) in try AddressRange(parsing: text) })
        ])
    }

    private func section(_ map: AddressMap, _ index: Int = 0) throws -> MapSection {
        try #require(map.sections.count > index ? map.sections[index] : nil)
    }

    /// Random subnets, ranges and addresses in use: each address is in exactly one cell, and is counted there for what it is.
    @Test func everyAddressIsInExactlyOneCell() throws {
        for _ in 0..<Repetitions.of(40) {
            var generator = SeededGenerator()
            let prefix = Int.random(in: 20...30, using: &generator)
            let base = IPAddress(
                family: .ipv4, value: UInt128(10 << 24 | Int.random(in: 0..<4096, using: &generator) << 12))
            let subnet = CIDR(containing: base, prefixLength: prefix)
            let size = 1 << (32 - prefix)
            func random() throws -> IPAddress { try address(subnet.first, Int.random(in: 2..<size, using: &generator)) }
            let (a, b, c, d) = (try random(), try random(), try random(), try random())
            let fixed = Bool.random(using: &generator) ? AddressRange(unchecked: min(a, b), max(a, b)) : nil
            let set = try RangeSet([PoolRange(subnet: subnet, rangeStart: min(c, d), rangeEnd: max(c, d), fixed: fixed)]
            )
            var all = (0..<size).shuffled(using: &generator).prefix(Int.random(in: 0...size, using: &generator))
            if Bool.random(using: &generator) { all = all.prefix(4) }
            let held = try all.map { try address(subnet.first, $0) }
            let reserved = Set(held.prefix(held.count / 3))
            let inventory = try inventory(held.filter { !reserved.contains($0) }, reserved: Array(reserved))
            let map = AddressMap(inventory, [set])
            let section = try section(map)
            let holders = Set(held)
            func state(_ address: IPAddress) -> MapState {
                if reserved.contains(address) { return .reserved }
                if holders.contains(address) { return .used }
                if set.fixedSpace.contains(address) { return .fixed }
                if set.dynamicSpace.contains(address) { return .free }
                return address == set.ranges[0].gateway ? .gateway : .excluded
            }
            func addresses(_ state: AddressEntry.State) -> [IPAddress] {
                inventory.entries.filter { $0.state == state }.map(\.address)
            }
            let occupancy = NetworkOccupancy(
                inventory.overview, used: addresses(.used), reserved: addresses(.reserved))
            let summary = occupancy.summary(rangeSets: [set])
            #expect(map.counts[.free] == summary.free && map.counts[.fixed] == summary.freeFixed, "\(generator)")
            #expect(map.counts.total == UInt128(size), "\(generator)")
            let most = Int.random(in: 1...40, using: &generator)
            let grid = MapGrid(section, cellBits: Int.random(in: 0...7, using: &generator), mostRows: most)
            #expect(grid.rows.count <= most, "\(generator)")
            var next: IPAddress? = subnet.first
            for cell in grid.rows.flatMap(\.cells) {
                #expect(cell.range.start == next, "\(generator)")
                var counts = MapCounts()
                for offset in 0..<Int(cell.range.count) { counts[state(try address(cell.range.start, offset))] += 1 }
                #expect(cell.counts == counts, "\(generator) \(cell.range)")
                #expect(UInt128(cell.entries.count) == counts.taken, "\(generator) \(cell.range)")
                next = cell.range.end.advanced(by: 1)
            }
            #expect(next == subnet.last.advanced(by: 1), "\(generator)")
        }
    }

    @Test func aSmallSubnetHasACellForEachAddress() throws {
        let map = AddressMap(
            try inventory([IPAddress("10.7.0.5")], reserved: [IPAddress("10.7.0.17")]),
            [try set("10.7.0.0/27", fixed: "10.7.0.16-10.7.0.19", range: "10.7.0.2-10.7.0.24")])
        let picture = MapPicture(
            [map], size: .init(columns: 80, rows: 24), characters: MapCharacters(isUTF8: false), hasColor: false)
        #expect(
            picture.lines == [
                "k8s  10.7.0.0/27  gateway 10.7.0.1  a cell is an address",
                "1 used, 1 reserved, 18 free, 3 free fixed, 1 gateway, 8 excluded",
                "          +0       +8       +16      +24",
                "10.7.0.0  -G...#.. ........ frff.... .-------",
                "",
                "# used  r reserved  . free  f free, fixed range  G gateway  - excluded",
            ])
    }

    /// The addresses in use are at the start: they are shown one by one, and the rest is a line.
    @Test func anIPv6SubnetIsFoldedToWhatIsInUse() throws {
        let used = try (2..<70).map { try address(IPAddress("fd00:188::"), $0) }
        let map = AddressMap(try inventory(used), [try set("fd00:188::/64")])
        let grid = MapGrid(try section(map), cellBits: 6, mostRows: 8)
        #expect(grid.blockBits == 0 && grid.rows.count == 3)
        guard case .folded(let cell, let rows) = try #require(grid.rows.last) else {
            Issue.record("the last row is not folded")
            return
        }
        #expect(rows == (1 << 58) - 2 && cell.state == .free)
        #expect(cell.range.description == "fd00:188::80-fd00:188::ffff:ffff:ffff:ffff")
        #expect(map.counts.total == 1 << 64)
    }

    /// Addresses that are spread all over a /64 need blocks; the work depends on their number only.
    @Test func spreadAddressesOfAnIPv6SubnetGetBlocks() throws {
        var generator = SeededGenerator()
        let base = try IPAddress("fd00:188::")
        let used = Set((0..<1000).map { _ in UInt128(UInt64.random(in: 2..<UInt64.max, using: &generator)) })
            .map { IPAddress(family: .ipv6, value: base.value + $0) }
        let map = AddressMap(try inventory(used), [try set("fd00:188::/64")])
        let grid = MapGrid(try section(map), cellBits: 6, mostRows: 17)
        #expect(grid.rows.count <= 17 && grid.blockBits >= 54, "\(generator)")
        let total = grid.rows.flatMap(\.cells).reduce(into: MapCounts()) { $0 += $1.counts }
        #expect(total == map.counts && total[.used] == UInt128(used.count), "\(generator)")
    }

    @Test func theLargestSubnetsHaveMaps() throws {
        for subnet in ["4000::/2", "8000::/2", "0.0.0.0/1", "10.0.0.0/12", "fe00::/7"] {
            let set = try set(subnet)
            let map = AddressMap(try inventory([set.ranges[0].rangeStart]), [set])
            for bits in [0, 3, 7] {
                let grid = MapGrid(try section(map), cellBits: bits, mostRows: 5)
                let counts = grid.rows.flatMap(\.cells).reduce(into: MapCounts()) { $0 += $1.counts }
                #expect(counts == map.counts && grid.rows.count <= 5, "\(subnet)")
            }
        }
    }

    @Test func aBlockShowsHowMuchOfItIsTaken() throws {
        func cell(_ used: UInt128, _ reserved: UInt128, _ free: UInt128) throws -> MapCell {
            var counts = MapCounts()
            (counts[.used], counts[.reserved], counts[.free]) = (used, reserved, free)
            return MapCell(range: try AddressRange(parsing: "10.0.0.0/26"), counts: counts, entries: [])
        }
        let cells = try [
            cell(1, 0, 63), cell(32, 0, 32), cell(40, 0, 24), cell(60, 3, 1), cell(60, 4, 0), cell(0, 9, 9),
        ]
        #expect(String(cells.map(MapCharacters(isUTF8: true).character)) == "▁▄▅▇█◆")
        #expect(String(cells.map(MapCharacters(isUTF8: false).character)) == "1569#r")
    }

    @Test func zoomingShowsOnlyTheAddressesNamed() throws {
        let used = try ["10.7.0.5", "10.7.0.77", "10.7.0.90", "10.9.0.1"].map { try IPAddress($0) }
        let filter = AddressFilter([try AddressFilter(argument: "10.7.0.70-10.7.0.79,10.7.0.88/29")])
        let map = AddressMap(try inventory(used), [try set("10.7.0.0/24")], only: filter)
        let cells = MapGrid(try section(map), cellBits: 6, mostRows: 64).rows.flatMap(\.cells)
        #expect(map.sections.count == 1 && cells.count == 18)
        #expect(cells.filter { $0.state == .used }.map(\.range.description) == ["10.7.0.77", "10.7.0.90"])
        // One cell for all of it: what is between the parts does not count.
        let single = MapGrid(try section(map), cellBits: 0, mostRows: 1).rows.flatMap(\.cells)
        #expect(single.map(\.counts.total) == [18] && single[0].entries.count == 2)
    }

    @Test func addressesOutsideOfEverySubnetAreShownApart() throws {
        let used = try ["10.7.0.5", "10.99.0.1", "192.168.0.9", "fd00::7"].map { try IPAddress($0) }
        let map = AddressMap(try inventory(used), [try set("10.7.0.0/24")])
        #expect(map.sections.map(\.subnet?.description) == ["10.7.0.0/24", nil, nil])
        #expect(map.sections.map(\.counts[.used]) == [1, 2, 1])
        #expect(map.sections[1].counts.total == 2)
    }

    @Test func theRulerHasTheEndsOfAddresses() throws {
        #expect(MapPicture.distance(48, .ipv4) == "48")
        #expect(MapPicture.distance(16 * 256, .ipv4) == "16.0")
        #expect(MapPicture.distance(0x1_0000_0010, .ipv6) == "1:0:10")
    }

    @Test func everyPictureFitsItsTerminal() throws {
        for _ in 0..<Repetitions.of(10) {
            var generator = SeededGenerator()
            let base = try IPAddress("10.188.0.0")
            let used = (0..<Int.random(in: 0...3000, using: &generator)).map { _ in
                Int.random(in: 300..<65_000, using: &generator)
            }
            let map = AddressMap(
                try inventory(Set(used).map { try address(base, $0) }),
                [
                    try set("10.188.0.0/16", fixed: "10.188.0.10-10.188.0.255", range: "10.188.1.0-10.188.255.254"),
                    try set("fd00:188:1234:5678::/64"),
                ])
            for (columns, rows) in [(80, 24), (200, 50), (60, 24), (132, 30)] {
                let lines = MapPicture(
                    [map], size: .init(columns: columns, rows: rows), characters: MapCharacters(isUTF8: true),
                    hasColor: false
                ).lines
                #expect(lines.count < rows, "\(generator) \(columns)x\(rows): \(lines.count)")
                #expect(lines.allSatisfy { $0.count <= columns }, "\(generator) \(columns)x\(rows)")
            }
        }
    }
}

import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

@Suite struct FreeSpaceTests {
    /// What a search finds is free, and it finds something exactly when something is free.
    private func check(
        _ set: RangeSet, free: Set<IPAddress>, reserved: Set<IPAddress>, starts: [IPAddress],
        _ comment: Comment
    ) async throws {
        let pool = try TestPool([set])
        let space = set.dynamicSpace
        var held: [(Key, String)] = []
        for interval in space.intervals {
            var next: IPAddress? = interval.start
            while let address = next, address <= interval.end {
                if reserved.contains(address) {
                    held.append((pool.keys.reservation(address), "{}"))
                } else if !free.contains(address) {
                    held.append((pool.keys.used(address), "c"))
                }
                next = address.advanced(by: 1)
            }
        }
        // What lies outside the dynamic space must not be counted for anything.
        for interval in set.fixedSpace.intervals.prefix(1) { held.append((pool.keys.used(interval.start), "c")) }
        held.append((pool.keys.used(set.ranges[0].gateway), "c"))
        // Addresses that were given before they were excluded.
        for part in set.ranges.flatMap(\.excluded) {
            held += (part.start.value...min(part.end.value, part.start.value + 200)).map {
                (pool.keys.used(IPAddress(family: part.family, value: $0)), "c")
            }
        }
        try await pool.put(held)
        for start in starts {
            let found = try await FreeSpaceSearch(pool: pool.pool(), space: space, start: start, wanted: 8).run()
            #expect(found.allSatisfy(free.contains), "\(comment): \(found) from \(start)")
            #expect(Set(found).count == found.count, "\(comment): twice in \(found)")
            #expect(found.isEmpty == free.isEmpty, "\(comment): from \(start), \(free.count) are free")
        }
        // An ADD finds the last one, or says truly that there is none.
        try await pool.put([(pool.keys.cursor(rangeSet: 0), starts[0].description)])
        do {
            let given = try await pool.pool().add(pool.request("add", nil)).addresses
            #expect(given.count == 1 && free.contains(given[0]), "\(comment): \(given)")
        } catch IPAMError.exhausted(_, _, let size, let count, _) {
            #expect(free.isEmpty, "\(comment): \(free.count) were free")
            #expect(size == space.count && count == reserved.count, "\(comment)")
        }
    }

    @Test(arguments: [51, 52, 53] as [UInt64]) func agreesWithBruteForceAtRandomFills(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let sets = [
            try set("10.63.0.0/24"), try set("10.63.0.0/22 10.63.0.9-10.63.3.200 10.63.1.0-10.63.1.99"),
            try set("10.63.0.0/25", "10.63.7.0/25", "10.63.3.128/26"), try set("fd63::/120"),
            try set("fd63::/118 - fd63::100-fd63::1ff"),
            try excluding("10.63.0.0/22", &generator), try excluding("10.63.0.0/24", &generator),
            try excluding("10.63.0.0/22 - 10.63.2.0-10.63.2.200", &generator), try excluding("fd63::/120", &generator),
        ]
        for set in sets {
            for fill in [0, 0.5, 0.99, 1] {
                let space = set.dynamicSpace
                let all = (0..<space.count).map { space[$0] }
                let free = Set(all.filter { _ in Double.random(in: 0..<1, using: &generator) >= fill })
                let reserved = Set(
                    all.filter { !free.contains($0) && Double.random(in: 0..<1, using: &generator) < 0.2 })
                let starts = (0..<3).map { _ in all.randomElement(using: &generator) ?? all[0] }
                try await check(
                    set, free: free, reserved: reserved, starts: starts, "\(generator) fill \(fill) of \(set.summary)")
            }
        }
    }

    /// The range of `text` with up to 40 random exclusions, of one address to a quarter of a /24, and something left.
    private func excluding(_ text: String, _ generator: inout SeededGenerator) throws -> RangeSet {
        while true {
            let set = try excludingAny(text, &generator)
            if !set.dynamicSpace.isEmpty { return set }
        }
    }

    private func excludingAny(_ text: String, _ generator: inout SeededGenerator) throws -> RangeSet {
        let whole = try set(text).ranges[0]
        let excluded = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
            let start = UInt128.random(in: 2..<whole.subnet.count, using: &generator)
            let count = UInt128.random(in: 0..<(Bool.random(using: &generator) ? 4 : 64), using: &generator)
            return AddressRange(
                unchecked: IPAddress(family: whole.family, value: whole.subnet.first.value + start),
                IPAddress(family: whole.family, value: whole.subnet.first.value + start + count))
        }
        let range = try PoolRange(
            subnet: whole.subnet, rangeStart: whole.rangeStart, rangeEnd: whole.rangeEnd, fixed: whole.fixed,
            excluded: excluded)
        return try RangeSet([range])
    }

    @Test(arguments: ["10.63.0.2", "10.63.0.255", "10.63.1.0", "10.63.2.77", "10.63.3.254", ""])
    func findsTheLastFreeAddressAnywhere(last: String) async throws {
        let set = try set("10.63.0.0/22")
        let starts = ["10.63.0.2", "10.63.1.255", "10.63.3.254"].map(address)
        let reserved: Set = [address("10.63.2.9")]
        try await check(
            set, free: Set([last].filter { !$0.isEmpty }.map(address)), reserved: reserved, starts: starts, "last")
    }

    /// Half of every /24 is excluded, and some excluded addresses are held: a full block has as many keys as one with room.
    @Test(.needs(.etcd)) func blocksThatAreExcludedInPartAreSearchedInAFewReads() async throws {
        let halves = (0..<256).map { AddressRange(unchecked: address("10.64.\($0).128"), address("10.64.\($0).255")) }
        let set = try RangeSet([PoolRange(subnet: CIDR("10.64.0.0/16"), excluded: halves)])
        let pool = try await TestPool.onEtcd([set])
        let space = set.dynamicSpace
        let (last, hidden) = (address("10.64.200.17"), address("10.64.9.9"))
        try await pool.put(
            (0..<space.count).map { space[$0] }.filter { $0 != last && $0 != hidden }
                .map { (pool.keys.used($0), "c") })
        // Block 9 looks as full as the others.
        try await pool.put([(pool.keys.used(address("10.64.9.200")), "c")])
        let store = FaultyStore(pool.store())
        let search = FreeSpaceSearch(pool: pool.pool(store), space: space, start: space[0], wanted: 8)
        #expect(try await search.run() == [last])
        #expect(store.reads < 20, "\(store.reads) reads")
        try await pool.put([(pool.keys.used(last), "c")])
        #expect(try await search.run() == [hidden])
        #expect(store.reads < 60, "\(store.reads) reads")
        let given = try await pool.pool().add(pool.request("add", nil)).addresses
        #expect(given == [hidden])
        let error = await #expect(throws: IPAMError.self) { _ = try await pool.pool().add(pool.request("next", nil)) }
        #expect(
            error == .exhausted(network: pool.network, ranges: set.summary, size: space.count, reserved: 0))
    }

    /// Filled from the start, as a pool fills: the search begins behind the cursor, and wraps around.
    @Test(.needs(.etcd)) func aSixteenFilledFromItsStartIsSearchedInAFewReads() async throws {
        let set = try set("10.64.0.0/16")
        let pool = try await TestPool.onEtcd([set])
        let space = set.dynamicSpace
        let last = address("10.64.200.17")
        try await pool.put(
            (0..<space.count).map { space[$0] }.filter { $0 != last }.map { (pool.keys.used($0), "c") })
        for start in [space[0], address("10.64.100.1"), address("10.64.200.18")] {
            let store = FaultyStore(pool.store())
            let search = FreeSpaceSearch(pool: pool.pool(store), space: space, start: start, wanted: 8)
            #expect(try await search.run() == [last])
            #expect(store.reads < 20, "\(store.reads) reads from \(start)")
        }
        try await pool.put([(pool.keys.reservation(last), "{}")])
        let error = await #expect(throws: IPAMError.self) { _ = try await pool.pool().add(pool.request("add", nil)) }
        #expect(
            error == .exhausted(network: pool.network, ranges: set.summary, size: space.count, reserved: 1))
    }
}

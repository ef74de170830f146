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

    @Test(arguments: ["10.63.0.2", "10.63.0.255", "10.63.1.0", "10.63.2.77", "10.63.3.254", ""])
    func findsTheLastFreeAddressAnywhere(last: String) async throws {
        let set = try set("10.63.0.0/22")
        let starts = ["10.63.0.2", "10.63.1.255", "10.63.3.254"].map(address)
        let reserved: Set = [address("10.63.2.9")]
        try await check(
            set, free: Set([last].filter { !$0.isEmpty }.map(address)), reserved: reserved, starts: starts, "last")
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

import TestSupport
import Testing

@testable import IPAMKit

/// Successive free addresses, compared with a search that looks at every address.
@Suite struct FreeRunTests {
    private func occupancy(_ sets: [RangeSet], taken: [IPAddress]) throws -> NetworkOccupancy {
        let overview = NetworkOverview(
            network: try NetworkName("k8s"), revision: 1, rangeSets: sets, settings: nil, problems: [])
        // Both kinds of addresses are taken.
        let used = taken.filter { $0.value % 2 == 0 }.sorted()
        return NetworkOccupancy(overview, used: used, reserved: taken.filter { $0.value % 2 == 1 }.sorted())
    }

    @Test func theFixedRangeComesFirst_theDynamicRangeOnlyIfNoRunFits() throws {
        let sets = [try set("10.5.0.0/24 10.5.0.100-10.5.0.254 10.5.0.10-10.5.0.19")]
        let occupancy = try occupancy(sets, taken: ["10.5.0.12", "10.5.0.16"].map(address))
        func run(_ count: Int) -> String? { occupancy.freeRun(of: sets, count: count).run?.description }
        #expect(run(1) == "10.5.0.10" && run(2) == "10.5.0.10-10.5.0.11" && run(3) == "10.5.0.13-10.5.0.15")
        #expect(run(4) == "10.5.0.100-10.5.0.103")
        #expect(run(155) == "10.5.0.100-10.5.0.254")
        #expect(occupancy.freeRun(of: sets, count: 156) == FreeRun(run: nil, longest: 155))
    }

    @Test func aRunLeavesOutGatewayNetworkAndBroadcast() throws {
        let sets = [try set("10.5.0.0/28 - 10.5.0.0-10.5.0.15")]
        let occupancy = try occupancy(sets, taken: [])
        #expect(occupancy.freeRun(of: sets, count: 13).run == range("10.5.0.2-10.5.0.14"))
        #expect(occupancy.freeRun(of: sets, count: 14).longest == 13)
        #expect(occupancy.freeRun(of: [], count: 1) == FreeRun(run: nil, longest: 0))
    }

    @Test func theLastAddressesOfAFamilyAreNoProblem() throws {
        let sets = [try set("ffff:ffff:ffff:ffff::/64")]
        let last = address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
        let occupancy = try occupancy(sets, taken: [last])
        let first = address("ffff:ffff:ffff:ffff::2")
        #expect(occupancy.freeRun(of: sets, count: 1024).run?.start == first)
        #expect(occupancy.freeRun(of: sets, count: .max).run?.start == first)
        // 2^64 less the network, the gateway and the one that is held.
        #expect(occupancy.freeRun(of: sets, count: 2).longest == UInt128(UInt64.max) - 2)
    }

    /// All runs by looking at every address, the fixed ones first.
    private func expected(_ sets: [RangeSet], _ held: Set<IPAddress>, _ count: Int) -> (
        run: AddressRange?, longest: Int
    ) {
        var longest = 0
        for spaces in [sets.map(\.fixedSpace), sets.map(\.dynamicSpace)] {
            var candidates: [(IPAddress, Int)] = []
            for space in spaces {
                let free = Set(
                    space.intervals.flatMap { interval in
                        (interval.start.value...interval.end.value).map {
                            IPAddress(family: interval.family, value: $0)
                        }
                    }
                ).subtracting(held)
                for start in free {
                    var length = 0
                    while let next = start.advanced(by: UInt128(length)), free.contains(next) { length += 1 }
                    candidates.append((start, length))
                }
            }
            longest = max(longest, candidates.map(\.1).max() ?? 0)
            let fitting = candidates.filter { $0.1 >= count }.map(\.0)
            if let start = fitting.min(), let end = start.advanced(by: UInt128(count - 1)) {
                return (AddressRange(unchecked: start, end), longest)
            }
        }
        return (nil, longest)
    }

    @Test func everyRunIsTheOneThatASearchOfAllAddressesFinds() throws {
        var generator = SeededGenerator()
        for _ in 0..<300 {
            func random(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
            // Two ranges that may touch, in one set or in two, each with fixed addresses or without.
            let middle = random(12...40)
            let gap = random(0...2)
            let fixed = random(4...10)
            let texts = [
                "10.5.0.0/26 10.5.0.\(random(2...11))-10.5.0.\(middle)"
                    + (random(0...1) == 0 ? "" : " 10.5.0.2-10.5.0.\(fixed)"),
                "10.5.0.0/26 10.5.0.\(middle + 1 + gap)-10.5.0.\(random(middle + 3...62))"
                    + (random(0...1) == 0 ? "" : " 10.5.0.\(fixed + 1)-10.5.0.\(fixed + 1 + random(0...1))"),
            ]
            let sets =
                random(0...1) == 0
                ? try texts.map { try set($0) } : [try RangeSet(texts.flatMap { try set($0).ranges })]
            let held = Set((0..<random(0...40)).map { _ in address("10.5.0.\(random(0...63))") })
            let count = random(1...24)
            let found = try occupancy(sets, taken: Array(held)).freeRun(of: sets, count: count)
            let wanted = expected(sets, held, count)
            #expect(found.run == wanted.run, "\(generator): \(texts), held \(held.sorted()), \(count)")
            if wanted.run == nil {
                #expect(found.longest == UInt128(wanted.longest), "\(generator): \(texts), held \(held.sorted())")
            }
        }
    }
}

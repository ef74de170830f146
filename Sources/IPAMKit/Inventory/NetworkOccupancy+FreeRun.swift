/// The result of the search for successive free addresses.
public struct FreeRun: Hashable, Sendable {
    /// The addresses; nil if there are not so many in a row.
    public let run: AddressRange?
    /// The number of addresses of the longest run that was seen; if ``run`` is nil, of the longest that there is.
    public let longest: UInt128
}

extension NetworkOccupancy {
    /// The lowest run of `count` successive addresses that are neither used nor reserved: in the fixed ranges of `rangeSets`,
    /// or, if none is long enough there, in the dynamic ranges. A run is in one range set, and never in both kinds of ranges.
    ///
    /// The time depends on the number of addresses and ranges, and not on the sizes of the ranges.
    ///
    /// - Parameter count: at least 1.
    public func freeRun(of rangeSets: [RangeSet], count: Int) -> FreeRun {
        let taken = taken
        let wanted = UInt128(max(1, count))
        var longest: UInt128 = 0
        for spaces in [rangeSets.map(\.fixedSpace), rangeSets.map(\.dynamicSpace)] {
            let intervals = spaces.flatMap { AddressRange.merged($0.intervals) }.sorted { $0.start < $1.start }
            for interval in intervals {
                for gap in Self.gaps(of: interval, taken) {
                    longest = max(longest, gap.count)
                    guard gap.count >= wanted else { continue }
                    let end = IPAddress(family: gap.family, value: gap.start.value + (wanted - 1))
                    return FreeRun(run: AddressRange(unchecked: gap.start, end), longest: longest)
                }
            }
        }
        return FreeRun(run: nil, longest: longest)
    }

    /// The parts of `interval` between the addresses of `held`, which are ascending.
    private static func gaps(of interval: AddressRange, _ held: [IPAddress]) -> [AddressRange] {
        var low = held.partitionPoint { $0 < interval.start }
        var gaps: [AddressRange] = []
        var next: IPAddress? = interval.start
        while low < held.count, held[low] <= interval.end, let start = next {
            if start < held[low] {
                gaps.append(
                    AddressRange(unchecked: start, IPAddress(family: start.family, value: held[low].value - 1)))
            }
            next = held[low].advanced(by: 1)
            low += 1
        }
        if let start = next, start <= interval.end { gaps.append(AddressRange(unchecked: start, interval.end)) }
        return gaps
    }
}

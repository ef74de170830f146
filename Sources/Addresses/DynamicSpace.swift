/// The addresses of a range set that may be given out, numbered from 0 in configured order.
///
/// The network, broadcast, gateway and excluded addresses of the set's ranges are never part of it. For IPv6, the
/// network address is the subnet-router anycast address (RFC 4291 section 2.6.1).
public struct DynamicSpace: Sendable {
    /// The addresses as disjoint ranges: in configured order, ascending within each configured range.
    public let intervals: [AddressRange]
    /// The number of addresses.
    public let count: UInt128

    /// For each interval, the number of its first address.
    private let firstIndices: [UInt128]
    /// The configured ranges, and for each the first of its intervals.
    private let parts: [(range: AddressRange, firstInterval: Int)]

    /// The addresses of a range set that may be given dynamically.
    public init(_ set: RangeSet) {
        self = set.dynamicSpace
    }

    /// The addresses of disjoint ranges without those of other ranges.
    init(parts: [AddressRange], removing removed: [AddressRange]) {
        let removed = removed.sorted { $0.start < $1.start }
        var intervals: [AddressRange] = []
        var firstIntervals: [Int] = []
        for part in parts {
            firstIntervals.append(intervals.count)
            var next: IPAddress? = part.start
            for hole in removed where hole.overlaps(part) {
                guard let start = next else { break }
                if hole.start > start {
                    let before = IPAddress(family: part.family, value: hole.start.value - 1)
                    intervals.append(AddressRange(unchecked: start, before))
                }
                next = hole.end.advanced(by: 1).map { max($0, start) }
            }
            if let start = next, start <= part.end {
                intervals.append(AddressRange(unchecked: start, part.end))
            }
        }
        var count: UInt128 = 0
        var firstIndices: [UInt128] = []
        for interval in intervals {
            firstIndices.append(count)
            // Cannot overflow: the intervals are disjoint and leave out at least the network address.
            count += interval.count
        }
        self.intervals = intervals
        self.count = count
        self.firstIndices = firstIndices
        self.parts = Array(zip(parts, firstIntervals))
    }

    /// Whether there is no address.
    public var isEmpty: Bool { intervals.isEmpty }

    /// The address at a position.
    ///
    /// - Precondition: `index` is less than ``count``.
    public subscript(index: UInt128) -> IPAddress {
        precondition(index < count, "the space has \(count) addresses")
        var low = 0
        var high = intervals.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if firstIndices[middle] <= index {
                low = middle
            } else {
                high = middle - 1
            }
        }
        let start = intervals[low].start
        return IPAddress(family: start.family, value: start.value + (index - firstIndices[low]))
    }

    /// The position of an address, from 0; nil if the space does not have the address.
    public func index(of address: IPAddress) -> UInt128? {
        guard let part = parts.firstIndex(where: { $0.range.contains(address) }),
            case let position = firstInterval(endingAtOrAfter: address, of: part), position < endOfIntervals(of: part),
            intervals[position].contains(address)
        else { return nil }
        return firstIndices[position] + (address.value - intervals[position].start.value)
    }

    /// Whether the space has an address.
    public func contains(_ address: IPAddress) -> Bool { index(of: address) != nil }

    /// The number of the space's addresses in a range.
    public func count(in range: AddressRange) -> UInt128 {
        parts.indices.reduce(0) { sum, part in
            guard parts[part].range.overlaps(range) else { return sum }
            let end = endOfIntervals(of: part)
            let first = firstInterval(endingAtOrAfter: max(range.start, parts[part].range.start), of: part)
            return intervals[first..<end].prefix { $0.start <= range.end }
                .reduce(sum) { $0 + ($1.intersection(range)?.count ?? 0) }
        }
    }

    /// The end of the intervals of a part.
    private func endOfIntervals(of part: Int) -> Int {
        part + 1 < parts.count ? parts[part + 1].firstInterval : intervals.count
    }

    /// The first interval of a part that has `address` or a later address; ``endOfIntervals(of:)`` if there is none.
    private func firstInterval(endingAtOrAfter address: IPAddress, of part: Int) -> Int {
        var low = parts[part].firstInterval
        var high = endOfIntervals(of: part)
        while low < high {
            let middle = (low + high) / 2
            if intervals[middle].end < address {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// The position of the address that follows `address` in configured order; 0 after the last address, and if `address` is
    /// in no configured range. The space itself need not have `address`.
    public func index(after address: IPAddress) -> UInt128 {
        guard let part = parts.firstIndex(where: { $0.range.contains(address) }) else { return 0 }
        let end = endOfIntervals(of: part)
        if let next = address.advanced(by: 1), case let position = firstInterval(endingAtOrAfter: next, of: part),
            position < end
        {
            let start = intervals[position].start
            return firstIndices[position] + (start < next ? next.value - start.value : 0)
        }
        return end < intervals.count ? firstIndices[end] : 0
    }
}

/// Ranges of one family; each attachment gets one address from them.
public struct RangeSet: Hashable, Sendable {
    /// The ranges in configured order: at least one, all of one family, without overlaps.
    public let ranges: [PoolRange]
    /// The dynamic addresses: a pod gets one if it neither requests an address nor has a reservation.
    public let dynamicSpace: DynamicSpace
    /// The fixed addresses without gateways, network and broadcast addresses, and excluded addresses.
    public let fixedSpace: DynamicSpace

    public static func == (left: RangeSet, right: RangeSet) -> Bool { left.ranges == right.ranges }

    public func hash(into hasher: inout Hasher) { hasher.combine(ranges) }

    /// Makes a range set.
    ///
    /// - Throws: ``RangeError`` if there is no range, if the families differ, or if the addresses given out, or the fixed
    ///   addresses, of two ranges overlap. Ranges may share a subnet.
    public init(_ ranges: [PoolRange]) throws(RangeError) {
        guard let first = ranges.first else { throw .emptySet }
        for (index, range) in ranges.enumerated() where range.family != first.family {
            throw .mixedFamilies(range.subnet, index: index, first: first.family)
        }
        try Self.requireDisjoint(ranges.enumerated().map { ($0.element.range, $0.offset) })
        try Self.requireDisjoint(
            ranges.enumerated().compactMap { item in item.element.fixed.map { ($0, item.offset) } })
        self.ranges = ranges
        let withheld = ranges.flatMap(\.withheld)
        let fixed = ranges.compactMap(\.fixed)
        dynamicSpace = DynamicSpace(parts: ranges.map(\.range), removing: withheld + fixed)
        fixedSpace = DynamicSpace(parts: fixed, removing: withheld)
    }

    /// Checks that no two range sets have an address in common, given out or fixed.
    ///
    /// - Throws: ``RangeError/overlap(_:index:other:otherIndex:)`` with the indices of the sets.
    public static func requireDisjoint(_ sets: [RangeSet]) throws(RangeError) {
        try requireDisjoint(sets.enumerated().flatMap { set in set.element.union.map { ($0, set.offset) } })
    }

    /// The family of all ranges.
    public var family: AddressFamily {
        // The initializer refuses an empty set.
        ranges.first?.family ?? .ipv4
    }

    /// The range that an address belongs to: the range that gives it out, else the range that has it as fixed, else the first
    /// range whose subnet has it; nil if the address is in no subnet.
    public func range(containing address: IPAddress) -> PoolRange? {
        let candidates = ranges.filter { $0.subnet.contains(address) }
        return candidates.first { $0.range.contains(address) }
            ?? candidates.first { $0.fixed?.contains(address) == true } ?? candidates.first
    }

    /// The ranges as text, comma separated: "10.188.1.0-10.188.255.254".
    public var summary: String {
        ranges.map { "\($0.rangeStart)-\($0.rangeEnd)" }.joined(separator: ",")
    }

    /// The addresses given out or fixed, as ascending disjoint ranges.
    private var union: [AddressRange] {
        var merged: [AddressRange] = []
        for part in (ranges.map(\.range) + ranges.compactMap(\.fixed)).sorted(by: { $0.start < $1.start }) {
            if let last = merged.last, last.overlaps(part) {
                merged[merged.count - 1] = AddressRange(unchecked: last.start, max(last.end, part.end))
            } else {
                merged.append(part)
            }
        }
        return merged
    }

    private static func requireDisjoint(_ parts: [(range: AddressRange, index: Int)]) throws(RangeError) {
        let sorted = parts.sorted { ($0.range.start, $0.index) < ($1.range.start, $1.index) }
        for (left, right) in zip(sorted, sorted.dropFirst()) where left.range.overlaps(right.range) {
            // The error names the range that comes later in the configuration.
            let (later, earlier) = left.index > right.index ? (left, right) : (right, left)
            throw .overlap(
                later.range, index: later.index, other: earlier.range, otherIndex: earlier.index)
        }
    }
}

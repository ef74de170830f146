import IPAMKit

/// Successive addresses of one state; the one before and the one after, if they are adjacent, have another state.
struct MapSegment: Hashable, Sendable {
    let range: AddressRange
    let state: MapState

    /// Divides addresses by their states.
    ///
    /// The number of segments depends on the number of ranges and entries, not on the number of addresses.
    ///
    /// - Parameters:
    ///   - parts: the addresses: ascending and disjoint.
    ///   - rangeSets: what the addresses without an entry are for.
    ///   - entries: the addresses that are used or reserved, ascending; those outside of `parts` are ignored.
    static func segments(of parts: [AddressRange], _ rangeSets: [RangeSet], _ entries: ArraySlice<AddressEntry>)
        -> [MapSegment]
    {
        let background = MapBackground(rangeSets)
        var segments: [MapSegment] = []
        func append(_ range: AddressRange, _ state: MapState) {
            guard let last = segments.last, last.state == state, last.range.end.advanced(by: 1) == range.start else {
                return segments.append(MapSegment(range: range, state: state))
            }
            segments[segments.count - 1] = MapSegment(
                range: AddressRange(unchecked: last.range.start, range.end), state: state)
        }
        var rest = entries
        for whole in parts.flatMap(background.segments) {
            rest = rest.drop { $0.address < whole.range.start }
            var next: IPAddress? = whole.range.start
            while let start = next, let entry = rest.first, entry.address <= whole.range.end {
                rest.removeFirst()
                if start < entry.address {
                    let before = IPAddress(family: start.family, value: entry.address.value - 1)
                    append(AddressRange(unchecked: start, before), whole.state)
                }
                append(AddressRange(entry.address), entry.state == .used ? .used : .reserved)
                next = entry.address.advanced(by: 1)
            }
            if let start = next, start <= whole.range.end {
                append(AddressRange(unchecked: start, whole.range.end), whole.state)
            }
        }
        return segments
    }
}

/// What the addresses of a network are for.
private struct MapBackground {
    private let intervals: [(range: AddressRange, state: MapState)]

    init(_ rangeSets: [RangeSet]) {
        // The first one that contains an address counts.
        intervals =
            rangeSets.flatMap { set in set.fixedSpace.intervals.map { ($0, MapState.fixed) } }
            + rangeSets.flatMap { set in set.dynamicSpace.intervals.map { ($0, MapState.free) } }
            + rangeSets.flatMap { set in set.ranges.map { (AddressRange($0.gateway), MapState.gateway) } }
    }

    /// The parts of `whole` that have one state each, ascending.
    func segments(of whole: AddressRange) -> [MapSegment] {
        var starts: Set<IPAddress> = [whole.start]
        for (range, _) in intervals {
            guard let part = range.intersection(whole) else { continue }
            starts.insert(part.start)
            if part.end < whole.end, let next = part.end.advanced(by: 1) { starts.insert(next) }
        }
        let sorted = starts.sorted()
        return sorted.enumerated().map { index, start in
            let end =
                index + 1 < sorted.count
                ? IPAddress(family: whole.family, value: sorted[index + 1].value - 1) : whole.end
            let state = intervals.first { $0.range.contains(start) }?.state ?? .excluded
            return MapSegment(range: AddressRange(unchecked: start, end), state: state)
        }
    }
}

import Store

/// Rule 5: the next dynamic address, and how a free one is found.
extension AddOperation {
    func dynamicSource(
        inSet index: Int, cursor: Int, after last: IPAddress?, excluding freed: [IPAddress], _ hints: [IPAddress]?
    ) throws(IPAMError) -> AllocationPlan.Source {
        let set = sets[index]
        let space = set.dynamicSpace
        guard !space.isEmpty else { throw exhausted(index, set.summary, size: 0) }
        var candidates =
            hints
            ?? Self.candidates(
                of: space, from: Self.index(after: last, in: space), seed: request.attachment.containerID.text,
                count: AllocationPlan.levels)
        candidates.removeAll(where: freed.contains)
        guard !candidates.isEmpty else { throw exhausted(index, set.summary, size: space.count) }
        return .dynamic(cursor: cursor, candidates: candidates)
    }

    /// The address with the index `start`, followed by others: `count`, or all of a smaller space.
    static func candidates(of space: DynamicSpace, from start: UInt128, seed: String, count: Int) -> [IPAddress] {
        var candidates = [space[start]]
        var spread = SpreadSequence(seed: seed)
        let wanted = Int(clamping: min(space.count, UInt128(count)))
        while candidates.count < wanted {
            // A small range is tried in order, so that every address is tried; in a large range, candidates are spread
            // by the container ID.
            let next =
                space.count <= UInt128(AllocationPlan.levels * 4)
                ? space[(start + UInt128(candidates.count)) % space.count] : space[spread.next() % space.count]
            if !candidates.contains(next) { candidates.append(next) }
        }
        return candidates
    }

    private static func index(after cursor: IPAddress?, in space: DynamicSpace) -> UInt128 {
        cursor.map { space.index(after: $0) } ?? 0
    }

    /// Free addresses for each dynamic range set of a plan whose candidates were all taken.
    func findFree(for plan: AllocationPlan, _ neighbourhood: [ReadResult]) async throws(IPAMError)
        -> [[IPAddress]?]
    {
        var neighbourhood = neighbourhood[...]
        var found = [[IPAddress]?](repeating: nil, count: sets.count)
        for (index, source) in plan.sources.enumerated() {
            guard case .dynamic(_, let candidates) = source else { continue }
            let set = sets[index]
            let space = set.dynamicSpace
            let start = space[Self.index(after: plan.state.cursors[index], in: space)]
            let search = FreeSpaceSearch(pool: pool, space: space, start: start, wanted: 256)
            let around = Neighbourhood(of: candidates)
            var free = around.free(search, Array(neighbourhood.prefix(around.readCount)))
            neighbourhood = neighbourhood.dropFirst(around.readCount)
            if free.isEmpty { free = try await search.run() }
            guard let best = free.first else { throw try await exhausted(index, space, set.summary) }
            // The address after the cursor comes first; the others are spread, so that racing nodes do not meet again.
            let spread = SpreadSequence(seed: request.attachment.containerID.text)
            let rest = free.dropFirst().sorted { spread.rank($0) < spread.rank($1) }
            found[index] = Array(([best] + rest).prefix(AllocationPlan.levels))
        }
        return found
    }

    func exhausted(_ index: Int, _ space: DynamicSpace, _ ranges: String) async throws(IPAMError) -> IPAMError {
        let reserved = try await pool.readAll(keys.reservationsPrefix, .keys).records
            .compactMap { Keyspace.address(of: $0.key, in: keys.reservationsPrefix) }
            .count { space.contains($0) }
        return exhausted(index, ranges, size: space.count, reserved: reserved)
    }

    /// The error for a range set that has no address left; it names the range set if there are several.
    func exhausted(_ index: Int, _ ranges: String, size: UInt128, reserved: Int = 0) -> IPAMError {
        var place: RangeSetPlace?
        if sets.count > 1 {
            let number = request.numberedRangeSets[index].cursor
            // ipamctl does not know the runtime's range sets.
            place = RangeSetPlace(
                family: sets[index].family, index: number < request.rangeSets.count ? number : nil)
        }
        return .exhausted(network: keys.network, ranges: ranges, size: size, reserved: reserved, in: place)
    }
}

extension DynamicSpace {
    var summary: String { intervals.map(\.description).joined(separator: ",") }
}

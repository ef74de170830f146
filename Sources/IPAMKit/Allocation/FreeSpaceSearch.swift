import Store

/// Finds free addresses of a range set whose neighbourhood is full, by counting keys: the cost follows the text
/// prefixes of the addresses, not the pool's fill.
///
/// IPv4: the /16 blocks are counted one by one, beginning with the cursor's; in the first that has room, its /24 blocks
/// are counted in one read; of those that have room, a few are read. Keys of a block may be outside the space (excluded
/// addresses, the fixed range): a block with at least as many keys as the space has addresses there is looked at only if
/// no other block has room. IPv6 text has no blocks: some addresses are probed
/// at random; only if all of them are held, which does not happen in an IPv6 subnet of usual size, everything is read.
struct FreeSpaceSearch {
    let pool: AddressPool
    let space: DynamicSpace
    /// The first address to try: the one after the cursor.
    let start: IPAddress
    /// The number of free addresses that is enough.
    let wanted: Int

    private static let countsPerRead = 64
    private static let blocksPerRead = 4
    private static let doubtfulBlocksPerRead = 16
    private static let probes = 32

    /// Free addresses, at most ``wanted``, in the order in which to try them; empty if there are none.
    func run() async throws(IPAMError) -> [IPAddress] {
        guard start.family == .ipv4 else {
            let probed = try await probe()
            return probed.isEmpty ? try await fromAllKeys() : probed
        }
        let sixteens = TextBlock.blocks(of: space, octets: 2, startingAt: start)
        var (doubtfulSixteens, doubtful): ([TextBlock], [TextBlock]) = ([], [])
        for sixteen in sixteens {
            if sixteens.count > 1 {
                switch room(in: sixteen, try await pool.read([sixteen.usedRead(pool.keys, .count)]).results.first) {
                case .none: continue
                case .doubtful:
                    doubtfulSixteens.append(sixteen)
                    continue
                case .some: break
                }
            }
            let free = try await search(sixteen, &doubtful)
            if !free.isEmpty { return free }
        }
        for sixteen in doubtfulSixteens {
            let free = try await search(sixteen, &doubtful)
            if !free.isEmpty { return free }
        }
        return try await read(doubtful[...], Self.doubtfulBlocksPerRead)
    }

    /// What the number of a block's used keys says about its free addresses.
    private enum Room {
        case none
        /// Some of the keys may be those of addresses outside the space.
        case doubtful
        /// At least one address is not in use; it may be reserved.
        case some
    }

    private func room(in block: TextBlock, _ counted: ReadResult?) -> Room {
        let count = UInt128(counted?.count ?? 0)
        if count >= block.range.count { return .none }
        return count < space.count(in: block.range) ? .some : .doubtful
    }

    /// - Parameter doubtful: is given the blocks that may have room.
    private func search(_ sixteen: TextBlock, _ doubtful: inout [TextBlock]) async throws(IPAMError) -> [IPAddress] {
        var blocks = TextBlock.blocks(of: space, octets: 3, within: sixteen.range, startingAt: start)[...]
        while !blocks.isEmpty {
            let counted = blocks.prefix(Self.countsPerRead)
            blocks = blocks.dropFirst(Self.countsPerRead)
            let counts = try await pool.read(counted.map { $0.usedRead(pool.keys, .count) })
            var withRoom: [TextBlock] = []
            for (block, count) in zip(counted, counts.results) {
                switch room(in: block, count) {
                case .none: break
                case .doubtful: doubtful.append(block)
                case .some: withRoom.append(block)
                }
            }
            let free = try await read(withRoom[...], Self.blocksPerRead)
            if !free.isEmpty { return free }
        }
        return []
    }

    /// The free addresses of the first blocks that have any; `count` of the blocks are read at once.
    private func read(_ blocks: ArraySlice<TextBlock>, _ count: Int) async throws(IPAMError) -> [IPAddress] {
        var rest = blocks
        while !rest.isEmpty {
            let some = rest.prefix(count)
            rest = rest.dropFirst(count)
            let held = try await pool.read(some.flatMap { $0.reads(pool.keys, .keys) })
            let free = free(in: some.map(\.range), held: held.results)
            if !free.isEmpty { return free }
        }
        return []
    }

    /// The free addresses of the space that lie in `ranges`. `results` are the keys that are held there.
    func free(in ranges: [AddressRange], held results: [ReadResult]) -> [IPAddress] {
        let held = heldAddresses(results.flatMap(\.records))
        var free: [IPAddress] = []
        for range in ranges {
            var inRange: [IPAddress] = []
            for interval in space.intervals where interval.overlaps(range) {
                var next: IPAddress? = max(interval.start, range.start)
                while let address = next, address <= min(interval.end, range.end) {
                    if !held.contains(address) { inRange.append(address) }
                    next = address.advanced(by: 1)
                }
            }
            // Addresses behind the cursor come last, so that an address that was just freed is not given out again at
            // once.
            free += range.contains(start) ? inRange.filter { $0 >= start } + inRange.filter { $0 < start } : inRange
        }
        return Array(free.prefix(wanted))
    }

    /// The free addresses among a few that are picked at random, in one read.
    private func probe() async throws(IPAMError) -> [IPAddress] {
        var picked: [IPAddress] = []
        for _ in 0..<Self.probes {
            let address = space[UInt128.random(in: 0..<space.count)]
            if !picked.contains(address) { picked.append(address) }
        }
        return picked.free(given: try await pool.read(picked.reads(pool.keys)).results)
    }

    private func fromAllKeys() async throws(IPAMError) -> [IPAddress] {
        let used = try await pool.readAll(pool.keys.usedPrefix, .keys)
        let reserved = try await pool.readAll(pool.keys.reservationsPrefix, .keys, at: used.revision)
        let held = heldAddresses(used.records + reserved.records)
        let first = space.index(of: start) ?? 0
        var free: [IPAddress] = []
        // Of one more address than are held, at least one is free.
        let enough = UInt128(held.count + wanted)
        for offset in 0..<min(space.count, enough) {
            let untilEnd = space.count - first
            let address = space[offset < untilEnd ? first + offset : offset - untilEnd]
            if !held.contains(address) { free.append(address) }
            if free.count == wanted { break }
        }
        return free
    }

    private func heldAddresses(_ records: [Record]) -> Set<IPAddress> {
        var held: Set<IPAddress> = []
        for record in records {
            if let address = Keyspace.address(of: record.key, in: pool.keys.usedPrefix)
                ?? Keyspace.address(of: record.key, in: pool.keys.reservationsPrefix)
            {
                held.insert(address)
            }
        }
        return held
    }
}

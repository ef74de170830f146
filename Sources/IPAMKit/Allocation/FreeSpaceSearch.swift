import Store

/// Finds free addresses of a range set whose neighbourhood is full, by counting keys: the cost follows the text
/// prefixes of the addresses, not the pool's fill.
///
/// IPv4: the /16 blocks are counted one by one, beginning with the cursor's; in the first that has room, its /24 blocks
/// are counted in one read; of those that have room, a few are read. IPv6 text has no blocks: some addresses are probed
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
    private static let probes = 32

    /// Free addresses, at most ``wanted``, in the order in which to try them; empty if there are none.
    func run() async throws(IPAMError) -> [IPAddress] {
        guard start.family == .ipv4 else {
            let probed = try await probe()
            return probed.isEmpty ? try await fromAllKeys() : probed
        }
        let sixteens = TextBlock.blocks(of: space, octets: 2, startingAt: start)
        for sixteen in sixteens {
            if sixteens.count > 1, try await isFull(sixteen) { continue }
            let free = try await search(sixteen)
            if !free.isEmpty { return free }
        }
        return []
    }

    private func isFull(_ block: TextBlock) async throws(IPAMError) -> Bool {
        let snapshot = try await pool.read([block.usedRead(pool.keys, .count)])
        return snapshot.results.first.map { UInt128($0.count) >= block.range.count } ?? false
    }

    private func search(_ sixteen: TextBlock) async throws(IPAMError) -> [IPAddress] {
        var blocks = TextBlock.blocks(of: space, octets: 3, within: sixteen.range, startingAt: start)[...]
        while !blocks.isEmpty {
            let counted = blocks.prefix(Self.countsPerRead)
            blocks = blocks.dropFirst(Self.countsPerRead)
            let counts = try await pool.read(counted.map { $0.usedRead(pool.keys, .count) })
            var withRoom = zip(counted, counts.results)
                .filter { UInt128($0.1.count) < $0.0.range.count }.map(\.0)[...]
            while !withRoom.isEmpty {
                let some = withRoom.prefix(Self.blocksPerRead)
                withRoom = withRoom.dropFirst(Self.blocksPerRead)
                let held = try await pool.read(some.flatMap { $0.reads(pool.keys, .keys) })
                let free = free(in: some.map(\.range), held: held.results)
                if !free.isEmpty { return free }
            }
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

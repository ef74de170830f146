import Store

/// What an ADD whose candidates were all taken learns along with the refusal: which addresses around them are held.
///
/// IPv4: the /24 of the first candidate. IPv6, whose text has no blocks: the candidates themselves, of which some may
/// have been refused for the sake of another range set.
struct Neighbourhood {
    private let candidates: [IPAddress]
    private let block: TextBlock?

    init(of candidates: [IPAddress]) {
        self.candidates = candidates
        block = candidates.first.flatMap { TextBlock(containing: $0, octets: 3) }
    }

    /// How many reads it takes.
    var readCount: Int { block == nil ? candidates.count * 2 : 2 }

    func reads(_ keys: Keyspace) -> [Read] {
        block?.reads(keys, .keys)
            ?? candidates.reads(keys)
    }

    /// The free addresses among those read.
    func free(_ search: FreeSpaceSearch, _ results: [ReadResult]) -> [IPAddress] {
        if let block { return search.free(in: [block.range], held: results) }
        return candidates.free(given: results)
    }
}

extension [IPAddress] {
    /// For each address, whether it is used and whether it is reserved.
    func reads(_ keys: Keyspace) -> [Read] {
        flatMap { [Read(KeyRange(keys.used($0)), .keys), Read(KeyRange(keys.reservation($0)), .keys)] }
    }

    /// Those that the answers to ``reads(_:)`` have no key for.
    func free(given results: [ReadResult]) -> [IPAddress] {
        guard results.count == count * 2 else { return [] }
        return indices.filter { results[2 * $0].count == 0 && results[2 * $0 + 1].count == 0 }.map { self[$0] }
    }
}

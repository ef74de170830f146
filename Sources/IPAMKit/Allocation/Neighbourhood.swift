import Store

/// The addresses around an ADD's candidates, which the transaction reads if all candidates were taken.
///
/// IPv4: the /24 block of the first candidate. IPv6: the candidates themselves, because IPv6 text has no blocks; some
/// of them may be free, and refused because of another range set.
struct Neighbourhood {
    private let candidates: [IPAddress]
    private let block: TextBlock?

    init(of candidates: [IPAddress]) {
        self.candidates = candidates
        block = candidates.first.flatMap { TextBlock(containing: $0, octets: 3) }
    }

    /// The number of reads.
    var readCount: Int { block == nil ? candidates.count * 2 : 2 }

    func reads(_ keys: Keyspace) -> [Read] {
        block?.reads(keys, .keys)
            ?? candidates.reads(keys)
    }

    /// The free addresses among those that were read.
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

    /// The addresses for which the answers to ``reads(_:)`` have no key.
    func free(given results: [ReadResult]) -> [IPAddress] {
        guard results.count == count * 2 else { return [] }
        return indices.filter { results[2 * $0].count == 0 && results[2 * $0 + 1].count == 0 }.map { self[$0] }
    }
}

import Store

/// A block of IPv4 addresses whose text has a common prefix, so that the store can count or read it as a range of keys:
/// the /24 `10.188.3.` or the /16 `10.188.`.
///
/// IPv6 text (RFC 5952) has no such blocks, because it leaves out zeros.
struct TextBlock: Hashable {
    let range: AddressRange
    private let prefix: String

    /// The block with the first `octets` octets (1 to 3) of `address`; nil for IPv6.
    init?(containing address: IPAddress, octets: Int) {
        guard address.family == .ipv4 else { return nil }
        let cidr = CIDR(containing: address, prefixLength: octets * 8)
        range = cidr.range
        var dots = 0
        let text = cidr.first.description.utf8.prefix { byte in
            if byte == UInt8(ascii: ".") { dots += 1 }
            return dots < octets
        }
        prefix = String(Substring(text)) + "."
    }

    /// Reads the used and the reserved addresses of the block.
    func reads(_ keys: Keyspace, _ content: Read.Content) -> [Read] {
        [usedRead(keys, content), Read(KeyRange(prefix: keys.reservationsPrefix + prefix), content)]
    }

    func usedRead(_ keys: Keyspace, _ content: Read.Content) -> Read {
        Read(KeyRange(prefix: keys.usedPrefix + prefix), content)
    }

    func guards(_ keys: Keyspace, unchangedSince revision: Revision) -> [Guard] {
        [keys.usedPrefix, keys.reservationsPrefix, keys.historyPrefix].map {
            .noneNewer(KeyRange(prefix: $0 + prefix), than: revision)
        }
    }

    /// The blocks that have addresses of `space`, or of the part of it that lies `within` a range, each once, in the
    /// order of the space; the block of `start` comes first.
    static func blocks(
        of space: DynamicSpace, octets: Int, within bounds: AddressRange? = nil, startingAt start: IPAddress
    ) -> [TextBlock] {
        var blocks: [TextBlock] = []
        for interval in space.intervals {
            if let bounds, !interval.overlaps(bounds) { continue }
            var next: IPAddress? = bounds.map { max($0.start, interval.start) } ?? interval.start
            let end = bounds.map { min($0.end, interval.end) } ?? interval.end
            while let address = next, address <= end,
                let block = TextBlock(containing: address, octets: octets)
            {
                if blocks.last != block { blocks.append(block) }
                next = block.range.end.advanced(by: 1)
            }
        }
        guard let position = blocks.firstIndex(where: { $0.range.contains(start) }) else { return blocks }
        return Array(blocks[position...] + blocks[..<position])
    }
}

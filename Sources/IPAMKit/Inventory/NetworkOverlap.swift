/// A network, and the ranges that it gives addresses out of.
public struct NetworkPlace: Hashable, Sendable {
    public let name: NetworkName
    public let rangeSets: [RangeSet]

    public init(_ name: NetworkName, _ rangeSets: [RangeSet]) {
        self.name = name
        self.rangeSets = rangeSets
    }
}

/// Two networks of a store whose subnets have addresses in common.
public struct NetworkOverlap: Hashable, Sendable, CustomStringConvertible {
    public let first: NetworkName
    public let second: NetworkName
    /// One sentence: who overlaps with whom, where, and what may come of it.
    public let description: String

    /// Nil where the networks have no address in common.
    public init?(_ first: NetworkPlace, _ second: NetworkPlace) {
        self.first = first.name
        self.second = second.name
        var subnets: (CIDR, CIDR)?
        var both: AddressRange?
        for left in first.rangeSets.flatMap(\.ranges) {
            for right in second.rangeSets.flatMap(\.ranges) where left.subnet.range.overlaps(right.subnet.range) {
                subnets = subnets ?? (left.subnet, right.subnet)
                both = both ?? Self.common(left, right)
            }
        }
        guard let subnets else { return nil }
        let outcome = both.map { ", and each of them may give out \($0)" } ?? ", but their ranges do not"
        description =
            "networks \(first.name) and \(second.name) overlap: \(subnets.0) and \(subnets.1) have addresses in common"
            + outcome
    }

    private static func common(_ left: PoolRange, _ right: PoolRange) -> AddressRange? {
        for mine in [left.range, left.fixed].compactMap({ $0 }) {
            for other in [right.range, right.fixed].compactMap({ $0 }) where mine.overlaps(other) {
                return AddressRange(unchecked: max(mine.start, other.start), min(mine.end, other.end))
            }
        }
        return nil
    }
}

extension NetworkOverlap {
    /// The pairs among `networks` that overlap, in their order.
    public static func all(among networks: [NetworkPlace]) -> [NetworkOverlap] {
        networks.indices.flatMap { index in
            networks[(index + 1)...].compactMap { NetworkOverlap(networks[index], $0) }
        }
    }
}

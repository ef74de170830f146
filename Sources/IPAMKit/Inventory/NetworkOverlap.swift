/// A network and its range sets.
public struct NetworkPlace: Hashable, Sendable {
    /// The network's name in the store.
    public let name: NetworkName
    /// The range sets from which the network gives out addresses.
    public let rangeSets: [RangeSet]

    /// Makes a place from the stored or configured range sets.
    public init(_ name: NetworkName, _ rangeSets: [RangeSet]) {
        self.name = name
        self.rangeSets = rangeSets
    }
}

/// Two networks of a store whose subnets have addresses in common.
public struct NetworkOverlap: Hashable, Sendable, CustomStringConvertible {
    /// The network that comes first in the list that was compared.
    public let first: NetworkName
    /// The other network.
    public let second: NetworkName
    /// The warning: the networks, the first pair of subnets that overlap, and the addresses that both may give out.
    public let description: String

    /// Compares two networks; nil if their subnets do not overlap.
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
        let outcome = both.map { ", and both networks may give out \($0)" } ?? ", but their ranges do not"
        description =
            "networks \(first.name) and \(second.name) overlap: \(subnets.0) and \(subnets.1) have addresses in common"
            + outcome
    }

    private static func common(_ left: PoolRange, _ right: PoolRange) -> AddressRange? {
        for mine in left.givenOut {
            for other in right.givenOut where mine.overlaps(other) { return mine.intersection(other) }
        }
        return nil
    }
}

extension NetworkOverlap {
    /// The pairs of `networks` that overlap, in the order of the networks.
    public static func all(among networks: [NetworkPlace]) -> [NetworkOverlap] {
        networks.indices.flatMap { index in
            networks[(index + 1)...].compactMap { NetworkOverlap(networks[index], $0) }
        }
    }
}

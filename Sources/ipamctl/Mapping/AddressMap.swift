import IPAMKit

/// The addresses of one network as a picture: each address is in exactly one of its sections.
struct AddressMap: Sendable {
    let network: NetworkName
    /// By address; the addresses that are used or reserved outside of every subnet come last.
    let sections: [MapSection]

    /// - Parameters:
    ///   - rangeSets: of the CNI file or of the store; empty if neither has them.
    ///   - filter: the addresses to show; nil for all.
    init(_ inventory: NetworkInventory, _ rangeSets: [RangeSet], only filter: AddressFilter? = nil) {
        network = inventory.overview.network
        let subnets = Self.subnets(of: rangeSets)
        var sections: [MapSection] = []
        for subnet in subnets {
            let parts = filter.map { $0.parts(of: [subnet.range]) } ?? [subnet.range]
            sections += [MapSection(subnet, parts, rangeSets, inventory.entries)].compactMap(\.self)
        }
        let outside = inventory.entries.filter { entry in
            filter?.contains(entry.address) != false && !subnets.contains { $0.contains(entry.address) }
        }
        for family in [AddressFamily.ipv4, .ipv6] {
            let entries = outside.filter { $0.address.family == family }
            sections += [MapSection(nil, entries.map { AddressRange($0.address) }, [], entries)].compactMap(\.self)
        }
        self.sections = sections
    }

    var counts: MapCounts {
        sections.reduce(into: MapCounts()) { $0 += $1.counts }
    }

    /// The subnets, ascending, without those that are part of another one.
    private static func subnets(of rangeSets: [RangeSet]) -> [CIDR] {
        let all = Set(rangeSets.flatMap { $0.ranges.map(\.subnet) })
        return all.filter { subnet in
            !all.contains { $0 != subnet && $0.contains(subnet.first) && $0.contains(subnet.last) }
        }.sorted { $0.first < $1.first }
    }
}

/// The part of a map that shows one subnet, or the addresses of one family outside of every subnet.
struct MapSection: Sendable {
    /// nil for addresses outside of every subnet.
    let subnet: CIDR?
    /// The gateways of the subnet, in configured order.
    let gateways: [IPAddress]
    /// Ascending; never empty.
    let segments: [MapSegment]
    /// The addresses of the section that are used or reserved, ascending.
    private let entries: [AddressEntry]
    let counts: MapCounts

    /// - Parameters:
    ///   - parts: the addresses of the section, ascending and disjoint.
    ///   - entries: of the network, ascending.
    /// - Returns: nil without addresses.
    init?(_ subnet: CIDR?, _ parts: [AddressRange], _ rangeSets: [RangeSet], _ entries: [AddressEntry]) {
        guard let first = parts.first, let last = parts.last else { return nil }
        var within = entries[Self.index(of: first.start, in: entries)..<Self.index(after: last.end, in: entries)]
        if parts.count > 1 {
            var rest = parts[...]
            within =
                within.filter { entry in
                    rest = rest.drop { $0.end < entry.address }
                    return rest.first?.contains(entry.address) == true
                }[...]
        }
        let segments = MapSegment.segments(of: parts, rangeSets, within)
        self.subnet = subnet
        self.segments = segments
        self.entries = Array(within)
        var gateways: [IPAddress] = []
        for gateway in rangeSets.flatMap({ $0.ranges.map(\.gateway) }) {
            if subnet?.contains(gateway) == true, !gateways.contains(gateway) { gateways.append(gateway) }
        }
        self.gateways = gateways
        counts = segments.reduce(into: MapCounts()) { $0[$1.state] = $0[$1.state] &+ $1.range.count }
    }

    var first: IPAddress { segments[0].range.start }
    var last: IPAddress { segments[segments.count - 1].range.end }

    /// The addresses of `range` that are used or reserved.
    func entries(in range: AddressRange) -> ArraySlice<AddressEntry> {
        entries[Self.index(of: range.start, in: entries)..<Self.index(after: range.end, in: entries)]
    }

    /// The index of the first entry that is not before `address`.
    private static func index(of address: IPAddress, in entries: [AddressEntry]) -> Int {
        entries.partitionPoint { $0.address < address }
    }

    private static func index(after address: IPAddress, in entries: [AddressEntry]) -> Int {
        entries.partitionPoint { $0.address <= address }
    }
}

/// Which addresses of one network are used or reserved, at one revision of the store, and not who has them.
public struct NetworkOccupancy: Sendable {
    /// The network as a whole.
    public let overview: NetworkOverview
    /// The addresses in use, ascending.
    public let used: [IPAddress]
    /// The addresses that are reserved and not in use, ascending.
    public let reserved: [IPAddress]

    init(_ overview: NetworkOverview, used: [IPAddress], reserved: [IPAddress]) {
        self.overview = overview
        self.used = used
        self.reserved = reserved
    }

    /// The number of addresses that are used or reserved.
    public var count: Int { used.count + reserved.count }

    /// The addresses that are used or reserved, ascending.
    var taken: [IPAddress] { reserved.isEmpty ? used : (used + reserved).sorted() }

    /// The counts of the network.
    ///
    /// - Parameter configured: the range sets to count by; nil for those of the store.
    public func summary(rangeSets configured: [RangeSet]?) -> NetworkSummary {
        NetworkSummary(self, rangeSets: configured ?? overview.rangeSets ?? [])
    }

    /// The addresses of `rangeSets` that can be given out and are neither used nor reserved: of each set the fixed addresses,
    /// then the dynamic addresses, ascending.
    ///
    /// - Parameter limit: the largest number of addresses to return.
    public func freeAddresses(of rangeSets: [RangeSet], limit: Int) -> [IPAddress] {
        AddressRange.addresses(
            of: rangeSets.flatMap { $0.fixedSpace.intervals + $0.dynamicSpace.intervals }, without: taken, limit: limit)
    }
}

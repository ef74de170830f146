/// The addresses of one network that are used or reserved, at one revision of the store.
public struct NetworkInventory: Sendable {
    /// The network that was read.
    public let network: NetworkName
    /// The revision at which all values were read.
    public let revision: Int64
    /// The range sets of the network's document; nil if there is no document, or if it cannot be read.
    public let rangeSets: [RangeSet]?
    /// Nil if the network has no settings, or if they cannot be read.
    public let settings: NetworkSettings?
    /// Every address that is used or reserved, ascending.
    public let entries: [AddressEntry]
    /// The errors of values that could not be read and are left out of the rest.
    public let problems: [IPAMError]

    /// The counts of the network.
    ///
    /// - Parameter configured: the range sets to count by; nil for those of the store.
    public func summary(rangeSets configured: [RangeSet]?) -> NetworkSummary {
        NetworkSummary(self, rangeSets: configured ?? rangeSets ?? [])
    }

    /// The addresses of `rangeSets` that can be given out and are neither used nor reserved: of each set the fixed addresses,
    /// then the dynamic addresses, ascending.
    ///
    /// - Parameter limit: the largest number of addresses to return.
    public func freeAddresses(of rangeSets: [RangeSet], limit: Int) -> [IPAddress] {
        freeAddresses(in: rangeSets.flatMap { $0.fixedSpace.intervals + $0.dynamicSpace.intervals }, limit: limit)
    }

    /// The addresses of disjoint ranges that are neither used nor reserved, in the order of the ranges.
    ///
    /// - Parameter limit: the largest number of addresses to return.
    public func freeAddresses(in ranges: [AddressRange], limit: Int) -> [IPAddress] {
        let held = Set(entries.map(\.address))
        var free: [IPAddress] = []
        for range in ranges {
            var next: IPAddress? = range.start
            while let address = next, address <= range.end, free.count < limit {
                if !held.contains(address) { free.append(address) }
                next = address.advanced(by: 1)
            }
        }
        return free
    }
}

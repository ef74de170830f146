/// What one network's addresses are used for, as of one revision of the store.
public struct NetworkInventory: Sendable {
    public let network: NetworkName
    public let revision: Int64
    /// The range sets of the network's document; nil where there is none yet.
    public let rangeSets: [RangeSet]?
    public let settings: NetworkSettings?
    /// Every address that is used or reserved, in order.
    public let entries: [AddressEntry]
    /// Values that could not be understood, and are left out of the rest.
    public let problems: [IPAMError]

    /// The counts of the network.
    ///
    /// - Parameter rangeSets: what the network consists of, where the store does not say it.
    public func summary(rangeSets configured: [RangeSet]?) -> NetworkSummary {
        NetworkSummary(self, rangeSets: configured ?? rangeSets ?? [])
    }

    /// The addresses of `rangeSets` that could be given out and are neither used nor reserved, in order.
    ///
    /// - Parameter limit: at most so many.
    public func freeAddresses(of rangeSets: [RangeSet], limit: Int) -> [IPAddress] {
        let held = Set(entries.map(\.address))
        var free: [IPAddress] = []
        for interval in rangeSets.flatMap({ $0.fixedSpace.intervals + $0.dynamicSpace.intervals }) {
            var next: IPAddress? = interval.start
            while let address = next, address <= interval.end, free.count < limit {
                if !held.contains(address) { free.append(address) }
                next = address.advanced(by: 1)
            }
        }
        return free
    }
}

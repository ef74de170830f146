/// Which addresses of a network may be named, reserved or claimed: one rule for all three.
struct AddressEligibility {
    let network: NetworkName
    let sets: [RangeSet]

    /// The range set that an address belongs to: the one whose dynamic or fixed range contains it, else the first whose
    /// subnet does. Range sets may share a subnet, but not a range.
    func owner(of address: IPAddress) -> (index: Int, range: PoolRange)? {
        var bySubnet: (index: Int, range: PoolRange)?
        for (index, set) in sets.enumerated() {
            guard let range = set.range(containing: address) else { continue }
            if range.range.contains(address) || range.fixed?.contains(address) == true { return (index, range) }
            if bySubnet == nil { bySubnet = (index, range) }
        }
        return bySubnet
    }

    /// The dynamic range that contains `address`; nil if the fixed range contains it, too.
    func dynamicRange(of address: IPAddress) -> AddressRange? {
        guard let range = owner(of: address)?.range, range.range.contains(address),
            range.fixed?.contains(address) != true
        else { return nil }
        return range.range
    }

    /// The subnets, comma separated.
    var subnets: String { sets.flatMap(\.ranges).map(\.subnet.description).joined(separator: ", ") }

    /// The index of the range set that `address` belongs to, if a pod may have it: it lies in a subnet, is not its
    /// network address, broadcast address or gateway, is not excluded, and lies in the fixed range, if one is set, or
    /// in the dynamic range.
    ///
    /// - Throws: ``IPAMError/notAllowed(_:_:)``.
    func require(_ address: IPAddress) throws(IPAMError) -> Int {
        guard let (index, range) = owner(of: address) else {
            throw .notAllowed(address, "lies in no subnet of network \(network) (\(subnets))")
        }
        if let role = range.role(of: address) { throw .notAllowed(address, "is the \(role) of \(range.subnet)") }
        if let exclusion = range.exclusion(of: address) {
            throw .notAllowed(address, "is excluded by the CNI configuration (exclude: \(exclusion))")
        }
        if let fixed = range.fixed, !fixed.contains(address), !range.range.contains(address) {
            throw .notAllowed(
                address, "lies neither in the fixed range \(fixed) nor in the dynamic range \(range.range)")
        }
        return index
    }
}

/// An address given to an interface.
public struct Assignment: Hashable, Sendable {
    /// The address.
    public let address: IPAddress
    /// In bits: the prefix length of the subnet, unless the pod asks for another.
    public internal(set) var prefixLength: Int
    /// The gateway of the subnet, unless the pod asks for another.
    public internal(set) var gateway: IPAddress

    init(_ address: IPAddress, in range: PoolRange) {
        self.address = address
        prefixLength = range.subnet.prefixLength
        gateway = range.gateway
    }
}

extension AddressDemand {
    /// The prefix length that the pod asks for with `address`; nil for the subnet's.
    private func prefixLength(of address: IPAddress) -> Int? {
        value(for: address, in: netmasks, fits: { $0.families.contains(address.family) })?.prefixLength
    }

    private func value<Value>(for address: IPAddress, in values: [Value], fits: (Value) -> Bool) -> Value? {
        if case .addresses(let addresses) = wish, addresses.count == values.count {
            return addresses.firstIndex(of: address).map { values[$0] }
        }
        // A range set of which no address is named stays as it is configured.
        if case .addresses(let addresses) = wish, !addresses.contains(address) { return nil }
        return values.first(where: fits)
    }

    /// Returns how `address` is presented to the pod.
    ///
    /// - Throws: ``AnnotationError`` if the requested netmask or gateway cannot be used with the address.
    func assignment(of address: IPAddress, in range: PoolRange) throws(AnnotationError) -> Assignment {
        var assignment = Assignment(address, in: range)
        guard asksForPresentation else { return assignment }
        let length = prefixLength(of: address)
        let gateway = value(for: address, in: gateways, fits: { $0.family == address.family })
        if let length {
            guard length >= range.subnet.prefixLength else {
                throw AnnotationError(
                    key: netmaskKey, value: nil,
                    problem: "does not fit \(address): /\(length) is larger than the subnet \(range.subnet)")
            }
            assignment.prefixLength = length
        }
        if let gateway { assignment.gateway = gateway }
        let block = CIDR(containing: address, prefixLength: assignment.prefixLength)
        let problem: String? =
            if assignment.gateway == address {
                "is the pod's own address"
            } else if !block.contains(assignment.gateway), !assignment.gateway.isLinkLocal {
                "is not in \(block)"
            } else if assignment.gateway.family == .ipv4, assignment.gateway != range.gateway,
                let role = range.role(of: assignment.gateway)
            {
                "is the \(role) of \(range.subnet)"
            } else if assignment.gateway != range.gateway, range.mayBeAPods(assignment.gateway) {
                "may be another pod's address"
            } else {
                nil
            }
        if let problem, length != nil || gateway != nil {
            throw AnnotationError(
                key: gateway == nil ? netmaskKey : gatewayKey, value: nil,
                problem: "does not fit \(address): the gateway \(assignment.gateway) \(problem)")
        }
        return assignment
    }
}

extension CNIResult {
    /// The result of an ADD. A route without a gateway gets the gateway of the first address of its family: the main
    /// plugin adds it that way, and compares it with the result at CHECK.
    public init(_ assignments: [Assignment], routes: [Route], dns: DNSConfiguration) {
        self.init(
            addresses: assignments.map {
                Address(address: $0.address, prefixLength: $0.prefixLength, gateway: $0.gateway)
            },
            routes: routes.map { $0.by(assignments.lazy.map(\.gateway)) }, dns: dns)
    }
}

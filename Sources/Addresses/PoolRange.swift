/// One range of a pool: a subnet, the part of the subnet that is given out, its gateway and its fixed addresses.
///
/// The defaults are those that the configuration format documents: the gateway is the subnet's first host, the range starts
/// with the first usable address that is not the gateway, and it ends with the last address before the broadcast address
/// (IPv6: the last address of the subnet).
public struct PoolRange: Hashable, Sendable {
    /// At least four addresses: at most /30, or /126 for IPv6.
    public let subnet: CIDR
    /// The first address that is given out.
    public let rangeStart: IPAddress
    /// The last address that is given out.
    public let rangeEnd: IPAddress
    /// The gateway that pods get; no pod gets this address.
    public let gateway: IPAddress
    /// The fixed addresses: only pods get them that request them or have a reservation; nil if there are none.
    public let fixed: AddressRange?
    /// The addresses that no pod gets, not even one that requests them: ascending, disjoint, not adjacent parts of the subnet.
    public let excluded: [AddressRange]

    /// The longest prefix length that a subnet may have: four addresses must be left.
    static func longestPrefixLength(_ family: AddressFamily) -> Int { family.bitWidth - 2 }

    /// Makes a range, with defaults for all that is nil.
    ///
    /// - Parameters:
    ///   - subnet: at least four addresses: at most /30, or /126 for IPv6.
    ///   - rangeStart: an address of the subnet; by default the first usable address that is not the gateway.
    ///   - rangeEnd: an address of the subnet; by default the last address that is not the broadcast address.
    ///   - gateway: an address of the subnet, or for IPv6 a link-local address (RFC 4291 section 2.5.6); by default the
    ///     subnet's first host.
    ///   - fixed: a part of the subnet.
    ///   - excluded: addresses that no pod gets; what lies outside of the subnet is left out.
    /// - Throws: ``RangeError`` with the field that is wrong.
    public init(
        subnet: CIDR, rangeStart: IPAddress? = nil, rangeEnd: IPAddress? = nil, gateway: IPAddress? = nil,
        fixed: AddressRange? = nil, excluded: [AddressRange] = []
    ) throws(RangeError) {
        let family = subnet.family
        guard subnet.prefixLength <= Self.longestPrefixLength(family) else { throw .subnetTooSmall(subnet) }
        let mapped = CIDR(containing: IPAddress(family: .ipv6, value: 0xFFFF_0000_0000), prefixLength: 96)
        guard !mapped.range.overlaps(subnet.range) else { throw .subnetIsMapped(subnet) }

        let fields: [(RangeField, IPAddress?)] = [
            (.gateway, gateway), (.rangeStart, rangeStart), (.rangeEnd, rangeEnd), (.fixedStart, fixed?.start),
            (.fixedEnd, fixed?.end),
        ]
        for case (let field, let address?) in fields {
            guard address.family == family else { throw .familyDiffers(field, address, subnet: subnet) }
            guard subnet.contains(address) || (field == .gateway && address.isLinkLocal) else {
                throw .outsideSubnet(field, address, subnet: subnet)
            }
        }

        let network = subnet.first.value
        self.subnet = subnet
        self.fixed = fixed
        self.excluded = AddressRange.merged(excluded.compactMap(subnet.range.intersection))
        self.gateway = gateway ?? IPAddress(family: family, value: network + 1)
        // The anycast address of an IPv6 subnet belongs to its routers (RFC 4291 section 2.6.1), so it can be the gateway.
        if family == .ipv4, self.gateway == subnet.first || self.gateway == subnet.broadcast {
            throw .gatewayNotAHost(self.gateway, subnet: subnet)
        }
        let firstUsable = self.gateway.value == network + 1 ? network + 2 : network + 1
        let lastUsable = family == .ipv4 ? subnet.last.value - 1 : subnet.last.value
        self.rangeStart = rangeStart ?? IPAddress(family: family, value: firstUsable)
        self.rangeEnd = rangeEnd ?? IPAddress(family: family, value: lastUsable)
        guard self.rangeStart <= self.rangeEnd else {
            throw .reversed(rangeEnd == nil ? .rangeStart : .rangeEnd, start: self.rangeStart, end: self.rangeEnd)
        }
    }

    /// The family of the addresses.
    public var family: AddressFamily { subnet.family }

    /// The addresses from ``rangeStart`` to ``rangeEnd``.
    public var range: AddressRange { AddressRange(unchecked: rangeStart, rangeEnd) }

    /// The reason why no pod can get an address of the subnet; nil if a pod can get it.
    public func role(of address: IPAddress) -> AddressRole? {
        if address == gateway { return .gateway }
        if address == subnet.first { return .network }
        if address == subnet.broadcast { return .broadcast }
        return nil
    }

    /// The part of ``excluded`` that has an address; nil if the address is not excluded.
    public func exclusion(of address: IPAddress) -> AddressRange? {
        excluded.first { $0.contains(address) }
    }

    /// Whether an address is in the range that is given out, or in the fixed range, and not excluded.
    public func mayBeAPods(_ address: IPAddress) -> Bool {
        (range.contains(address) || fixed?.contains(address) == true) && exclusion(of: address) == nil
    }

    /// Whether no pod can get an address of the subnet: it has a ``role(of:)`` or is excluded.
    public func isWithheld(_ address: IPAddress) -> Bool {
        role(of: address) != nil || exclusion(of: address) != nil
    }

    /// The dynamic and the fixed range without ``excluded``, as disjoint ranges in ascending order.
    public var givenOut: [AddressRange] {
        DynamicSpace(parts: AddressRange.merged([range] + (fixed.map { [$0] } ?? [])), removing: excluded).intervals
    }

    /// The addresses that are never given out: network, broadcast, gateway, and ``excluded``.
    var withheld: [AddressRange] {
        [subnet.first, gateway, subnet.broadcast].compactMap { $0.map { AddressRange($0) } } + excluded
    }
}

/// The role of an address of a subnet that no pod can get.
public enum AddressRole: String, Hashable, Sendable, CustomStringConvertible {
    /// The network address; for IPv6 the subnet-router anycast address (RFC 4291 section 2.6.1).
    case network
    /// The IPv4 broadcast address.
    case broadcast
    /// The gateway.
    case gateway

    /// "network address", "broadcast address" or "gateway".
    public var description: String {
        switch self {
        case .network: "network address"
        case .broadcast: "broadcast address"
        case .gateway: "gateway"
        }
    }
}

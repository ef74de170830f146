/// A field of a range in the configuration; the raw value is the field's key.
public enum RangeField: String, Hashable, Sendable {
    /// The CIDR block.
    case subnet
    /// The first address that is given out.
    case rangeStart
    /// The last address that is given out.
    case rangeEnd
    /// The gateway.
    case gateway
    /// The first fixed address.
    case fixedStart
    /// The last fixed address.
    case fixedEnd
}

/// An error in a range, in a range set, or between several of them.
public enum RangeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The subnet has fewer than four addresses.
    case subnetTooSmall(CIDR)
    /// The subnet has IPv4-mapped addresses, whose canonical text is that of an IPv4 address.
    case subnetIsMapped(CIDR)
    /// An address is not of the subnet's family.
    case familyDiffers(RangeField, IPAddress, subnet: CIDR)
    /// An address lies outside the subnet.
    case outsideSubnet(RangeField, IPAddress, subnet: CIDR)
    /// The gateway is the network or broadcast address of an IPv4 subnet.
    case gatewayNotAHost(IPAddress, subnet: CIDR)
    /// The range starts after its end; the first value is the field to correct.
    case reversed(RangeField, start: IPAddress, end: IPAddress)
    /// A range set has no range.
    case emptySet
    /// The families of a set's ranges differ: the subnet of the range at `index`, from 0, is not of the first range's family.
    case mixedFamilies(CIDR, index: Int, first: AddressFamily)
    /// Two ranges of a set, or two sets, have addresses in common; the indices count from 0.
    case overlap(AddressRange, index: Int, other: AddressRange, otherIndex: Int)

    /// The error message, on one line.
    public var description: String {
        switch self {
        case .emptySet: "the range set \(problem)"
        case .mixedFamilies, .overlap: "\(subject) \(problem)"
        case .subnetTooSmall, .subnetIsMapped, .familyDiffers, .outsideSubnet, .gatewayNotAHost, .reversed:
            (field.map { "\($0.rawValue) " } ?? "") + "\(subject) \(problem)"
        }
    }

    /// The field to correct; nil if the error is in the whole range or set.
    public var field: RangeField? {
        switch self {
        case .subnetTooSmall, .subnetIsMapped, .mixedFamilies: .subnet
        case .familyDiffers(let field, _, _), .outsideSubnet(let field, _, _), .reversed(let field, _, _): field
        case .gatewayNotAHost: .gateway
        case .emptySet, .overlap: nil
        }
    }

    /// The value as found: the subject of the error message.
    public var subject: String {
        switch self {
        case .subnetTooSmall(let subnet), .subnetIsMapped(let subnet), .mixedFamilies(let subnet, _, _):
            subnet.description
        case .familyDiffers(_, let address, _), .outsideSubnet(_, let address, _), .gatewayNotAHost(let address, _):
            address.description
        case .reversed(let field, let start, let end):
            (field == .rangeStart ? start : end).description
        case .emptySet: "[]"
        case .overlap(let range, _, _, _): range.description
        }
    }

    /// The error message without ``subject``.
    public var problem: String {
        switch self {
        case .subnetTooSmall(let subnet):
            "is too small for a pool: it must have at least four addresses, "
                + "/\(PoolRange.longestPrefixLength(subnet.family)) or shorter"
        case .subnetIsMapped:
            "has IPv4-mapped addresses (::ffff:0:0/96): use an IPv4 subnet"
        case .familyDiffers(_, let address, let subnet):
            "is \(address.family), but the subnet \(subnet) is \(subnet.family)"
        case .outsideSubnet(let field, _, let subnet):
            "lies outside the subnet: it must be from \(subnet.first) to \(subnet.last) (\(subnet))"
                + (field == .gateway && subnet.family == .ipv6 ? ", or link-local (fe80::/10)" : "")
        case .gatewayNotAHost(let address, let subnet):
            "is the \(address == subnet.first ? "network" : "broadcast") address of \(subnet): a gateway must be a host"
        case .reversed(.rangeStart, _, let end):
            "is after the end of the range, \(end)"
        case .reversed(_, let start, _):
            "is before the start of the range, \(start)"
        case .emptySet:
            "is empty: it must have at least one range"
        case .mixedFamilies(let subnet, _, let first):
            "is \(subnet.family), but the first range of its set is \(first): give each family a range set of its own"
        case .overlap(_, _, let other, _):
            "overlaps \(other)"
        }
    }
}

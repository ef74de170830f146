/// The two families of IP addresses.
public enum AddressFamily: Hashable, Sendable, CustomStringConvertible {
    /// RFC 791, 32 bits.
    case ipv4
    /// RFC 4291, 128 bits.
    case ipv6

    /// The number of bits of an address: 32 or 128.
    public var bitWidth: Int {
        switch self {
        case .ipv4: 32
        case .ipv6: 128
        }
    }

    /// "IPv4" or "IPv6".
    public var description: String {
        switch self {
        case .ipv4: "IPv4"
        case .ipv6: "IPv6"
        }
    }

    /// The largest value an address of this family can have.
    var maximumValue: UInt128 {
        switch self {
        case .ipv4: 0xFFFF_FFFF
        case .ipv6: .max
        }
    }

    /// The netmask of a prefix length, from 0 to ``bitWidth``, as a number.
    public func mask(prefixLength: Int) -> UInt128 {
        // A shift by the whole width gives 0, the mask of prefix length 0.
        (maximumValue << UInt128(bitWidth - prefixLength)) & maximumValue
    }
}

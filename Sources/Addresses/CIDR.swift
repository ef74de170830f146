/// A block of addresses that share a prefix, in the notation of RFC 4632 section 3.1: `10.188.0.0/16`, `fd00::/64`.
public struct CIDR: Hashable, Sendable, CustomStringConvertible {
    /// The network address: every bit beyond the prefix is 0.
    public let address: IPAddress
    /// The number of leading bits that the addresses share, from 0 to the family's bit width.
    public let prefixLength: Int

    /// Makes the block of a prefix length that an address is in.
    ///
    /// - Precondition: `prefixLength` is from 0 to the family's bit width.
    public init(containing address: IPAddress, prefixLength: Int) {
        precondition((0...address.family.bitWidth).contains(prefixLength), "a prefix is as long as an address at most")
        let mask = address.family.mask(prefixLength: prefixLength)
        self.address = IPAddress(family: address.family, value: address.value & mask)
        self.prefixLength = prefixLength
    }

    /// Reads `address/length`.
    ///
    /// - Throws: ``AddressError``, also if host bits are set: the error then names the right block.
    public init(_ text: String) throws(AddressError) {
        let (address, prefixLength) = try Self.addressAndPrefixLength(text)
        let block = CIDR(containing: address, prefixLength: prefixLength)
        guard block.address == address else { throw .hostBitsSet(text, network: block) }
        self = block
    }

    /// Reads `address/length`, also with host bits set, as in the `address` of a CNI result.
    ///
    /// - Throws: ``AddressError`` if either part is missing or malformed.
    public static func addressAndPrefixLength(_ text: String) throws(AddressError) -> (IPAddress, Int) {
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else {
            let address = try IPAddress(text)
            throw .missingPrefixLength(address.description)
        }
        let address: IPAddress
        do {
            address = try IPAddress(String(text[..<slash]))
        } catch .notAnAddress, .empty {
            throw .notAnAddress(text)
        }
        var lengthText = String(text[text.utf8.index(after: slash)...])
        let length = lengthText.withUTF8 { bytes -> Int? in
            guard let (number, end) = AddressText.decimal(bytes[...], from: 0, maximum: address.family.bitWidth) else {
                return nil
            }
            return end == bytes.count ? number : nil
        }
        guard let length else { throw .badPrefixLength(text, family: address.family) }
        if address.family == .ipv4, text.utf8.contains(UInt8(ascii: ":")) { throw .mappedPrefix(text) }
        return (address, length)
    }

    /// The family of the addresses.
    public var family: AddressFamily { address.family }

    /// The first address, which is the network address.
    public var first: IPAddress { address }

    /// The last address, which is the broadcast address if the block has one.
    public var last: IPAddress {
        let hostBits = family.maximumValue & ~family.mask(prefixLength: prefixLength)
        return IPAddress(family: family, value: address.value | hostBits)
    }

    /// The broadcast address (RFC 919); nil for IPv6, which has none, and for /31 (RFC 3021) and /32.
    public var broadcast: IPAddress? {
        family == .ipv4 && prefixLength < 31 ? last : nil
    }

    /// The number of addresses; `UInt128.max` stands for the 2¹²⁸ of `::/0`.
    public var count: UInt128 {
        let distance = last.value - first.value
        return distance == .max ? .max : distance + 1
    }

    /// The mask as an address: 255.255.0.0 for an IPv4 /16.
    public var netmask: IPAddress {
        IPAddress(family: family, value: family.mask(prefixLength: prefixLength))
    }

    /// All addresses of the block.
    public var range: AddressRange { AddressRange(unchecked: first, last) }

    /// Whether an address lies in the block.
    public func contains(_ other: IPAddress) -> Bool {
        other.family == family && other.value & family.mask(prefixLength: prefixLength) == address.value
    }

    /// `10.188.0.0/16`.
    public var description: String { "\(address)/\(prefixLength)" }
}

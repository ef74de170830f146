/// An IPv4 or IPv6 address: a family and a number.
///
/// The text form is strict, because it names keys in the store: each address has exactly one text.
///
///     try IPAddress("10.188.0.216")          // accepted
///     try IPAddress("FD00:0::1")             // accepted, printed as fd00::1
///     try IPAddress("::ffff:10.188.0.216")   // accepted as the IPv4 address 10.188.0.216
///     try IPAddress("010.188.0.216")         // refused: leading zero
///     try IPAddress("fe80::1%eth0")          // refused: zone identifier
public struct IPAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// IPv4 also for an address that was written in IPv4-mapped IPv6 form.
    public let family: AddressFamily
    // Two halves: an array of addresses takes 24 bytes for each, instead of 32 with a number that is aligned to 16 bytes.
    private let high, low: UInt64

    /// Makes an address from its ``value``.
    ///
    /// - Precondition: `value` fits the family: at most 2³²−1 for IPv4.
    public init(family: AddressFamily, value: UInt128) {
        precondition(value <= family.maximumValue, "an \(family) address has \(family.bitWidth) bits")
        self.family = family
        high = UInt64(truncatingIfNeeded: value >> 64)
        low = UInt64(truncatingIfNeeded: value)
    }

    /// The address as a number, the first octet being the most significant; IPv4 uses the low 32 bits.
    public var value: UInt128 { UInt128(high) << 64 | UInt128(low) }

    /// Reads a dotted quad or an IPv6 address (RFC 4291 section 2.2). An IPv4-mapped address becomes the IPv4 address, as in
    /// Go's `net.IP`.
    ///
    /// - Throws: ``AddressError`` for any other text, also for leading zeros, zone identifiers, white space and prefix
    ///   lengths.
    public init(_ text: String) throws(AddressError) {
        var text = text
        guard let address = text.withUTF8({ AddressText.address($0[...]) }) else {
            throw AddressText.diagnosis(of: text)
        }
        self = address
    }

    /// The canonical text: a dotted quad, or RFC 5952.
    public var description: String {
        AddressText.text(of: self)
    }

    /// The address that is `distance` addresses later; nil if it would be beyond the family's last address.
    public func advanced(by distance: UInt128) -> IPAddress? {
        let (sum, overflow) = value.addingReportingOverflow(distance)
        guard !overflow, sum <= family.maximumValue else { return nil }
        return IPAddress(family: family, value: sum)
    }

    /// Whether it is an IPv6 link-local address, fe80::/10 (RFC 4291 section 2.5.6).
    public var isLinkLocal: Bool {
        family == .ipv6 && value >> 118 == 0xFE80 >> 6
    }

    /// Orders by family, IPv4 first, then by value.
    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        if left.family != right.family { return left.family == .ipv4 }
        return left.high == right.high ? left.low < right.low : left.high < right.high
    }
}

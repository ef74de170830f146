import StrictJSON

/// An error in a text, or in a pair of values, that should be an address, a CIDR block or a range.
public enum AddressError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text is empty.
    case empty
    /// The text is neither a dotted quad nor an IPv6 address as in RFC 4291 section 2.2.
    case notAnAddress(String)
    /// There is white space before or after the address.
    case surroundingWhitespace(String)
    /// An octet has leading zeros, which some programs read as octal.
    case leadingZeros(String)
    /// The text has a zone identifier (RFC 4007), which has a meaning on one machine only.
    case zoneIdentifier(String)
    /// The text has a prefix length, but a single address is required.
    case unexpectedPrefixLength(String)
    /// The text has no prefix length, but a CIDR block is required.
    case missingPrefixLength(String)
    /// The prefix length is not a number of the family's range.
    case badPrefixLength(String, family: AddressFamily)
    /// The address of a CIDR block has bits set beyond its prefix; `network` is the block that the address is in.
    case hostBitsSet(String, network: CIDR)
    /// A CIDR block is written in IPv4-mapped IPv6 form.
    case mappedPrefix(String)
    /// The two ends of a range are of different families.
    case familiesDiffer(start: IPAddress, end: IPAddress)
    /// A range starts after its end.
    case reversed(start: IPAddress, end: IPAddress)

    /// The error message, on one line.
    public var description: String {
        "\(subject) \(problem)"
    }

    /// The text as found, in double quotes: the subject of the error message.
    public var subject: String {
        switch self {
        case .empty: #""""#
        case .notAnAddress(let text), .surroundingWhitespace(let text), .leadingZeros(let text),
            .zoneIdentifier(let text), .unexpectedPrefixLength(let text), .missingPrefixLength(let text),
            .badPrefixLength(let text, _), .hostBitsSet(let text, _), .mappedPrefix(let text):
            text.quotedForPeople
        case .familiesDiffer(let start, let end), .reversed(let start, let end):
            "\(start)-\(end)".quotedForPeople
        }
    }

    /// The error message without ``subject``, to follow the name of a configuration key or of an annotation.
    public var problem: String {
        switch self {
        case .empty:
            "is empty: an IP address is required"
        case .notAnAddress:
            "is not an IP address, such as 10.188.0.216 or fd00::1"
        case .surroundingWhitespace:
            "has white space around it"
        case .leadingZeros:
            "has leading zeros, which some programs read as octal: write the octets without them"
        case .zoneIdentifier:
            "has a zone identifier (%...), which an address of a pool cannot have"
        case .unexpectedPrefixLength:
            "has a prefix length: write the address without it"
        case .missingPrefixLength:
            "is not a CIDR block: write an address, \"/\" and a prefix length, such as 10.188.0.0/16"
        case .badPrefixLength(_, let family):
            "has no valid prefix length: for \(family) it must be a number from 0 to \(family.bitWidth)"
        case .hostBitsSet(_, let network):
            "is not the address of a network, because host bits are set: the network is \(network)"
        case .mappedPrefix:
            "is an IPv4-mapped IPv6 block: write it as IPv4"
        case .familiesDiffer(let start, let end):
            "mixes \(start.family) and \(end.family)"
        case .reversed:
            "starts after its end"
        }
    }
}

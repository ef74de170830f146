/// What is wrong with a text, or a pair of values, that should have been an address, a CIDR block or a range.
public enum AddressError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text is empty.
    case empty
    /// The text is neither a dotted quad nor RFC 4291 text.
    case notAnAddress(String)
    /// There is white space before or after the address.
    case surroundingWhitespace(String)
    /// An octet has leading zeros, which some programs read as octal.
    case leadingZeros(String)
    /// The text has a zone identifier (RFC 4007), which means something on one machine only.
    case zoneIdentifier(String)
    /// The text has a prefix length where a lone address is wanted.
    case unexpectedPrefixLength(String)
    /// The text has no prefix length where a CIDR block is wanted.
    case missingPrefixLength(String)
    /// The prefix length is not a number of the family's range.
    case badPrefixLength(String, family: AddressFamily)
    /// The address of a CIDR block has bits set beyond its prefix; `network` is the block it lies in.
    case hostBitsSet(String, network: CIDR)
    /// A CIDR block is written in IPv4-mapped IPv6 form.
    case mappedPrefix(String)
    /// The two ends of a range are of different families.
    case familiesDiffer(start: IPAddress, end: IPAddress)
    /// A range starts after its end.
    case reversed(start: IPAddress, end: IPAddress)

    /// One sentence for people.
    public var description: String {
        "\(subject) \(problem)"
    }

    /// What the sentence is about: the text as found, quoted.
    var subject: String {
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

    /// The sentence less its subject, so that others can say it about a key of theirs.
    var problem: String {
        switch self {
        case .empty:
            "is empty, an IP address is needed"
        case .notAnAddress:
            "is not an IP address, such as 10.188.0.216 or fd00::1"
        case .surroundingWhitespace:
            "has white space around it"
        case .leadingZeros:
            "has leading zeros, which some programs read as octal: write the octets without them"
        case .zoneIdentifier:
            "has a zone identifier (%...), which an address of a pool cannot have"
        case .unexpectedPrefixLength:
            "has a prefix length, a single address without one is needed"
        case .missingPrefixLength:
            "is not a CIDR block: an address, \"/\" and a prefix length are needed, such as 10.188.0.0/16"
        case .badPrefixLength(_, let family):
            "has no valid prefix length: for \(family) it is a number from 0 to \(family.bitWidth)"
        case .hostBitsSet(_, let network):
            "is not the address of a network: host bits are set, the network is \(network)"
        case .mappedPrefix:
            "is an IPv4-mapped IPv6 block: write it as IPv4"
        case .familiesDiffer(let start, let end):
            "mixes \(start.family) and \(end.family)"
        case .reversed:
            "starts after its end"
        }
    }
}

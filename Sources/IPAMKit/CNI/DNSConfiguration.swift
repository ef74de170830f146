/// How a container resolves names: `dns` of a CNI result.
public struct DNSConfiguration: Hashable, Sendable {
    /// The addresses of the name servers, in order of preference.
    public var nameservers: [String]
    /// The local domain.
    public var domain: String?
    /// The domains to look short names up in, in order.
    public var search: [String]
    /// The options of the resolver.
    public var options: [String]

    /// Makes a configuration, by default an empty one.
    public init(nameservers: [String] = [], domain: String? = nil, search: [String] = [], options: [String] = []) {
        self.nameservers = nameservers
        self.domain = domain
        self.search = search
        self.options = options
    }

    /// Reads the text of a resolv.conf(5) file as the C library's resolver does: a keyword starts its line, of several
    /// `domain` and `search` lines the last one counts, whichever it is, and what it does not understand it passes over. A
    /// comment may also follow a value without white space before it.
    public init(resolvConf text: String) {
        self.init()
        for line in text.utf8.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            guard let first = line.first, !Self.isBlank(first), !Self.isComment(first) else { continue }
            let said = line.prefix { !Self.isComment($0) }
            let words = said.split(whereSeparator: Self.isBlank).compactMap { String($0) }
            guard let keyword = words.first, words.count > 1 else { continue }
            let values = Array(words.dropFirst())
            switch keyword {
            case "nameserver":
                if Self.isNameserver(values[0]) { nameservers.append(values[0]) }
            case "domain":
                domain = values[0]
                search = []
            case "search":
                search = values
                domain = nil
            case "options": options += values
            default: break
            }
        }
    }

    /// Whether nothing is configured.
    public var isEmpty: Bool {
        nameservers.isEmpty && domain == nil && search.isEmpty && options.isEmpty
    }

    /// The configuration as JSON, without what is empty.
    public var json: JSONValue {
        var object = JSONObject()
        if !nameservers.isEmpty { object["nameservers"] = .array(nameservers.map { .string($0) }) }
        if let domain { object["domain"] = .string(domain) }
        if !search.isEmpty { object["search"] = .array(search.map { .string($0) }) }
        if !options.isEmpty { object["options"] = .array(options.map { .string($0) }) }
        return .object(object)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static func isComment(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "#") || byte == UInt8(ascii: ";") }

    /// An address; a link-local one of IPv6 may name its zone (RFC 4007), as the resolver allows.
    private static func isNameserver(_ text: String) -> Bool {
        guard let zone = text.utf8.firstIndex(of: UInt8(ascii: "%")) else { return (try? IPAddress(text)) != nil }
        guard let address = try? IPAddress(String(text[..<zone])), address.family == .ipv6 else { return false }
        return (try? InterfaceName(String(text[text.utf8.index(after: zone)...]))) != nil
    }
}

/// The DNS configuration of a container: `dns` of a CNI result.
public struct DNSConfiguration: Hashable, Sendable {
    /// The addresses of the name servers, in order of preference.
    public var nameservers: [String]
    /// The local domain.
    public var domain: String?
    /// The search domains for short names, in order of preference.
    public var search: [String]
    /// The options of the resolver, such as `ndots:2` (resolv.conf(5)).
    public var options: [String]

    /// Makes a configuration, by default an empty one.
    public init(nameservers: [String] = [], domain: String? = nil, search: [String] = [], options: [String] = []) {
        self.nameservers = nameservers
        self.domain = domain
        self.search = search
        self.options = options
    }

    /// Reads the text of a resolv.conf(5) file as the C library's resolver does: a keyword must be at the start of its line, the
    /// last `domain` or `search` line counts, and lines that are not understood are ignored. In addition, a comment may follow a
    /// value without white space before it.
    public init(resolvConf text: String) {
        self.init()
        for line in text.utf8.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            guard let first = line.first, !Self.isBlank(first), !Self.isComment(first) else { continue }
            let words = line.prefix { !Self.isComment($0) }.split(whereSeparator: Self.isBlank)
                .compactMap { String($0) }
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

    /// `{nameservers, domain, search, options}`; members without a value are left out.
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

    /// Whether a text is an address; an IPv6 address may have a zone (RFC 4007), as the resolver allows.
    private static func isNameserver(_ text: String) -> Bool {
        guard let zone = text.utf8.firstIndex(of: UInt8(ascii: "%")) else { return (try? IPAddress(text)) != nil }
        guard let address = try? IPAddress(String(text[..<zone])), address.family == .ipv6 else { return false }
        return (try? InterfaceName(String(text[text.utf8.index(after: zone)...]))) != nil
    }
}

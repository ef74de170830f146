/// The result of an IPAM plugin's ADD (CNI spec section 5, "Success" and "Delegated plugins (IPAM)").
public struct CNIResult: Hashable, Sendable {
    /// An element of the result's `ips`.
    public struct Address: Hashable, Sendable {
        /// The address that the interface gets.
        public var address: IPAddress
        /// The prefix length of the interface's subnet, 0 to the family's bit width.
        public var prefixLength: Int
        /// The gateway of the subnet; nil for none.
        public var gateway: IPAddress?

        /// Makes an element of `ips`.
        public init(address: IPAddress, prefixLength: Int, gateway: IPAddress? = nil) {
            self.address = address
            self.prefixLength = prefixLength
            self.gateway = gateway
        }
    }

    /// The reason why a version of the specification has no form for a result.
    public enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// A result of a version before 0.3.0 has one address of each family at most.
        case tooManyAddresses(AddressFamily, count: Int, version: CNIVersion)

        /// The error message, on one line.
        public var description: String {
            switch self {
            case .tooManyAddresses(let family, let count, let version):
                "a result of CNI version \(version) can have only one \(family) address, not \(count): use cniVersion "
                    + "0.3.0 or newer"
            }
        }
    }

    /// One address of each range set, in the order of the sets.
    public var addresses: [Address]
    /// The routes that the main plugin adds.
    public var routes: [Route]
    /// The container's DNS configuration; left out of the JSON if empty.
    public var dns: DNSConfiguration

    /// Makes a result, by default without routes and DNS configuration.
    public init(addresses: [Address], routes: [Route] = [], dns: DNSConfiguration = DNSConfiguration()) {
        self.addresses = addresses
        self.routes = routes
        self.dns = dns
    }

    /// The result in the format of a version. It has no `interfaces`, because the main plugin adds them.
    ///
    /// - Throws: ``Problem/tooManyAddresses(_:count:version:)``.
    public func json(for version: CNIVersion) throws(Problem) -> JSONValue {
        var result: JSONObject = ["cniVersion": .string(version.rawValue)]
        if version < .v030 {
            try addFamilies(to: &result, version)
        } else {
            result["ips"] = .array(addresses.map { Self.json($0, version) })
            if !routes.isEmpty { result["routes"] = .array(routes.map { $0.json(for: version) }) }
        }
        if !dns.isEmpty { result["dns"] = dns.json }
        return .object(result)
    }

    /// Adds `ip4` and `ip6` of versions 0.1.0 and 0.2.0; each contains the routes of its family.
    private func addFamilies(to result: inout JSONObject, _ version: CNIVersion) throws(Problem) {
        for (family, key) in [(AddressFamily.ipv4, "ip4"), (.ipv6, "ip6")] {
            let ofFamily = addresses.filter { $0.address.family == family }
            guard let first = ofFamily.first else { continue }
            guard ofFamily.count == 1 else {
                throw .tooManyAddresses(family, count: ofFamily.count, version: version)
            }
            var object: JSONObject = ["ip": .string("\(first.address)/\(first.prefixLength)")]
            if let gateway = first.gateway { object["gateway"] = .string(gateway.description) }
            let routes = routes.filter { $0.destination.family == family }
            if !routes.isEmpty { object["routes"] = .array(routes.map { $0.json(for: version) }) }
            result[key] = .object(object)
        }
    }

    /// An element of `ips`; it has a `version` from 0.3.0 to 0.4.0.
    private static func json(_ address: Address, _ version: CNIVersion) -> JSONValue {
        var object = JSONObject()
        if version < .v100 { object["version"] = address.address.family == .ipv4 ? "4" : "6" }
        object["address"] = .string("\(address.address)/\(address.prefixLength)")
        if let gateway = address.gateway { object["gateway"] = .string(gateway.description) }
        return .object(object)
    }

    /// The addresses of an earlier result of any version, in order and each once. Values that cannot be read are ignored,
    /// because other plugins can have written the result.
    public static func addresses(inPrevResult result: JSONValue) -> [IPAddress] {
        let listed = result["ips"]?.array?.map { $0["address"] } ?? []
        let texts = (listed + [result["ip4"]?["ip"], result["ip6"]?["ip"]]).compactMap { $0?.string }
        var addresses: [IPAddress] = []
        for text in texts {
            let host = text.utf8.firstIndex(of: UInt8(ascii: "/")).map { String(text[..<$0]) } ?? text
            if let address = try? IPAddress(host), !addresses.contains(address) { addresses.append(address) }
        }
        return addresses
    }
}

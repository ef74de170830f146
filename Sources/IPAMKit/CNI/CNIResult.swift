/// What an ADD gives: the result of an IPAM plugin (CNI spec section 5, "Success" and "Delegated plugins (IPAM)").
public struct CNIResult: Hashable, Sendable {
    /// An address with what belongs to it.
    public struct Address: Hashable, Sendable {
        /// The address.
        public var address: IPAddress
        /// The prefix length of the network on the wire, 0 to the family's bit width.
        public var prefixLength: Int
        /// The gateway of the subnet.
        public var gateway: IPAddress?

        /// Makes an address.
        public init(address: IPAddress, prefixLength: Int, gateway: IPAddress? = nil) {
            self.address = address
            self.prefixLength = prefixLength
            self.gateway = gateway
        }
    }

    /// Why a result cannot be written in a version.
    public enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// Versions before 0.3.0 have room for one address of a family.
        case tooManyAddresses(AddressFamily, count: Int, version: CNIVersion)

        /// One sentence for people.
        public var description: String {
            switch self {
            case .tooManyAddresses(let family, let count, let version):
                "CNI version \(version) has room for one \(family) address in a result, not for \(count): "
                    + "use cniVersion 0.3.0 or newer"
            }
        }
    }

    /// The addresses, one of each range set, in order.
    public var addresses: [Address]
    /// The routes to add.
    public var routes: [Route]
    /// How the container resolves names.
    public var dns: DNSConfiguration

    /// Makes a result.
    public init(addresses: [Address], routes: [Route] = [], dns: DNSConfiguration = DNSConfiguration()) {
        self.addresses = addresses
        self.routes = routes
        self.dns = dns
    }

    /// The result in the shape of a version. There are no `interfaces` in it: those are the main plugin's.
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

    /// `ip4` and `ip6` of versions 0.1.0 and 0.2.0, which have the routes of their family inside.
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

    /// An element of `ips`; `version` is in it from 0.3.0 to 0.4.0.
    private static func json(_ address: Address, _ version: CNIVersion) -> JSONValue {
        var object = JSONObject()
        if version < .v100 { object["version"] = address.address.family == .ipv4 ? "4" : "6" }
        object["address"] = .string("\(address.address)/\(address.prefixLength)")
        if let gateway = address.gateway { object["gateway"] = .string(gateway.description) }
        return .object(object)
    }

    /// The addresses that an earlier result of any version names, in order and each once. What cannot be read is passed
    /// over: the result was written by others.
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

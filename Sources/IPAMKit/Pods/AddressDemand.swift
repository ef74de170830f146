/// The addresses that a pod's annotations request on one network.
///
/// | annotation | value |
/// |---|---|
/// | `kube-ipam.ip` | an address, or a comma-separated list with one for each range set; `auto`; `dynamic` |
/// | `kube-ipam.netmask` | dotted, or a prefix length; by default the subnet's |
/// | `kube-ipam.gateway` | an address; by default the subnet's gateway |
///
/// Each key may end in `/<network>`; then it applies to that network only. If `kube-ipam.ip/<network>` is present, the keys
/// without a network do not apply to this network. Netmasks and gateways belong to the addresses of `kube-ipam.ip`: by
/// position if there are as many of them as addresses, else by family. Without `kube-ipam.ip` they are ignored.
///
/// Tenants write the annotations of pods, and some plugins configure the gateway with its netmask on the node. Therefore
/// the gateway must be an address that no pod can get, and the netmask must not be shorter than the subnet's.
public struct AddressDemand: Hashable, Sendable {
    /// The value of `kube-ipam.ip`.
    public enum Wish: Hashable, Sendable {
        /// No annotation applies to the network.
        case nothing
        /// `dynamic`: the next dynamic address, also for a pod that has reservations.
        case dynamic
        /// `auto`: any address, which is then reserved for the pod or its workload.
        case automatic
        /// These addresses, each once, as written.
        case addresses([IPAddress])
    }

    /// A netmask; a prefix length up to 32 fits both families.
    struct Netmask: Hashable, Sendable {
        let families: [AddressFamily]
        let prefixLength: Int
    }

    /// What the pod requests on this network.
    public let wish: Wish
    /// The key of the annotation that applies, such as `kube-ipam.ip/storage`; empty if there is none.
    public let key: String
    let netmaskKey: String
    let netmasks: [Netmask]
    let gatewayKey: String
    let gateways: [IPAddress]
    /// The annotations for other networks, if none applies to this network.
    let others: MisdirectedAnnotations

    /// Whether a netmask or a gateway is requested.
    var asksForPresentation: Bool { !netmasks.isEmpty || !gateways.isEmpty }

    /// Makes the demand of a pod without annotations.
    public init() {
        self.init(others: MisdirectedAnnotations())
    }

    private init(others: MisdirectedAnnotations) {
        wish = .nothing
        key = ""
        netmaskKey = ""
        netmasks = []
        gatewayKey = ""
        gateways = []
        self.others = others
    }

    /// Reads a pod's annotations; all other keys are ignored.
    ///
    /// - Throws: ``AnnotationError`` if a value is malformed: the pod never gets another address instead.
    public init(annotations: [String: String], network: NetworkName) throws(AnnotationError) {
        let qualifier = "/\(network)"
        let isQualified = annotations["kube-ipam.ip" + qualifier] != nil
        let key = isQualified ? "kube-ipam.ip" + qualifier : "kube-ipam.ip"
        guard let text = annotations[key] else {
            self.init(others: MisdirectedAnnotations(annotations, network: network))
            return
        }
        func companion(_ name: String) -> String {
            isQualified || annotations[name + qualifier] != nil ? name + qualifier : name
        }
        let netmaskKey = companion("kube-ipam.netmask")
        let gatewayKey = companion("kube-ipam.gateway")
        self.init(
            wish: try Self.wish(key, text), key: key, netmaskKey: netmaskKey,
            netmasks: try annotations[netmaskKey].map { text throws(AnnotationError) in
                try Self.parts(netmaskKey, text) { part throws(AnnotationError) in try Self.netmask(netmaskKey, part) }
            } ?? [],
            gatewayKey: gatewayKey,
            gateways: try annotations[gatewayKey].map { text throws(AnnotationError) in
                try Self.parts(gatewayKey, text) { part throws(AnnotationError) in try Self.address(gatewayKey, part) }
            } ?? [])
        try requireAssigned(netmasks.map(\.families), netmaskKey, annotations)
        try requireAssigned(gateways.map { [$0.family] }, gatewayKey, annotations)
    }

    private init(
        wish: Wish, key: String, netmaskKey: String, netmasks: [Netmask], gatewayKey: String, gateways: [IPAddress]
    ) {
        self.wish = wish
        self.key = key
        self.netmaskKey = netmaskKey
        self.netmasks = netmasks
        self.gatewayKey = gatewayKey
        self.gateways = gateways
        others = MisdirectedAnnotations()
    }

    // MARK: Parsing

    private static func wish(_ key: String, _ text: String) throws(AnnotationError) -> Wish {
        switch trimmed(Substring(text).utf8) {
        case "auto": return .automatic
        case "dynamic": return .dynamic
        default: break
        }
        let addresses = try parts(key, text) { part throws(AnnotationError) in try address(key, part) }
        for (index, address) in addresses.enumerated() where addresses[..<index].contains(address) {
            throw AnnotationError(key: key, value: text, problem: "names \(address) twice")
        }
        return .addresses(addresses)
    }

    /// The parts of a comma-separated list, each without the white space around it.
    private static func parts<Value>(
        _ key: String, _ text: String, _ read: (String) throws(AnnotationError) -> Value
    ) throws(AnnotationError) -> [Value] {
        var values: [Value] = []
        let parts = text.utf8.split(
            separator: UInt8(ascii: ","), maxSplits: mostParts, omittingEmptySubsequences: false)
        guard parts.count <= mostParts else {
            throw AnnotationError(
                key: key, value: String(text.prefix(60)) + "...", problem: "has more than \(mostParts) parts")
        }
        for part in parts {
            let word = trimmed(part)
            guard !word.isEmpty else {
                throw AnnotationError(
                    key: key, value: text,
                    problem: parts.count == 1
                        ? "is empty: give a value, or remove the annotation" : "has an empty part")
            }
            values.append(try read(word))
        }
        return values
    }

    /// The text without the white space around it, of any kind: a YAML block (`|`) ends with a line break.
    private static func trimmed(_ text: Substring.UTF8View) -> String {
        var rest = Substring(text).unicodeScalars.drop { $0.properties.isWhitespace }
        while let last = rest.last, last.properties.isWhitespace { rest.removeLast() }
        return String(Substring(rest))
    }

    /// The largest number of range sets.
    private static let mostParts = 16

    private static func address(_ key: String, _ word: String) throws(AnnotationError) -> IPAddress {
        do throws(AddressError) {
            return try IPAddress(word)
        } catch {
            let problem: String =
                switch error {
                case .notAnAddress where word == "auto" || word == "dynamic": "cannot be part of a list"
                case .unexpectedPrefixLength: "has a prefix length, which belongs in \(netmaskKey(for: key))"
                case .notAnAddress where key.hasPrefix("kube-ipam.ip"):
                    "is not an IP address, such as 10.188.0.216 or fd00::1, nor \"auto\" or \"dynamic\""
                case .empty, .notAnAddress, .surroundingWhitespace, .leadingZeros, .zoneIdentifier,
                    .missingPrefixLength, .badPrefixLength, .hostBitsSet, .mappedPrefix, .familiesDiffer, .reversed:
                    error.problem
                }
            throw AnnotationError(key: key, value: word, problem: problem)
        }
    }

    /// `kube-ipam.netmask/storage` for `kube-ipam.ip/storage`.
    private static func netmaskKey(for key: String) -> String {
        "kube-ipam.netmask" + (key.firstIndex(of: "/").map { String(key[$0...]) } ?? "")
    }

    private static func netmask(_ key: String, _ word: String) throws(AnnotationError) -> Netmask {
        let digits = word.hasPrefix("/") ? String(word.dropFirst()) : word
        if digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(digits), (1...128).contains(length)
        {
            return Netmask(families: length <= 32 ? [.ipv4, .ipv6] : [.ipv6], prefixLength: length)
        }
        if let mask = try? IPAddress(word), mask.family == .ipv4,
            let length = (1...32).first(where: { AddressFamily.ipv4.mask(prefixLength: $0) == mask.value })
        {
            return Netmask(families: [.ipv4], prefixLength: length)
        }
        throw AnnotationError(
            key: key, value: word,
            problem: "is not a netmask: write it dotted, such as 255.255.0.0, or as a prefix length")
    }

    /// Checks that each netmask or gateway belongs to exactly one address.
    private func requireAssigned(
        _ families: [[AddressFamily]], _ key: String, _ annotations: [String: String]
    ) throws(AnnotationError) {
        let value = annotations[key] ?? ""
        guard !families.isEmpty, case .addresses(let addresses) = wish else { return }
        if families.count == addresses.count {
            for (family, address) in zip(families, addresses) where !family.contains(address.family) {
                throw AnnotationError(
                    key: key, value: value, problem: "does not fit \(address), which is \(address.family)")
            }
            return
        }
        let named = Set(addresses.map(\.family))
        let fitting = families.map { $0.filter(named.contains) }
        guard fitting.allSatisfy({ $0.count == 1 }), Set(fitting.map { $0[0] }).count == fitting.count else {
            throw AnnotationError(
                key: key, value: value,
                problem:
                    "does not fit the \(addresses.count) addresses of \(self.key): give one for each, in the same order"
            )
        }
    }
}

/// A malformed annotation.
public struct AnnotationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The key of the annotation, such as `kube-ipam.ip/storage`.
    public let key: String
    /// The part of the value that is wrong; nil if the error is not in one part.
    public let value: String?
    let problem: String

    /// `annotation kube-ipam.ip: "10.188.0" is not an IP address, ...`
    public var description: String {
        guard let value else { return "annotation \(key) \(problem)" }
        return "annotation \(key): \(value.quotedForPeople) \(problem)"
    }
}

// What a pod's annotations say of its interfaces, in the formats of the Network Plumbing Working Group's de-facto standard
// (Kubernetes Network Custom Resource Definition, sections 4.1 and 4.2). Tenants can write them: they keep an address from
// being given or freed, and never give or free one.

extension Pod {
    /// What Multus notes of a pod's interfaces, in the spelling of today.
    static let networkStatus = "k8s.v1.cni.cncf.io/network-status"
    /// And in that of its first versions.
    private static let oldNetworkStatus = "k8s.v1.cni.cncf.io/networks-status"
    /// The interface that `status.podIPs` is about.
    private static let firstInterface = "eth0"

    /// Whether its address is in use, or may be.
    var isLive: Bool { !isTerminal && !usesHostNetwork }

    /// What Multus notes of the pod's interfaces, one by one, in each spelling; what is malformed is passed over.
    private var noted: [[JSONValue]] {
        var lists: [[JSONValue]] = []
        for key in [Self.networkStatus, Self.oldNetworkStatus] {
            guard let text = annotations[key], let json = try? JSONValue(parsing: text) else { continue }
            lists.append(json.array ?? [])
        }
        return lists
    }

    /// The addresses of an entry. Some plugins give them with a prefix length.
    private static func addresses(_ entry: JSONValue) -> [IPAddress] {
        (entry["ips"]?.array ?? []).compactMap { ip in
            ip.string.flatMap { text in try? IPAddress(String(text.prefix { $0 != "/" })) }
        }
    }

    /// Whether an entry has no address, or one that cannot be read.
    private static func isSilent(_ entry: JSONValue) -> Bool {
        let count = addresses(entry).count
        return count == 0 || count < entry["ips"]?.array?.count ?? 0
    }

    /// Whether the pod may have `address` although nothing tells it: it reports one that cannot be read, and an annotation
    /// of its own asks for this one. By annotation alone the Go plugin gives addresses without recording them.
    func mayHide(_ address: IPAddress) -> Bool {
        guard isLive, !unreadableAddresses.isEmpty else { return false }
        return annotations.contains { key, value in
            key.hasPrefix("kube-ipam.ip")
                && value.split(whereSeparator: { $0 == "," || $0.isWhitespace }).contains {
                    (try? IPAddress(String($0))) == address
                }
        }
    }

    /// The addresses that Multus notes for the pod.
    var networkStatusAddresses: [IPAddress] { noted.joined().flatMap(Self.addresses) }

    /// How many networks the pod asks for beside the cluster's own: a JSON array, or names with commas between them.
    private var selectedNetworks: Int {
        guard let text = annotations[MisdirectedAnnotations.networkSelection] else { return 0 }
        if text.utf8.first(where: { $0 > 0x20 }) == UInt8(ascii: "[") {
            return (try? JSONValue(parsing: text))?.array?.count ?? 1
        }
        return text.utf8.split(separator: UInt8(ascii: ",")).count { part in part.contains { $0 > 0x20 } }
    }

    /// Whether the pod has an interface, or may have one, of which nothing tells the address: neither its status, nor
    /// Multus, nor what is recorded for it.
    ///
    /// - Parameter recorded: the names of the pod's interfaces that have an attachment.
    func hasSilentInterface(beside recorded: Set<String>) -> Bool {
        guard isLive, node != nil else { return false }
        var known = recorded.count { $0 != Self.firstInterface }
        for entries in noted {
            let further = entries.filter {
                $0["default"]?.bool != true && $0["interface"]?.string != Self.firstInterface
            }
            let isSilent = further.contains { entry in
                let isRecorded = entry["interface"]?.string.map(recorded.contains) ?? false
                return !isRecorded && Self.isSilent(entry)
            }
            if isSilent { return true }
            known = max(known, further.count)
        }
        return selectedNetworks > known || (addresses.isEmpty && networkStatusAddresses.isEmpty && recorded.isEmpty)
    }
}

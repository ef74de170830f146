// Reads the annotations about a pod's interfaces, in the formats of the Network Plumbing Working Group's de-facto standard
// (Kubernetes Network Custom Resource Definition, sections 4.1 and 4.2). Tenants can write them. Therefore they can keep an
// address from being given or freed, but no address is given or freed because of them.

extension Pod {
    /// The annotation in which Multus records a pod's interfaces.
    static let networkStatus = "k8s.v1.cni.cncf.io/network-status"
    /// The same annotation in the first versions of Multus.
    private static let oldNetworkStatus = "k8s.v1.cni.cncf.io/networks-status"
    /// The interface whose addresses are in `status.podIPs`.
    private static let firstInterface = "eth0"

    /// Whether the pod may use addresses of a pool.
    var isLive: Bool { !isTerminal && !usesHostNetwork }

    /// The entries of each of the two annotations of Multus, one per interface; a malformed annotation is ignored.
    private var statusEntries: [[JSONValue]] {
        var lists: [[JSONValue]] = []
        for key in [Self.networkStatus, Self.oldNetworkStatus] {
            guard let text = annotations[key], let json = try? JSONValue(parsing: text) else { continue }
            lists.append(json.array ?? [])
        }
        return lists
    }

    /// The addresses of an entry. Some plugins write them with a prefix length.
    private static func addresses(_ entry: JSONValue) -> [IPAddress] {
        (entry["ips"]?.array ?? []).compactMap { ip in
            ip.string.flatMap { text in try? IPAddress(String(text.prefix { $0 != "/" })) }
        }
    }

    /// Whether an entry has no address, or an address that cannot be read.
    private static func isSilent(_ entry: JSONValue) -> Bool {
        let count = addresses(entry).count
        return count == 0 || count < entry["ips"]?.array?.count ?? 0
    }

    /// Whether the pod may have `address` without reporting it: the pod reports an address that cannot be read, and one of its
    /// annotations requests `address`. The Go plugin gives addresses by annotation without recording them.
    func mayHide(_ address: IPAddress) -> Bool {
        guard isLive, !unreadableAddresses.isEmpty else { return false }
        return annotations.contains { key, value in
            key.hasPrefix("kube-ipam.ip")
                && value.split(whereSeparator: { $0 == "," || $0.isWhitespace }).contains {
                    (try? IPAddress(String($0))) == address
                }
        }
    }

    /// The addresses that Multus has recorded for the pod.
    var networkStatusAddresses: [IPAddress] { statusEntries.joined().flatMap(Self.addresses) }

    /// The number of networks that the pod selects in addition to the cluster's own: elements of a JSON array, or names with
    /// commas between them.
    private var selectedNetworks: Int {
        guard let text = annotations[MisdirectedAnnotations.networkSelection] else { return 0 }
        if text.utf8.first(where: { $0 > 0x20 }) == UInt8(ascii: "[") {
            return (try? JSONValue(parsing: text))?.array?.count ?? 1
        }
        return text.utf8.split(separator: UInt8(ascii: ",")).count { part in part.contains { $0 > 0x20 } }
    }

    /// Whether the pod has, or may have, an interface whose address is unknown: it is in neither the pod's status nor the
    /// annotation of Multus, and the interface has no attachment.
    ///
    /// - Parameter recorded: the names of the pod's interfaces that have an attachment.
    func hasSilentInterface(beside recorded: Set<String>) -> Bool {
        guard isLive, node != nil else { return false }
        var known = recorded.count { $0 != Self.firstInterface }
        for entries in statusEntries {
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

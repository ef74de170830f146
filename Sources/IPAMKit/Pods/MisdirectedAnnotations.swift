/// The annotations `kube-ipam.ip/OTHER` of a pod without an annotation for the network of an ADD. OTHER may be meant to be
/// this network: in another case, as the name of its NetworkAttachmentDefinition, or with a typing error.
struct MisdirectedAnnotations: Hashable, Sendable {
    /// One annotation.
    struct Entry: Hashable, Sendable {
        /// `kube-ipam.ip/OTHER`
        let key: String
        /// `OTHER`
        let name: String
        /// The addresses in the annotation's value; empty for `auto` and `dynamic`.
        let addresses: [IPAddress]
    }

    /// The annotations, ordered by their keys.
    let entries: [Entry]
    private let network: NetworkName?
    private let selection: String?

    private static let prefix = "kube-ipam.ip/"
    /// The annotation with which a pod selects networks in addition to the cluster's own (Kubernetes Network Custom Resource
    /// Definition De-facto Standard, section 4.1).
    static let networkSelection = "k8s.v1.cni.cncf.io/networks"

    init() {
        entries = []
        network = nil
        selection = nil
    }

    /// Reads the annotations of a pod that has none for `network`.
    init(_ annotations: [String: String], network: NetworkName) {
        var entries: [Entry] = []
        for (key, value) in annotations where key.utf8.starts(with: Self.prefix.utf8) {
            let words = value.split(whereSeparator: { $0 == "," || $0.isWhitespace })
            entries.append(
                Entry(
                    key: key, name: String(key.dropFirst(Self.prefix.utf8.count)),
                    addresses: words.compactMap { try? IPAddress(String($0)) }))
        }
        self.entries = entries.sorted { $0.key < $1.key }
        self.network = network
        selection = entries.isEmpty ? nil : annotations[Self.networkSelection]
    }

    /// The log message if one of the annotations is certainly meant for this network: its name differs in case only, or is
    /// that of the interface's NetworkAttachmentDefinition. Nil if there is no such annotation.
    func problem(on ifname: InterfaceName) -> String? {
        guard let network, !entries.isEmpty else { return nil }
        let definition = selection.flatMap { Self.definition(of: ifname, in: $0) }
        for entry in entries {
            let advice = "the key for this network is \(Self.prefix)\(network)"
            if entry.name.lowercased() == network.text.lowercased() {
                return "annotation \(entry.key) is ignored, because network names are case-sensitive: \(advice)"
            }
            if entry.name == definition {
                return
                    "annotation \(entry.key) is ignored, because it names the NetworkAttachmentDefinition and not the "
                    + "network: \(advice)"
            }
        }
        return nil
    }

    /// Whether an annotation may be meant for another interface of the pod than `ifname`: its name is that of the other
    /// interface's NetworkAttachmentDefinition, which often has the name of its network.
    func mayBeOfAnotherInterface(_ entry: Entry, than ifname: InterfaceName) -> Bool {
        Self.selected(in: selection ?? "").contains { $0.name == entry.name && $0.interface != ifname.text }
    }

    private static func definition(of ifname: InterfaceName, in selection: String) -> String? {
        selected(in: selection).first { $0.interface == ifname.text && !$0.name.isEmpty }?.name
    }

    /// The names of the NetworkAttachmentDefinitions that a pod selects, each with its interface. The selection is a JSON
    /// array, or a comma-separated list of `[NAMESPACE/]NAME[@INTERFACE]`; without INTERFACE, Multus names the interfaces net1,
    /// net2 and so on.
    static func selected(in selection: String) -> [(name: String, interface: String)] {
        var selected: [(name: String, interface: String?)] = []
        if selection.utf8.first(where: { $0 > 0x20 }) == UInt8(ascii: "[") {
            for element in (try? JSONValue(parsing: selection))?.array ?? [] {
                selected.append((element["name"]?.string ?? "", element["interface"]?.string))
            }
        } else {
            for part in selection.split(separator: ",") {
                let name = part.split(whereSeparator: \.isWhitespace).first ?? ""
                let halves = name.split(separator: "@", maxSplits: 1)
                let definition = halves.first?.split(separator: "/").last ?? ""
                selected.append((String(definition), halves.count == 2 ? String(halves[1]) : nil))
            }
        }
        return selected.enumerated().map { ($0.element.name, $0.element.interface ?? "net\($0.offset + 1)") }
    }
}

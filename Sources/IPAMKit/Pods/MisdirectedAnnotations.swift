/// The annotations `kube-ipam.ip/OTHER` of a pod that has none for the network at hand. OTHER may be this network, spelled in
/// another way: in another case, by the name of its NetworkAttachmentDefinition, or with a typing error.
struct MisdirectedAnnotations: Hashable, Sendable {
    /// One of them.
    struct Entry: Hashable, Sendable {
        /// `kube-ipam.ip/OTHER`
        let key: String
        /// `OTHER`
        let name: String
        /// The addresses that its value names; none for `auto` and `dynamic`.
        let addresses: [IPAddress]
    }

    /// By their keys.
    let entries: [Entry]
    private let network: NetworkName?
    private let selection: String?

    private static let prefix = "kube-ipam.ip/"
    /// Which networks a pod asks for beside the cluster's own (Kubernetes Network Custom Resource Definition De-facto Standard,
    /// section 4.1).
    static let networkSelection = "k8s.v1.cni.cncf.io/networks"

    init() {
        entries = []
        network = nil
        selection = nil
    }

    /// Takes a pod's annotations, none of which speaks for `network`.
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

    /// A sentence for the log where one of the annotations is certainly meant for this network: its name differs in case
    /// only, or is that of the NetworkAttachmentDefinition that the interface is of. Nil where none is.
    func problem(on ifname: InterfaceName) -> String? {
        guard let network, !entries.isEmpty else { return nil }
        let definition = selection.flatMap { Self.definition(of: ifname, in: $0) }
        for entry in entries {
            let advice = "the key for this network is \(Self.prefix)\(network)"
            if entry.name.lowercased() == network.text.lowercased() {
                return "annotation \(entry.key) is of no network, because upper and lower case count: \(advice)"
            }
            if entry.name == definition {
                return
                    "annotation \(entry.key) names the NetworkAttachmentDefinition, and not the network that its "
                    + "configuration names: \(advice)"
            }
        }
        return nil
    }

    /// Whether an annotation may be meant for another interface of the pod than `ifname`: its name is that of the
    /// NetworkAttachmentDefinition which that one is of, as networks usually are named.
    func mayBeOfAnotherInterface(_ entry: Entry, than ifname: InterfaceName) -> Bool {
        Self.selected(in: selection ?? "").contains { $0.name == entry.name && $0.interface != ifname.text }
    }

    private static func definition(of ifname: InterfaceName, in selection: String) -> String? {
        selected(in: selection).first { $0.interface == ifname.text && !$0.name.isEmpty }?.name
    }

    /// The names of the NetworkAttachmentDefinitions that a pod selects, each with its interface: Multus calls the interfaces of a selection net1,
    /// net2 and so on, unless the pod says otherwise. The selection is a JSON array, or names with commas between them, each
    /// `[NAMESPACE/]NAME[@INTERFACE]`.
    private static func selected(in selection: String) -> [(name: String, interface: String)] {
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

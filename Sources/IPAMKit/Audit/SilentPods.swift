extension NetworkSnapshot {
    /// Those of `pods` that have an interface whose address nobody reports, while nodes may run the Go plugin, which
    /// records no pod; and those that report an address that cannot be parsed, and have no attachment. Sorted by name.
    func silentPods(among pods: [Pod]) -> [Pod] {
        let hasGoNodes = settings?.hasGoNodes ?? true
        var interfaces: [String: Set<String>] = [:]
        for tenancy in tenancies {
            guard let uid = tenancy.holder.uid, let ifname = tenancy.ifname else { continue }
            interfaces[uid, default: []].insert(ifname.text)
        }
        return pods.filter { pod in
            var recorded = interfaces[pod.uid] ?? []
            if let uid = pod.staticUID { recorded.formUnion(interfaces[uid] ?? []) }
            if pod.isLive, !pod.unreadableAddresses.isEmpty, recorded.isEmpty { return true }
            return hasGoNodes && pod.hasSilentInterface(beside: recorded)
        }.sorted { $0.phrase < $1.phrase }
    }
}

extension [Pod] {
    /// For pods with interfaces whose addresses nobody reports: `live pods on n1 and n2 have interfaces that report no
    /// address (default/db-0, default/db-1)`.
    var silencePhrase: String {
        let nodes = Set(compactMap(\.node)).sorted()
        func list(_ items: [String]) -> String {
            let shown = items.prefix(5).joined(separator: ", ")
            return items.count > 5 ? "\(shown) and \(items.count - 5) more" : shown
        }
        return
            "live pods on \(list(nodes)) have interfaces that report no address (\(list(map(\.reference.description))))"
    }
}

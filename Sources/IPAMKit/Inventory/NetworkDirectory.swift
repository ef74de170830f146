import Store

/// The networks that a store has.
public enum NetworkDirectory {
    /// The names of all networks, sorted by their bytes.
    ///
    /// Found by seeking: one read of one key for each network and its first child, however many keys there are. The
    /// order of keys puts `k8s-net` and `k8s.v2` between `k8s` and `k8s/`, so that a name can be met twice.
    ///
    /// - Throws: ``IPAMError``.
    public static func networks(in store: any Store, deadline: ContinuousClock.Instant) async throws(IPAMError)
        -> [NetworkName]
    {
        let root = Keyspace.root
        let end = KeyRange(prefix: root).end ?? Key(root)
        var next = Key(root)
        var names: Set<String> = []
        while true {
            let snapshot: Snapshot
            do throws(StoreError) {
                snapshot = try await store.read(
                    [Read(KeyRange(from: next, to: end), .keys, limit: 1)], deadline: deadline)
            } catch {
                throw .store(error)
            }
            guard let key = snapshot.results.first?.records.first?.key else { break }
            let rest = key.text.dropFirst(root.count)
            let name = rest.prefix { $0 != "/" }
            names.insert(String(name))
            // Behind the network's own key come its children, and before them perhaps other networks.
            next = name.count == rest.count ? Key(key.text + "\0") : KeyRange(prefix: root + name + "/").end ?? end
        }
        return names.sorted { Key($0) < Key($1) }.compactMap { try? NetworkName($0) }
    }
}

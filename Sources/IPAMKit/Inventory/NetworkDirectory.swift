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
        var limit = 1
        while true {
            let snapshot: Snapshot
            do throws(StoreError) {
                snapshot = try await store.read(
                    [Read(KeyRange(from: next, to: end), .keys, limit: limit)], deadline: deadline)
            } catch {
                throw .store(error)
            }
            guard let result = snapshot.results.first, !result.records.isEmpty else { break }
            // A key that is no UTF-8 cannot be seeked past: more and more keys are read until one behind it is seen.
            guard let key = result.records.first(where: { !$0.key.text.unicodeScalars.contains("\u{FFFD}") })?.key
            else {
                if result.count <= result.records.count { break }
                limit *= 2
                continue
            }
            limit = 1
            let rest = key.text.utf8.dropFirst(root.utf8.count)
            let name = String(decoding: rest.prefix { $0 != UInt8(ascii: "/") }, as: UTF8.self)
            names.insert(name)
            // Behind the network's own key come its children, and before them perhaps other networks.
            next =
                name.utf8.count == rest.count ? Key(key.text + "\0") : KeyRange(prefix: root + name + "/").end ?? end
        }
        return names.sorted { Key($0) < Key($1) }.compactMap { try? NetworkName($0) }
    }

    /// Whether the store has a key of `network`. Reads nothing of another network: a user's rights may end there.
    ///
    /// - Throws: ``IPAMError``.
    public static func has(_ network: NetworkName, in store: any Store, deadline: ContinuousClock.Instant)
        async throws(IPAMError) -> Bool
    {
        let document = Keyspace(network).document
        do throws(StoreError) {
            let snapshot = try await store.read(
                [Read(KeyRange(document), .keys), Read(KeyRange(prefix: document.text + "/"), .keys, limit: 1)],
                deadline: deadline)
            return snapshot.results.contains { !$0.records.isEmpty }
        } catch {
            throw .store(error)
        }
    }

    /// The revision of the store: what happens from now on comes after it.
    ///
    /// - Parameter network: the one that the store's user may read; nil for one who may read all.
    /// - Throws: ``IPAMError``.
    public static func revision(
        of store: any Store, reading network: NetworkName? = nil, deadline: ContinuousClock.Instant
    ) async throws(IPAMError) -> Revision {
        let key = network.map { Keyspace($0).document } ?? Key(Keyspace.root)
        do throws(StoreError) {
            return try await store.read([Read(KeyRange(key), .keys)], deadline: deadline).revision
        } catch {
            throw .store(error)
        }
    }
}

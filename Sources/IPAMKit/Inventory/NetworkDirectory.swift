import Store

/// The networks in a store.
public enum NetworkDirectory {
    /// Reads the names of all networks, sorted by their bytes.
    ///
    /// It reads two keys for each network, its own one and its first child, however many there are, and continues after them.
    /// Because the keys of `k8s-net` and `k8s.v2` are between `k8s` and `k8s/`, a name can be found twice.
    ///
    /// - Throws: ``IPAMError``, `store`.
    public static func networks(in store: any Store, deadline: ContinuousClock.Instant) async throws(IPAMError)
        -> [NetworkName]
    {
        let root = Keyspace.root
        let end = KeyRange(prefix: root).end ?? Key(root)
        var next = Key(root)
        var names: Set<String> = []
        var limit = keysAtOnce
        while true {
            let snapshot: Snapshot
            do throws(StoreError) {
                snapshot = try await store.read(
                    [Read(KeyRange(from: next, to: end), .keys, limit: limit)], deadline: deadline)
            } catch {
                throw .store(error)
            }
            guard let result = snapshot.results.first else { break }
            let start = next
            // A key that is not UTF-8 cannot be the start of the next read. More and more keys are read until a key after it
            // is found.
            for key in result.records.map(\.key) where !key.text.unicodeScalars.contains("\u{FFFD}") && next <= key {
                let rest = key.text.utf8.dropFirst(root.utf8.count)
                let name = String(decoding: rest.prefix { $0 != UInt8(ascii: "/") }, as: UTF8.self)
                names.insert(name)
                // The network's children follow its own key, perhaps after other networks.
                next =
                    name.utf8.count == rest.count
                    ? Key(key.text + "\0") : KeyRange(prefix: root + name + "/").end ?? end
            }
            if result.count <= result.records.count { break }
            limit = next == start ? limit * 2 : keysAtOnce
        }
        return names.sorted { Key($0) < Key($1) }.compactMap { try? NetworkName($0) }
    }

    private static let keysAtOnce = 2

    /// Whether the store has a key of `network`. It reads no key of another network, for which the user may have no permission.
    ///
    /// - Throws: ``IPAMError``, `store`.
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

    /// Reads the present revision of the store; all later changes have a greater revision.
    ///
    /// - Parameter network: a network that the user may read; nil if the user may read all networks.
    /// - Throws: ``IPAMError``, `store`.
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

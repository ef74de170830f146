import Store

/// Backs up networks: all their keys at one revision, except for the Go plugin's lock.
public struct NetworkBackup: Sendable {
    /// What the backup has of one network.
    public struct Network: Hashable, Sendable {
        /// The network.
        public let name: NetworkName
        /// The number of its keys.
        public let count: Int
    }

    /// The header of the file.
    public let header: BackupHeader
    /// The networks, sorted.
    public let networks: [Network]
    private let store: any Store
    private let timeout: Duration

    /// Finds out what there is to back up.
    ///
    /// - Parameters:
    ///   - names: the networks; those without keys are left out. All of them are read at the revision at which the first is.
    ///   - store: where they are.
    ///   - timeout: how long each read may take.
    ///   - now: the time of the backup.
    /// - Returns: nil if no network has a key.
    /// - Throws: ``IPAMError``, `store`.
    public static func plan(_ names: [NetworkName], in store: any Store, timeout: Duration, at now: Timestamp)
        async throws(IPAMError) -> NetworkBackup?
    {
        var revision: Revision?
        var networks: [Network] = []
        do throws(StoreError) {
            for name in names.sorted(by: { Key($0.text) < Key($1.text) }) {
                let keys = Keyspace(name)
                let snapshot = try await store.read(
                    (keys.ranges + [KeyRange(keys.lock)]).map { Read($0, .count) }, at: revision,
                    deadline: .now + timeout)
                if revision == nil { revision = snapshot.revision }
                let counts = snapshot.results.map(\.count)
                let count = counts[0] + counts[1] - counts[2]
                if count > 0 { networks.append(Network(name: name, count: count)) }
            }
            guard let revision, let first = networks.first else { return nil }
            let cluster = try await store.identity(
                reading: Keyspace(first.name).document, deadline: .now + timeout)
            let header = BackupHeader(
                networks: networks.map(\.name), revision: revision, cluster: cluster, time: now,
                count: networks.reduce(0) { $0 + $1.count })
            return NetworkBackup(header: header, networks: networks, store: store, timeout: timeout)
        } catch {
            throw .store(error)
        }
    }

    /// Writes the backup, a page of keys at a time.
    ///
    /// - Parameters:
    ///   - progress: receives the number of keys that have been written.
    ///   - write: receives the text, in pieces.
    /// - Throws: ``IPAMError``, and what `write` throws.
    public func write(progress: (Int) -> Void, to write: (String) throws -> Void) async throws {
        var writer = BackupWriter()
        var count = 0
        try write(writer.first(header))
        for network in networks {
            let keys = Keyspace(network.name)
            var pages = KeyPages(store, keys.ranges, at: header.revision, timeout: timeout)
            while let page = try await pages.next() {
                let records = page.filter { $0.key != keys.lock }
                try write(writer.lines(records))
                count += records.count
                progress(count)
            }
        }
        try write(writer.last)
    }
}

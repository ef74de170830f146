import Store

/// The records of some ranges as of one revision, a page at a time, so that memory does not grow with their number.
struct KeyPages {
    /// The number of records in one request. A page has 4 MiB if they are long. etcd counts the rest of the range for each
    /// page, so many small pages of a large network take long.
    private static let size = 4_000

    private let store: any Store
    private let revision: Revision
    private let timeout: Duration
    private var ranges: [KeyRange]

    /// - Parameter timeout: how long each page may take.
    init(_ store: any Store, _ ranges: [KeyRange], at revision: Revision, timeout: Duration) {
        self.store = store
        self.revision = revision
        self.timeout = timeout
        self.ranges = ranges.reversed()
    }

    /// The next records, in the order of the ranges and of their keys; nil at the end.
    ///
    /// - Throws: ``IPAMError``, `store`, also for a key that is not UTF-8.
    mutating func next() async throws(IPAMError) -> [Record]? {
        while let range = ranges.popLast() {
            let snapshot: Snapshot
            do throws(StoreError) {
                snapshot = try await store.read(
                    [Read(range, limit: Self.size)], at: revision, deadline: .now + timeout)
            } catch {
                throw .store(error)
            }
            guard let result = snapshot.results.first, let last = result.records.last else { continue }
            if let bad = result.records.first(where: { $0.key.text.unicodeScalars.contains("\u{FFFD}") }) {
                throw .store(.refused("the key \(bad.key) is not UTF-8 text, so that it cannot be backed up"))
            }
            if result.count > result.records.count, let end = range.end {
                ranges.append(KeyRange(from: Key(last.key.text + "\0"), to: end))
            }
            return result.records
        }
        return nil
    }
}

extension Keyspace {
    /// The ranges of all keys of the network, in the order of their keys.
    var ranges: [KeyRange] { [KeyRange(document), KeyRange(prefix: document.text + "/")] }
}

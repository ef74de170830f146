/// A key-value store with revisions and guarded, nested transactions. The model is etcd's; what keeps the data is open.
public protocol Store: Sendable {
    /// Carries out all `reads` as of one revision, in one request.
    ///
    /// - Parameters:
    ///   - reads: at least one.
    ///   - revision: the revision to read at; nil for the newest.
    ///   - deadline: when to give up.
    /// - Returns: the results, in the order of the reads.
    /// - Throws: ``StoreError``, never `outcomeUnknown`.
    func read(_ reads: [Read], at revision: Revision?, deadline: ContinuousClock.Instant) async throws(StoreError)
        -> Snapshot

    /// Runs `transaction`. Guards that do not hold are not an error.
    ///
    /// - Throws: ``StoreError``; after ``StoreError/outcomeUnknown(_:)`` the transaction may have run, or may still run.
    func commit(_ transaction: Transaction, deadline: ContinuousClock.Instant) async throws(StoreError) -> Commit

    /// Waits until `key`, which existed at `revision`, has been deleted.
    ///
    /// - Throws: ``StoreError/deadlineExceeded(_:)`` if it still exists at the deadline.
    func waitUntilAbsent(_ key: Key, after revision: Revision, deadline: ContinuousClock.Instant)
        async throws(StoreError)

    /// Waits until one of `keys` has been put or deleted after `revision`.
    ///
    /// - Throws: ``StoreError/deadlineExceeded(_:)`` if none has by the deadline.
    func waitForChange(of keys: [Key], after revision: Revision, deadline: ContinuousClock.Instant)
        async throws(StoreError)

    /// Follows the changes of the keys of `range` after `revision`, until the task that reads the feed is cancelled, which ends
    /// the feed without an error. One task at a time may read the feed.
    ///
    /// Nothing happens before the first element is asked for. If the store cannot be reached, or no longer answers, the feed
    /// tries again for ever. It throws ``StoreError/denied(_:)``, ``StoreError/refused(_:)`` or
    /// ``StoreError/invalidConfiguration(_:)`` if another attempt cannot succeed; an error ends the feed.
    ///
    /// - Parameters:
    ///   - range: the keys to follow.
    ///   - revision: the last revision that is known; 0 for the whole history.
    func changes(in range: KeyRange, after revision: Revision) -> ChangeFeed

    /// What identifies the store: for etcd the cluster ID, as `etcdctl` prints it in hexadecimal digits. nil if the store has
    /// no such name.
    ///
    /// - Parameters:
    ///   - key: a key that the user may read.
    ///   - deadline: when to give up.
    func identity(reading key: Key, deadline: ContinuousClock.Instant) async throws(StoreError) -> String?
}

/// Why the store did not carry out a request.
public enum StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The store cannot be reached; nothing was changed.
    case unreachable(String)
    /// The deadline passed; nothing was changed.
    case deadlineExceeded(String)
    /// A transaction was sent, and the response was lost: read before trying again.
    case outcomeUnknown(String)
    /// The user is not known, or is not allowed to do that.
    case denied(String)
    /// The store takes no more data; deleting may still work.
    case full(String)
    /// The request exceeds a limit of the store.
    case tooLarge(String)
    /// The requested revision is no longer kept.
    case compacted
    /// A file or an address of the store's configuration cannot be used.
    case invalidConfiguration(String)
    /// Any other refusal.
    case refused(String)

    /// The error message.
    public var description: String {
        switch self {
        case .unreachable(let text), .deadlineExceeded(let text), .outcomeUnknown(let text), .denied(let text),
            .full(let text), .tooLarge(let text), .invalidConfiguration(let text), .refused(let text):
            text
        case .compacted: "the requested revision was compacted"
        }
    }
}

extension Store {
    /// A store without a name of its own.
    public func identity(reading key: Key, deadline: ContinuousClock.Instant) async throws(StoreError) -> String? {
        nil
    }

    /// Carries out all `reads` as of the newest revision; see ``read(_:at:deadline:)``.
    public func read(_ reads: [Read], deadline: ContinuousClock.Instant) async throws(StoreError) -> Snapshot {
        try await read(reads, at: nil, deadline: deadline)
    }

    /// Reads the records of `range` in pages, all as of one revision. A single very large answer can get lost, and need not be
    /// in memory as a whole.
    ///
    /// - Parameters:
    ///   - range: which keys.
    ///   - content: records, or keys alone.
    ///   - revision: the revision to read at; nil for the newest.
    ///   - pageSize: the number of records in one request.
    ///   - deadline: when to give up.
    ///   - body: is called with each page, in key order.
    /// - Returns: the revision.
    /// - Throws: ``StoreError``; ``StoreError/compacted`` also if the revision is compacted between two pages.
    public func forEachPage(
        _ range: KeyRange, _ content: Read.Content = .records, at revision: Revision? = nil, pageSize: Int = 10_000,
        deadline: ContinuousClock.Instant, _ body: ([Record]) -> Void
    ) async throws(StoreError) -> Revision {
        var revision = revision
        var rest = range
        while true {
            let page = try await read([Read(rest, content, limit: pageSize)], at: revision, deadline: deadline)
            let pinned = revision ?? page.revision
            revision = pinned
            guard let result = page.results.first else { return pinned }
            body(result.records)
            guard result.count > result.records.count, let last = result.records.last, let end = range.end else {
                return pinned
            }
            let next = KeyRange(from: Key(last.key.text + "\0"), to: end)
            // Bytes that are not UTF-8 are read as another text, so the next page could begin before this one.
            guard rest.start < next.start else { throw .refused("the key \(last.key) is not UTF-8 text") }
            rest = next
        }
    }

    /// All records of `range` as of one revision, read in pages as ``forEachPage(_:_:at:pageSize:deadline:_:)`` does.
    ///
    /// - Returns: the records in key order, and the revision.
    /// - Throws: ``StoreError``; ``StoreError/compacted`` also if the revision is compacted between two pages.
    public func readAll(
        _ range: KeyRange, _ content: Read.Content = .records, at revision: Revision? = nil, pageSize: Int = 10_000,
        deadline: ContinuousClock.Instant
    ) async throws(StoreError) -> (records: [Record], revision: Revision) {
        var records: [Record] = []
        let pinned = try await forEachPage(range, content, at: revision, pageSize: pageSize, deadline: deadline) {
            records += $0
        }
        return (records, pinned)
    }
}

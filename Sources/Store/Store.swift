/// A revisioned key-value store with guarded, nested transactions: etcd's model, whatever keeps the data.
public protocol Store: Sendable {
    /// Answers all `reads` as of one revision, in one request.
    ///
    /// - Parameters:
    ///   - reads: the questions, at least one.
    ///   - revision: the revision to read at; nil for the newest.
    ///   - deadline: when to give up.
    /// - Returns: the answers, in the order of the questions.
    /// - Throws: ``StoreError``, never `outcomeUnknown`.
    func read(_ reads: [Read], at revision: Revision?, deadline: ContinuousClock.Instant) async throws(StoreError)
        -> Snapshot

    /// Runs `transaction`. Guards that do not hold are not an error.
    ///
    /// - Throws: ``StoreError``; after ``StoreError/outcomeUnknown(_:)`` the transaction may have run, or may yet.
    func commit(_ transaction: Transaction, deadline: ContinuousClock.Instant) async throws(StoreError) -> Commit

    /// Returns when `key`, which was there at `revision`, has been deleted since.
    ///
    /// - Throws: ``StoreError/deadlineExceeded(_:)`` when it is still there at the deadline.
    func waitUntilAbsent(_ key: Key, after revision: Revision, deadline: ContinuousClock.Instant)
        async throws(StoreError)

    /// Returns when one of `keys` has been changed since `revision`: put, or deleted.
    ///
    /// - Throws: ``StoreError/deadlineExceeded(_:)`` when none has been by the deadline.
    func waitForChange(of keys: [Key], after revision: Revision, deadline: ContinuousClock.Instant)
        async throws(StoreError)

    /// Follows the keys of `range` from the revision after `revision` on, until the task that asks is cancelled: that ends
    /// the feed without an error. To be consumed by one task.
    ///
    /// A store that cannot be reached, or no longer answers, is tried again for ever, wherever it can be reached; nothing
    /// happens before the first element is asked for. The feed throws ``StoreError/denied(_:)``,
    /// ``StoreError/refused(_:)`` or ``StoreError/invalidConfiguration(_:)`` where trying on is no use; after an error
    /// there is no more.
    ///
    /// - Parameters:
    ///   - range: whose changes.
    ///   - revision: what is known; 0 for all that ever was.
    func changes(in range: KeyRange, after revision: Revision) -> ChangeFeed
}

/// Why the store did not do what was asked.
public enum StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No way to the store; nothing was changed.
    case unreachable(String)
    /// The deadline passed; nothing was changed.
    case deadlineExceeded(String)
    /// A transaction was sent and its answer lost: look before trying again.
    case outcomeUnknown(String)
    /// Who asks is not allowed to.
    case denied(String)
    /// The store takes no more data; deletes may still go.
    case full(String)
    /// The request breaks a limit of the store.
    case tooLarge(String)
    /// The revision asked for is no longer kept.
    case compacted
    /// A file or an address of the store's configuration cannot be used.
    case invalidConfiguration(String)
    /// Any other refusal.
    case refused(String)

    public var description: String {
        switch self {
        case .unreachable(let text), .deadlineExceeded(let text), .outcomeUnknown(let text), .denied(let text),
            .full(let text), .tooLarge(let text), .invalidConfiguration(let text), .refused(let text):
            text
        case .compacted: "the revision asked for was compacted away"
        }
    }
}

extension Store {
    /// The newest state of `reads`.
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

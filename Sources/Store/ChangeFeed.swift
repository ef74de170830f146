/// What one transaction, or the end of a lease, did to a key.
public enum KeyChange: Hashable, Sendable {
    /// The key now has this record. `previous` is nil if the key is new, or if its former record is no longer kept.
    case put(Record, previous: Record?)
    /// The key was deleted. `previous` is nil if its former record is no longer kept.
    case delete(Key, previous: Record?)

    /// The key that changed.
    public var key: Key {
        switch self {
        case .put(let record, _): record.key
        case .delete(let key, _): key
        }
    }

    /// The record before the change; nil if there was none, or if it is no longer kept.
    public var previous: Record? {
        switch self {
        case .put(_, let previous), .delete(_, let previous): previous
        }
    }
}

/// All changes of one revision in a range of keys; they are never split over two batches.
public struct ChangeBatch: Hashable, Sendable {
    /// The revision that the changes made.
    public let revision: Revision
    /// At least one change, and at most one of each key.
    public let changes: [KeyChange]

    /// Makes a batch of at least one change, and at most one of each key.
    public init(revision: Revision, changes: [KeyChange]) {
        self.revision = revision
        self.changes = changes
    }
}

/// The changes of a range of keys after a revision, in the order of the revisions. Each change comes once, and changes that
/// are lost are reported, however often the connection breaks. See ``Store/changes(in:after:)``.
public struct ChangeFeed: AsyncSequence, Sendable {
    /// What the feed reports.
    public enum Element: Hashable, Sendable {
        /// The changes of the next revision that changed a key of the range.
        case changes(ChangeBatch)
        /// Nothing else has changed up to this revision; a later feed can start from it.
        case progress(Revision)
        /// The changes after the first revision, up to and including the second, are no longer kept (compaction). The feed
        /// continues after the second. If the second is the smaller one, the store was restored from a backup.
        case lost(after: Revision, through: Revision)
        /// The store does not answer; the feed keeps trying. Reported once, until ``resumed``.
        case interrupted(StoreError)
        /// The store answers again; no change was lost.
        case resumed
    }
    /// What the feed throws.
    public typealias Failure = StoreError

    private let next: @Sendable () async throws(StoreError) -> Element?

    /// Makes a feed of a function that gives one element after the other.
    ///
    /// - Parameter next: gives the next element; nil if the task is cancelled. It is called by one task at a time.
    public init(next: @escaping @Sendable () async throws(StoreError) -> Element?) {
        self.next = next
    }

    /// Gives the elements of a feed; all iterators of a feed share its position.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let produce: @Sendable () async throws(StoreError) -> Element?

        /// The next element; nil if the task is cancelled, and after an error.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(StoreError) -> Element? {
            try await produce()
        }

        /// The next element; nil if the task is cancelled, and after an error.
        public mutating func next() async throws(StoreError) -> Element? {
            try await produce()
        }
    }

    /// An iterator that continues where the feed is.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(produce: next)
    }
}

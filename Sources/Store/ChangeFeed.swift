/// What one transaction, or a lease that ended, did to a key.
public enum KeyChange: Hashable, Sendable {
    /// The key has this record since. What it had before is nil for a new key, and where that is no longer kept.
    case put(Record, previous: Record?)
    /// The key is gone. What it had is nil where that is no longer kept.
    case delete(Key, previous: Record?)

    public var key: Key {
        switch self {
        case .put(let record, _): record.key
        case .delete(let key, _): key
        }
    }

    public var previous: Record? {
        switch self {
        case .put(_, let previous), .delete(_, let previous): previous
        }
    }
}

/// All that one revision changed in a range of keys, so far as the range goes: never a part of it.
public struct ChangeBatch: Hashable, Sendable {
    public let revision: Revision
    /// At least one. Each key once.
    public let changes: [KeyChange]

    public init(revision: Revision, changes: [KeyChange]) {
        self.revision = revision
        self.changes = changes
    }
}

/// The changes of a range of keys, from a revision on, one revision after the other: each once, none left out without
/// saying so, however often the connection breaks. See ``Store/changes(in:after:)``.
public struct ChangeFeed: AsyncSequence, Sendable {
    public enum Element: Hashable, Sendable {
        /// What the next revision changed.
        case changes(ChangeBatch)
        /// Up to this revision nothing else has changed: where to go on from.
        case progress(Revision)
        /// What the revisions after the first one, up to and with the second, have changed is no longer kept
        /// (compaction). The feed goes on after the second. Where that is the smaller one, the store was set back to it
        /// (restored from a backup).
        case lost(after: Revision, through: Revision)
        /// The store does not answer; it is tried on. Told once, until ``resumed``.
        case interrupted(StoreError)
        /// The store answers again, and nothing was lost.
        case resumed
    }
    public typealias Failure = StoreError

    private let next: @Sendable () async throws(StoreError) -> Element?

    /// - Parameter next: the next element; nil when the task is cancelled. Called by one task at a time.
    public init(next: @escaping @Sendable () async throws(StoreError) -> Element?) {
        self.next = next
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let produce: @Sendable () async throws(StoreError) -> Element?

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(StoreError) -> Element? {
            try await produce()
        }

        public mutating func next() async throws(StoreError) -> Element? {
            try await produce()
        }
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(produce: next)
    }
}

/// One of the questions of a read.
public struct Read: Hashable, Sendable {
    /// What is wanted of the keys.
    public enum Content: Hashable, Sendable {
        case records
        /// Records without their values.
        case keys
        /// Only how many there are.
        case count
    }

    public let range: KeyRange
    public let content: Content
    /// At most so many records, at least one, the first in key order; nil for all.
    public let limit: Int?

    public init(_ range: KeyRange, _ content: Content = .records, limit: Int? = nil) {
        precondition(limit ?? 1 > 0, "a limit is at least 1")
        self.range = range
        self.content = content
        self.limit = limit
    }

    public init(_ key: Key) {
        self.init(KeyRange(key))
    }
}

/// The answer to one ``Read``.
public struct ReadResult: Hashable, Sendable {
    /// In key order; empty for a count.
    public let records: [Record]
    /// How many keys the range has, whatever the limit.
    public let count: Int

    public init(records: [Record], count: Int) {
        self.records = records
        self.count = count
    }
}

/// The answers to several reads, all as of one revision.
public struct Snapshot: Hashable, Sendable {
    public let revision: Revision
    /// In the order of the reads.
    public let results: [ReadResult]

    public init(revision: Revision, results: [ReadResult]) {
        self.revision = revision
        self.results = results
    }
}

/// A range of keys to read, and what to read of them.
public struct Read: Hashable, Sendable {
    /// What to read of the keys.
    public enum Content: Hashable, Sendable {
        /// Records with their values.
        case records
        /// Records without their values.
        case keys
        /// Only the number of keys.
        case count
    }

    /// The keys to read.
    public let range: KeyRange
    /// What to read of them.
    public let content: Content
    /// The largest number of records to read, at least 1, the first in key order; nil for all.
    public let limit: Int?

    /// Reads a range of keys.
    ///
    /// - Parameters:
    ///   - range: the keys to read.
    ///   - content: what to read of them.
    ///   - limit: the largest number of records, at least 1; nil for all.
    public init(_ range: KeyRange, _ content: Content = .records, limit: Int? = nil) {
        precondition(limit ?? 1 > 0, "a limit is at least 1")
        self.range = range
        self.content = content
        self.limit = limit
    }

    /// Reads one record.
    public init(_ key: Key) {
        self.init(KeyRange(key))
    }
}

/// The result of one ``Read``.
public struct ReadResult: Hashable, Sendable {
    /// In key order; empty for a count.
    public let records: [Record]
    /// The number of keys in the range, whatever the limit.
    public let count: Int

    /// Makes a result; see the properties.
    public init(records: [Record], count: Int) {
        self.records = records
        self.count = count
    }
}

/// The results of several reads, all as of one revision.
public struct Snapshot: Hashable, Sendable {
    /// The revision at which the records were read.
    public let revision: Revision
    /// One for each read, in the order of the reads.
    public let results: [ReadResult]

    /// Makes a snapshot of one result for each read.
    public init(revision: Revision, results: [ReadResult]) {
        self.revision = revision
        self.results = results
    }
}

/// A point in the store's history. Every change makes the next one; 0 is before all of them.
public typealias Revision = Int64

/// A key with its value, as it stood at the revision it was read at.
public struct Record: Hashable, Sendable {
    public let key: Key
    /// The value as text; bytes that are not UTF-8 are replaced by U+FFFD. Empty where only keys were read.
    public let value: String
    /// The revision that created the key.
    public let created: Revision
    /// The revision that last changed it.
    public let modified: Revision
    /// The lease that the key lives by; 0 for none.
    public let lease: Int64

    public init(key: Key, value: String, created: Revision, modified: Revision, lease: Int64 = 0) {
        self.key = key
        self.value = value
        self.created = created
        self.modified = modified
        self.lease = lease
    }
}

/// A point in the store's history. Every transaction that changes something makes the next one; 0 is before all of them.
public typealias Revision = Int64

/// A key with its value, as of the revision at which it was read.
public struct Record: Hashable, Sendable {
    /// The key.
    public let key: Key
    /// The value as text; bytes that are not UTF-8 are replaced by U+FFFD. Empty if only keys were read.
    public let value: String
    /// The value's bytes if they are not UTF-8; nil if ``value`` has all of them.
    public let undecodable: [UInt8]?
    /// The revision that created the key.
    public let created: Revision
    /// The revision that last changed the key.
    public let modified: Revision
    /// The ID of the lease at whose end the key is deleted; 0 for none.
    public let lease: Int64

    /// Makes a record; see the properties.
    public init(
        key: Key, value: String, undecodable: [UInt8]? = nil, created: Revision, modified: Revision, lease: Int64 = 0
    ) {
        self.key = key
        self.value = value
        self.undecodable = undecodable
        self.created = created
        self.modified = modified
        self.lease = lease
    }
}

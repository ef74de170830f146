import Store

/// One key that a restore changes.
public struct RestoreChange: Hashable, Sendable {
    /// What is done with the key.
    public enum Action: String, Hashable, Sendable {
        /// The store does not have the key.
        case add
        /// The store has another value.
        case replace
        /// The file does not have the key.
        case delete
    }

    /// The key.
    public let key: Key
    /// What the key is about.
    public let kind: RestoredKind
    /// The value in the file; nil to delete the key.
    let value: StoredValue?
    /// The revision that last changed the key in the store; nil if the store does not have it.
    public let former: Revision?

    /// What is done.
    public var action: Action { value == nil ? .delete : former == nil ? .add : .replace }

    /// Whether the store has something that the file does not have, and that a live pod or an operator may rely on.
    public var isNewer: Bool { former != nil && kind != .suspect }

    var guardOfKey: Guard { former.map { .unchanged(key, $0) } ?? .absent(key) }
    var operation: Operation { value.map { $0.put(key) } ?? .delete(KeyRange(key)) }
}

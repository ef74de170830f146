/// A condition for a transaction's first branch. All guards of a transaction, and of the transactions nested in it, see the
/// state before the transaction.
public enum Guard: Hashable, Sendable {
    /// The key does not exist.
    case absent(Key)
    /// The key exists and was last changed by this revision.
    case unchanged(Key, Revision)
    /// The key exists and has this value.
    case value(Key, equals: String)
    /// No key of the range was created or changed after the revision. Deleted keys do not count.
    case noneNewer(KeyRange, than: Revision)
}

/// A step of a transaction's branch. A transaction, with all those nested in it, may not change a key twice; it may put a key
/// in both branches of one nested transaction.
public indirect enum Operation: Hashable, Sendable {
    /// Gives the key this value.
    case put(Key, String)
    /// Gives the key this value, which need not be text.
    case putBytes(Key, [UInt8])
    /// Deletes the keys of the range; it may have none.
    case delete(KeyRange)
    /// Reads within the transaction.
    case read(Read)
    /// Runs a nested transaction.
    case transaction(Transaction)
}

/// If all guards hold, runs one list of operations, else another; atomically, at one revision.
///
/// etcd limits the widest path of a transaction: on the way from the root to any leaf, the sum of each level's ``ownWidth`` is
/// at most ``maximumWidth``. Siblings do not add up.
public struct Transaction: Hashable, Sendable {
    /// The conditions for ``then``; with none, it always runs.
    public var guards: [Guard]
    /// The operations that run if all guards hold.
    public var then: [Operation]
    /// The operations that run if a guard does not hold.
    public var otherwise: [Operation]

    /// The largest ``width`` that etcd accepts by default (`--max-txn-ops`).
    public static let maximumWidth = 128

    /// Makes a transaction that reads as etcd's own: if the guards hold, then, else.
    public init(if guards: [Guard], then: [Operation], else otherwise: [Operation] = []) {
        self.guards = guards
        self.then = then
        self.otherwise = otherwise
    }

    /// The width of this level, without the nested transactions: the longest of its three lists.
    public var ownWidth: Int { max(guards.count, then.count, otherwise.count) }

    /// The sum of widths along the widest path, as etcd counts it (`checkTxnRequest`).
    public var width: Int {
        let nested = (then + otherwise).map { operation in
            if case .transaction(let inner) = operation { inner.width } else { 0 }
        }
        return ownWidth + (nested.max() ?? 0)
    }
}

/// What a transaction did.
public struct Commit: Hashable, Sendable {
    /// The store's revision after the transaction.
    public let revision: Revision
    /// Whether the guards held.
    public let succeeded: Bool
    /// One for each operation of the branch that ran.
    public let results: [OperationResult]

    /// Makes a result; see the properties.
    public init(revision: Revision, succeeded: Bool, results: [OperationResult]) {
        self.revision = revision
        self.succeeded = succeeded
        self.results = results
    }
}

/// The result of one ``Operation``.
public indirect enum OperationResult: Hashable, Sendable {
    /// The key was put.
    case put
    /// The number of keys that were deleted.
    case deleted(count: Int)
    /// What was read.
    case read(ReadResult)
    /// What the nested transaction did.
    case transaction(Commit)
}

/// What must hold for a transaction's first branch to run. All guards of a transaction, and of those nested in it,
/// see the state before the transaction.
public enum Guard: Hashable, Sendable {
    /// The key does not exist.
    case absent(Key)
    /// The key exists and was last changed by this revision.
    case unchanged(Key, Revision)
    /// The key exists and has this value.
    case value(Key, equals: String)
    /// No key of the range was created or changed after the revision. Keys deleted since do not count.
    case noneNewer(KeyRange, than: Revision)
}

/// A step of a transaction's branch. No key is changed twice in a transaction, whatever the nesting; an
/// exception is a key put in both branches of one nested transaction.
public indirect enum Operation: Hashable, Sendable {
    case put(Key, String)
    case delete(KeyRange)
    case read(Read)
    case transaction(Transaction)
}

/// If all guards hold, then one list of operations, else another: atomically, at one revision.
///
/// etcd bounds a transaction by its widest path: the sum, from the root to any leaf, of each level's
/// ``ownWidth``, is at most ``maximumWidth``. Siblings do not add up.
public struct Transaction: Hashable, Sendable {
    public var guards: [Guard]
    public var then: [Operation]
    public var otherwise: [Operation]

    /// etcd's default for `--max-txn-ops`.
    public static let maximumWidth = 128

    public init(if guards: [Guard], then: [Operation], else otherwise: [Operation] = []) {
        self.guards = guards
        self.then = then
        self.otherwise = otherwise
    }

    public var ownWidth: Int { max(guards.count, then.count, otherwise.count) }

    /// The sum of widths along the widest path. As etcd counts it (`checkTxnRequest`).
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

    public init(revision: Revision, succeeded: Bool, results: [OperationResult]) {
        self.revision = revision
        self.succeeded = succeeded
        self.results = results
    }
}

public indirect enum OperationResult: Hashable, Sendable {
    case put
    case deleted(count: Int)
    case read(ReadResult)
    case transaction(Commit)
}

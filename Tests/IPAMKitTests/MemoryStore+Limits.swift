@testable import Store

/// What etcd checks before it looks at a guard.
extension Transaction {
    /// etcd's default for `--max-request-bytes`.
    static let maximumBytes = 3 << 19

    /// - Throws: ``StoreError/tooLarge(_:)`` if etcd takes no transaction of so many operations or bytes,
    ///   ``StoreError/refused(_:)`` if it changes a key twice.
    func requireWithinLimits() throws(StoreError) {
        guard width <= Self.maximumWidth else { throw .tooLarge("etcdserver: too many operations in txn request") }
        guard bytes <= Self.maximumBytes else { throw .tooLarge("etcdserver: request is too large") }
        _ = try Changes(of: then)
        _ = try Changes(of: otherwise)
    }

    /// The keys and values alone: etcd counts a few more for each.
    fileprivate var bytes: Int {
        (guards.map(\.bytes) + (then + otherwise).map(\.bytes)).reduce(0, +)
    }

    /// The keys that a list of operations may change, as etcd gathers them (`checkIntervals` in server/etcdserver/api/v3rpc/
    /// key.go, 3.4 and 3.5): the branches of a nested transaction exclude each other, everything else may come together.
    private struct Changes {
        var puts: Set<Key> = []
        var deletes: [KeyRange] = []

        init(of operations: [Operation]) throws(StoreError) {
            for case .delete(let range) in operations { deletes.append(range) }
            for case .transaction(let inner) in operations {
                let then = try Changes(of: inner.then)
                let otherwise = try Changes(of: inner.otherwise)
                for key in then.puts.union(otherwise.puts) { try put(key) }
                deletes += then.deletes + otherwise.deletes
            }
            for case .put(let key, _) in operations { try put(key) }
            for case .putBytes(let key, _) in operations { try put(key) }
        }

        private mutating func put(_ key: Key) throws(StoreError) {
            guard !deletes.contains(where: { $0.contains(key) }), puts.insert(key).inserted else {
                throw .refused("etcdserver: duplicate key given in txn request")
            }
        }
    }
}

extension Guard {
    fileprivate var bytes: Int {
        switch self {
        case .absent(let key), .unchanged(let key, _): key.text.utf8.count
        case .value(let key, let value): key.text.utf8.count + value.utf8.count
        case .noneNewer(let range, _): range.bytes
        }
    }
}

extension Operation {
    fileprivate var bytes: Int {
        switch self {
        case .put(let key, let value): key.text.utf8.count + value.utf8.count
        case .putBytes(let key, let value): key.text.utf8.count + value.count
        case .delete(let range): range.bytes
        case .read(let read): read.range.bytes
        case .transaction(let inner): inner.bytes
        }
    }
}

extension KeyRange {
    fileprivate var bytes: Int { start.text.utf8.count + (end?.text.utf8.count ?? 0) }
}

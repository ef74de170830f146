import Store

/// One network's addresses in the store, and the operations on them. Every change is one guarded transaction.
///
/// The operations stand in files of their own: `add`, `delete`, `check`, `collectGarbage`, `reserve`, `release`,
/// `inventory`, `history`, `hold`, `adopt`.
public struct AddressPool: Sendable {
    public let store: any Store
    public let keys: Keyspace
    /// When operations give up.
    public let deadline: ContinuousClock.Instant
    /// How long each look and each change may take; nil where all of them have the deadline in common.
    private let timeout: Duration?
    /// How many entries an address's history keeps; 0 writes none.
    public let historyDepth: Int
    /// The clock of all deadlines and waits.
    let clock: @Sendable () -> ContinuousClock.Instant

    /// So often a transaction is tried again after others changed what it was planned on.
    static let attempts = 64

    /// A pool whose operations give up at `deadline`, whatever they consist of. Tests hand in a `clock` of their own.
    public init(
        store: any Store, network: NetworkName, deadline: ContinuousClock.Instant,
        historyDepth: Int = History.defaultDepth, clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.init(store, Keyspace(network), deadline, timeout: nil, historyDepth, clock)
    }

    /// A pool whose operations may take `timeout` from now on. Of one that takes many looks or changes, or waits for
    /// something else in between, each look and each change may take as long.
    public init(
        store: any Store, network: NetworkName, timeout: Duration, historyDepth: Int = History.defaultDepth
    ) {
        self.init(store, Keyspace(network), .now + timeout, timeout: timeout, historyDepth) { .now }
    }

    private init(
        _ store: any Store, _ keys: Keyspace, _ deadline: ContinuousClock.Instant, timeout: Duration?,
        _ historyDepth: Int, _ clock: @escaping @Sendable () -> ContinuousClock.Instant
    ) {
        self.store = store
        self.keys = keys
        self.deadline = deadline
        self.timeout = timeout
        self.historyDepth = historyDepth
        self.clock = clock
    }

    /// The pool for the next look or change of an operation.
    var renewed: AddressPool {
        guard let timeout else { return self }
        return AddressPool(store, keys, clock() + timeout, timeout: timeout, historyDepth, clock)
    }

    /// The same pool, whose operations give up that much later, and not at once: what was waited for must be of use.
    func withDeadline(movedBy duration: Duration) -> AddressPool {
        AddressPool(
            store, keys, max(deadline + duration, clock() + .seconds(5)), timeout: timeout, historyDepth, clock)
    }

    // MARK: The store, with this module's errors

    func read(_ reads: [Read], at revision: Revision? = nil) async throws(IPAMError) -> Snapshot {
        do throws(StoreError) {
            return try await store.read(reads, at: revision, deadline: deadline)
        } catch {
            throw .store(error)
        }
    }

    func readAll(_ prefix: String, _ content: Read.Content = .records, at revision: Revision? = nil)
        async throws(IPAMError) -> (records: [Record], revision: Revision)
    {
        do throws(StoreError) {
            return try await store.readAll(KeyRange(prefix: prefix), content, at: revision, deadline: deadline)
        } catch {
            throw .store(error)
        }
    }

    /// Runs `transaction`; nil when its answer was lost, so that the caller looks before it tries again.
    func commit(_ transaction: Transaction) async throws(IPAMError) -> Commit? {
        do throws(StoreError) {
            return try await store.commit(transaction, deadline: deadline)
        } catch .outcomeUnknown(let problem) {
            if clock() >= deadline { throw .store(.outcomeUnknown(problem)) }
            return nil
        } catch {
            throw .store(error)
        }
    }

    // MARK: History

    /// The histories of `addresses`, as of now: nil for one that has none.
    func histories(of addresses: [IPAddress]) async throws(IPAMError) -> [IPAddress: Record?] {
        guard historyDepth > 0 else { return [:] }
        var records: [IPAddress: Record?] = [:]
        var rest = addresses[...]
        while !rest.isEmpty {
            let some = rest.prefix(Transaction.maximumWidth)
            rest = rest.dropFirst(some.count)
            let snapshot = try await read(some.map { Read(keys.history($0)) })
            for (address, result) in zip(some, snapshot.results) { records[address] = .some(result.records.first) }
        }
        return records
    }

    /// Runs an operation that also writes histories; where the store refuses it because of the room that it takes, once more
    /// on a pool that keeps none. What it is for matters more than the record of it.
    ///
    /// - Parameters:
    ///   - whenFull: whether a full store (``StoreError/full(_:)``) may take it without histories: not what puts other keys.
    ///   - whenTooLarge: whether to go without histories where the request is too large (``StoreError/tooLarge(_:)``).
    func orWithoutHistory<Value>(
        whenFull: Bool = true, whenTooLarge: Bool = true, _ operation: (AddressPool) async throws(IPAMError) -> Value
    ) async throws(IPAMError) -> Value {
        do throws(IPAMError) {
            return try await operation(self)
        } catch {
            switch error {
            case .store(.full) where whenFull && historyDepth > 0: break
            case .store(.tooLarge) where whenTooLarge && historyDepth > 0: break
            default: throw error
            }
        }
        return try await operation(
            AddressPool(store, keys, deadline, timeout: timeout, 0, clock))
    }

    // MARK: Values

    func settings(_ record: Record?) throws(IPAMError) -> NetworkSettings? {
        guard let record else { return nil }
        do throws(DamagedValue) {
            return try NetworkSettings(stored: record.value)
        } catch {
            throw .damaged(record.key, error)
        }
    }

    func attachment(_ record: Record) throws(IPAMError) -> Attachment {
        do throws(DamagedValue) {
            return try Attachment(stored: record.value)
        } catch {
            throw .damaged(record.key, error)
        }
    }

    func reservation(_ record: Record?) throws(IPAMError) -> Reservation? {
        guard let record else { return nil }
        do throws(DamagedValue) {
            return try Reservation(stored: record.value)
        } catch {
            throw .damaged(record.key, error)
        }
    }
}

import Store

/// One network's addresses in the store, and the operations on them. Every change is one guarded transaction.
///
/// Each operation has its own file. The runtime's operations are done at once: `add`, `delete`, `check`,
/// `collectGarbage`. An operator's changes are planned, shown, and then carried out as they were shown: `planRelease`,
/// `planReservations`, `plan` (settings), `planAdoption`, `audit`, and `carryOut` for each of these plans.
public struct AddressPool: Sendable {
    /// Where the network is kept.
    public let store: any Store
    /// The network's keys.
    public let keys: Keyspace
    /// The time at which operations give up.
    public let deadline: ContinuousClock.Instant
    /// How long each read and each change may take; nil if all of them share the deadline.
    private let timeout: Duration?
    /// How many entries an address's history keeps; 0 writes none.
    public let historyDepth: Int
    /// The clock of all deadlines and waits.
    let clock: @Sendable () -> ContinuousClock.Instant

    /// A pool whose operations give up at `deadline`, however many steps they have.
    ///
    /// - Parameter clock: what all deadlines and waits go by; tests hand in their own.
    public init(
        store: any Store, network: NetworkName, deadline: ContinuousClock.Instant,
        historyDepth: Int = History.defaultDepth, clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.init(store, Keyspace(network), deadline, timeout: nil, historyDepth, clock)
    }

    /// A pool whose operations may take `timeout` from now on. If an operation has many steps, or waits for something
    /// in between, each step may take that long.
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

    /// The pool for the next step of an operation: its deadline begins anew.
    var renewed: AddressPool {
        guard let timeout else { return self }
        return AddressPool(store, keys, clock() + timeout, timeout: timeout, historyDepth, clock)
    }

    /// The same pool with a later deadline, at least five seconds from now: the step after a wait needs time.
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

    /// The answers to `reads`; more reads than fit into one request are sent in several.
    func results(of reads: [Read], at revision: Revision? = nil) async throws(IPAMError) -> [ReadResult] {
        var results: [ReadResult] = []
        while results.count < reads.count {
            let next = reads[results.count..<min(results.count + Transaction.maximumWidth, reads.count)]
            results += try await read(Array(next), at: revision).results
        }
        return results
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

    // MARK: History

    /// The same pool without histories: its changes write none.
    var withoutHistory: AddressPool { AddressPool(store, keys, deadline, timeout: timeout, 0, clock) }

    /// The current histories of `addresses`.
    ///
    /// - Parameter known: histories that have been read already.
    func histories(of addresses: [IPAddress], known: [IPAddress: Record?] = [:]) async throws(IPAMError) -> Histories {
        var histories = Histories(depth: historyDepth)
        guard historyDepth > 0 else { return histories }
        histories.records = known
        let wanted = addresses.filter { known[$0] == nil }
        for (address, result) in zip(wanted, try await results(of: wanted.map { Read(keys.history($0)) })) {
            histories.records[address] = .some(result.records.first)
        }
        return histories
    }

    // MARK: Values

    func settings(_ record: Record?) throws(IPAMError) -> NetworkSettings? {
        try value(record, NetworkSettings.init(stored:))
    }

    func rangeSets(_ document: Record?, _ settings: NetworkSettings?) throws(IPAMError) -> [RangeSet]? {
        try value(document) { text throws(DamagedValue) in
            try NetworkDocument.parse(text, settings)
        }
    }

    func reservation(_ record: Record?) throws(IPAMError) -> Reservation? {
        try value(record, Reservation.init(stored:))
    }

    /// The tenancy of an attachment, with its record; nil if its key is not one of an attachment.
    func tenancy(_ record: Record) throws(IPAMError) -> Tenancy? { try tenancy(record, keeping: record) }

    /// The tenancy of an attachment; nil if its key is not one of an attachment.
    ///
    /// - Parameter kept: the tenancy's record. To save memory: nil if no change is planned, or one without a value, as guards
    ///   need only its key and revision.
    func tenancy(_ record: Record, keeping kept: Record?) throws(IPAMError) -> Tenancy? {
        guard let reference = keys.attachmentReference(of: record.key),
            let attachment = try value(record, Attachment.init(stored:))
        else { return nil }
        return Tenancy(reference, attachment, record: kept)
    }

    /// The value of a record; nil without a record.
    ///
    /// - Throws: ``IPAMError/damaged(_:_:)``.
    func value<Value>(_ record: Record?, _ read: (String) throws(DamagedValue) -> Value) throws(IPAMError) -> Value? {
        guard let record else { return nil }
        do throws(DamagedValue) {
            return try read(record.value)
        } catch {
            throw .damaged(record.key, error)
        }
    }
}

/// The values of a network that cannot be read. They do not hide the others.
struct ReadingProblems {
    var errors: [IPAMError] = []

    /// The result of `read`; nil if it fails, and then ``errors`` has the error.
    mutating func readable<Value>(_ read: () throws(IPAMError) -> Value?) -> Value? {
        do throws(IPAMError) {
            return try read()
        } catch {
            errors.append(error)
            return nil
        }
    }
}

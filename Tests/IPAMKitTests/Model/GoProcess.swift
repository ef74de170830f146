@testable import IPAMKit
@testable import Store

/// One call of the Go plugin, as its protocol is documented: it takes the lock, which has a lease, reads, puts or deletes one key
/// at a time, writes the network's document again, and revokes its lease.
struct GoProcess {
    let store: any Store
    let keys: Keyspace
    let rangeSets: [RangeSet]
    private let lease = ModelOperation.lease
    private let deadline = ContinuousClock.now

    init(_ pool: AddressPool, _ rangeSets: [RangeSet]) {
        store = pool.store
        keys = pool.keys
        self.rangeSets = rangeSets
    }

    /// Gives the container the first free address after the cursor; nothing if there is none.
    func add(_ container: String) async throws(StoreError) {
        try await lock()
        let snapshot = try await store.read(
            [Read(KeyRange(prefix: keys.usedPrefix)), Read(keys.cursor(rangeSet: 0))], deadline: deadline)
        let used = Set(snapshot.results[0].records.map(\.key))
        let space = rangeSets[0].dynamicSpace
        let last = snapshot.results[1].records.first.flatMap { try? IPAddress($0.value) }
        let start = last.map { space.index(after: $0) } ?? 0
        let addresses = (0..<space.count).map { space[(start + $0) % space.count] }
        if let free = addresses.first(where: { !used.contains(keys.used($0)) }) {
            try await change(.put(keys.used(free), container))
            try await change(.put(keys.cursor(rangeSet: 0), free.description))
        }
        try await unlock()
    }

    /// Frees the addresses of the container, found by the values of the used keys.
    func delete(_ container: String) async throws(StoreError) {
        try await lock()
        let used = try await store.read([Read(KeyRange(prefix: keys.usedPrefix))], deadline: deadline).results[0]
            .records
        for record in used where record.value == container { try await change(.delete(KeyRange(record.key))) }
        try await unlock()
    }

    private func lock() async throws(StoreError) {
        while true {
            let taken = try await store.commit(
                Transaction(if: [.absent(keys.lock)], then: [.put(keys.lock, lease)]), deadline: deadline)
            if taken.succeeded { return }
            try await store.waitUntilAbsent(keys.lock, after: taken.revision, deadline: deadline)
        }
    }

    /// Revoking the lease deletes the lock, if it still is this process's.
    private func unlock() async throws(StoreError) {
        try await change(.put(keys.document, NetworkDocument.serialize(rangeSets)))
        _ = try await store.commit(
            Transaction(if: [.value(keys.lock, equals: lease)], then: [.delete(KeyRange(keys.lock))]),
            deadline: deadline)
    }

    private func change(_ operation: Operation) async throws(StoreError) {
        _ = try await store.commit(Transaction(if: [], then: [operation]), deadline: deadline)
    }
}

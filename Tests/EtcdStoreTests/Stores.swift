import EtcdClient
import EtcdStore
import HTTPTransport
import Store
import TestSupport

extension EtcdStore {
    /// A store of these endpoints.
    static func of(_ endpoints: [String]) -> EtcdStore {
        EtcdStore(client: EtcdClient(EtcdConfiguration(endpoints: endpoints), loop: .onOwnThread()))
    }

    @discardableResult
    func put(_ key: String, _ value: String = "v") async throws -> Revision {
        try await commit(Transaction(if: [], then: [.put(Key(key), value)]), deadline: soon).revision
    }

    @discardableResult
    func delete(_ key: String) async throws -> Revision {
        try await commit(Transaction(if: [], then: [.delete(KeyRange(Key(key)))]), deadline: soon).revision
    }

    func record(_ key: String) async throws -> Record? {
        try await read([Read(Key(key))], deadline: soon).results[0].records.first
    }

    /// Whether the guards hold now.
    func holds(_ guards: Guard...) async throws -> Bool {
        try await commit(Transaction(if: guards, then: []), deadline: soon).succeeded
    }
}

/// The deadline of what is expected to take no time.
var soon: ContinuousClock.Instant { .now + .seconds(60) }

/// Foundation has an `Operation` too.
typealias StoreOperation = Operation

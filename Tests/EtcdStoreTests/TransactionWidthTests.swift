import EtcdStore
import Store
import TestSupport
import Testing

@Suite(.serialized, .needs(.etcd)) struct TransactionWidthTests {
    /// Random nested transactions around the limit: etcd takes exactly those that ``Transaction/width`` says it takes.
    @Test(arguments: EtcdServer.Version.allCases)
    func widthIsWhatEtcdCounts(_ version: EtcdServer.Version) async throws {
        let etcd = try await EtcdServer.start(version: version)
        let store = EtcdStore.of(etcd.endpoints)
        var generator = SeededGenerator()
        var verdicts = [true: 0, false: 0]
        for _ in 0..<150 {
            let transaction = random(depth: Int.random(in: 0...4, using: &generator), &generator)
            let fits = transaction.width <= Transaction.maximumWidth
            verdicts[fits, default: 0] += 1
            let taken = try await isTaken(transaction, by: store)
            #expect(taken == fits, "\(generator): etcd \(taken ? "took" : "refused") a width of \(transaction.width)")
        }
        #expect(verdicts.values.allSatisfy { $0 > 10 }, "\(generator): \(verdicts)")
    }

    @Test func exactlyTheLimitIsTaken() async throws {
        let etcd = try await EtcdServer.start()
        let store = EtcdStore.of(etcd.endpoints)
        func chain(_ depth: Int) -> Transaction {
            let inner = depth == 1 ? [] : [StoreOperation.transaction(chain(depth - 1))]
            return Transaction(if: [.absent("a")], then: inner)
        }
        #expect(chain(128).width == 128)
        _ = try await store.commit(chain(128), deadline: soon)
        let error = try await #require(throws: StoreError.self) { try await store.commit(chain(129), deadline: soon) }
        guard case .tooLarge = error else {
            Issue.record("\(error)")
            return
        }
    }

    private func isTaken(_ transaction: Transaction, by store: EtcdStore) async throws -> Bool {
        do {
            _ = try await store.commit(transaction, deadline: soon)
            return true
        } catch StoreError.tooLarge {
            return false
        }
    }

    private func random(depth: Int, _ generator: inout SeededGenerator) -> Transaction {
        // The widths of the levels add up to about the limit.
        let most = 2 * Transaction.maximumWidth / (depth + 2)
        func count() -> Int { Int.random(in: 0...most, using: &generator) }
        // Reads, because no key may be put twice; what they read does not matter.
        var then = [StoreOperation](repeating: .read(Read("a")), count: count())
        var otherwise = [StoreOperation](repeating: .read(Read("b")), count: count())
        if depth > 0 {
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let inner = StoreOperation.transaction(random(depth: depth - 1, &generator))
                if Bool.random(using: &generator) { then.append(inner) } else { otherwise.append(inner) }
            }
        }
        return Transaction(if: [Guard](repeating: .absent("a"), count: count()), then: then, else: otherwise)
    }
}

import EtcdClient
import Store

/// A store in an etcd v3 cluster.
public struct EtcdStore: Store {
    let client: EtcdClient
    let patience: Duration

    /// Makes a store that uses `client`.
    ///
    /// - Parameters:
    ///   - client: the client of the cluster.
    ///   - patience: how long a watched endpoint may send nothing before it is probed.
    public init(client: EtcdClient, patience: Duration = .seconds(5)) {
        self.client = client
        self.patience = patience
    }

    /// Follows the changes of the keys of `range` after `revision`; see `Store`.
    public func changes(in range: KeyRange, after revision: Revision) -> ChangeFeed {
        let changes = EtcdChanges(client, range, after: revision, patience: patience)
        return ChangeFeed { () async throws(StoreError) in try await changes.next() }
    }

    /// Carries out all `reads` as of one revision, in one request; see `Store`.
    public func read(_ reads: [Read], at revision: Revision?, deadline: ContinuousClock.Instant)
        async throws(StoreError) -> Snapshot
    {
        do throws(EtcdError) {
            if reads.count == 1 {
                let answer = try await client.range(EtcdRangeRequest(reads[0], at: revision), deadline: deadline)
                guard answer.header.revision > 0 else {
                    throw EtcdError.malformedAnswer(.init(endpoint: "etcd", reason: "the response has no revision"))
                }
                return Snapshot(revision: answer.header.revision, results: [ReadResult(answer)])
            }
            // etcd handles a flat transaction without guards as a read, not through the raft log.
            let request = EtcdTxnRequest(success: reads.map { .range(EtcdRangeRequest($0, at: revision)) })
            let answer = try await client.txn(request, deadline: deadline)
            let results = answer.responses.compactMap { response in
                if case .range(let range) = response { ReadResult(range) } else { nil }
            }
            guard answer.header.revision > 0, results.count == reads.count else {
                throw EtcdError.malformedAnswer(.init(endpoint: "etcd", reason: "the response has too few results"))
            }
            return Snapshot(revision: answer.header.revision, results: results)
        } catch {
            throw StoreError(error)
        }
    }

    /// The ID of the etcd cluster; see `Store`.
    public func identity(reading key: Key, deadline: ContinuousClock.Instant) async throws(StoreError) -> String? {
        do throws(EtcdError) {
            let answer = try await client.range(EtcdRangeRequest(Read(KeyRange(key), .count)), deadline: deadline)
            return answer.header.clusterID == 0 ? nil : String(answer.header.clusterID, radix: 16)
        } catch {
            throw StoreError(error)
        }
    }

    /// Runs `transaction`; see `Store`.
    public func commit(_ transaction: Transaction, deadline: ContinuousClock.Instant) async throws(StoreError)
        -> Commit
    {
        do throws(EtcdError) {
            let answer = try await client.txn(EtcdTxnRequest(transaction), deadline: deadline)
            return Commit(answer, revision: answer.header.revision)
        } catch {
            throw StoreError(error)
        }
    }
}

import EtcdClient
import Store

/// The store that an etcd v3 cluster keeps.
public struct EtcdStore: Store {
    let client: EtcdClient
    let patience: Duration

    /// - Parameters:
    ///   - client: the way to the cluster.
    ///   - patience: how long an endpoint may be silent while it is followed, before it is asked whether it still is there.
    public init(client: EtcdClient, patience: Duration = .seconds(5)) {
        self.client = client
        self.patience = patience
    }

    public func changes(in range: KeyRange, after revision: Revision) -> ChangeFeed {
        let changes = EtcdChanges(client, range, after: revision, patience: patience)
        return ChangeFeed { () async throws(StoreError) in try await changes.next() }
    }

    public func read(_ reads: [Read], at revision: Revision?, deadline: ContinuousClock.Instant)
        async throws(StoreError) -> Snapshot
    {
        do throws(EtcdError) {
            if reads.count == 1 {
                let answer = try await client.range(EtcdRangeRequest(reads[0], at: revision), deadline: deadline)
                guard answer.header.revision > 0 else {
                    throw EtcdError.malformedAnswer(.init(endpoint: "etcd", reason: "it has no revision"))
                }
                return Snapshot(revision: answer.header.revision, results: [ReadResult(answer)])
            }
            // Flat and without guards: etcd answers it as a read, not through the raft log.
            var request = EtcdTxnRequest()
            request.success = reads.map { read in .with { $0.requestRange = EtcdRangeRequest(read, at: revision) } }
            let answer = try await client.txn(request, deadline: deadline)
            guard answer.header.revision > 0, answer.responses.count == reads.count else {
                throw EtcdError.malformedAnswer(.init(endpoint: "etcd", reason: "it is shorter than what was asked"))
            }
            return Snapshot(
                revision: answer.header.revision, results: answer.responses.map { ReadResult($0.responseRange) })
        } catch {
            throw StoreError(error)
        }
    }

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

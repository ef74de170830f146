import EtcdClient
import Store

/// The store that an etcd v3 cluster keeps.
public struct EtcdStore: Store {
    private let client: EtcdClient

    public init(client: EtcdClient) {
        self.client = client
    }

    public func read(_ reads: [Read], at revision: Revision?, deadline: ContinuousClock.Instant)
        async throws(StoreError) -> Snapshot
    {
        do throws(EtcdError) {
            if reads.count == 1 {
                let answer = try await client.range(EtcdRangeRequest(reads[0], at: revision), deadline: deadline)
                return Snapshot(revision: answer.header.revision, results: [ReadResult(answer)])
            }
            // Flat and without guards: etcd answers it as a read, not through the raft log.
            var request = EtcdTxnRequest()
            request.success = reads.map { read in .with { $0.requestRange = EtcdRangeRequest(read, at: revision) } }
            let answer = try await client.txn(request, deadline: deadline)
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

    public func waitUntilAbsent(_ key: Key, after revision: Revision, deadline: ContinuousClock.Instant)
        async throws(StoreError)
    {
        var after = revision
        while true {
            if try await watchForDeletion(of: key, after: after, deadline: deadline) { return }
            // The watch ended without an answer: look again, which also finds the next endpoint to ask.
            let now = try await read([Read(key)], deadline: deadline)
            if now.results.allSatisfy({ $0.records.isEmpty }) { return }
            after = now.revision
            if ContinuousClock.now >= deadline || Task.isCancelled {
                throw .deadlineExceeded("\(key) was still there at the deadline")
            }
            await client.loop.sleep(until: min(deadline, .now + .milliseconds(200)))
        }
    }

    /// True when the key was deleted; false when the watch broke or the deadline passed.
    private func watchForDeletion(of key: Key, after revision: Revision, deadline: ContinuousClock.Instant)
        async throws(StoreError) -> Bool
    {
        var request = EtcdWatchCreateRequest()
        request.key = key.bytes
        request.startRevision = revision + 1
        let create = request
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    for try await answer in client.watch(create, deadline: deadline)
                    where answer.events.contains(where: { $0.type == .delete }) {
                        return true
                    }
                } catch {
                    return false
                }
                return false
            }
            group.addTask {
                await client.loop.sleep(until: deadline)
                return false
            }
            let deleted = await group.next() ?? false
            group.cancelAll()
            return deleted
        }
    }
}

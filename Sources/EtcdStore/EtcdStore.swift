import EtcdClient
import Store

/// The store that an etcd v3 cluster keeps.
public struct EtcdStore: Store {
    private let client: EtcdClient
    private let patience: Duration

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

    public func waitUntilAbsent(_ key: Key, after revision: Revision, deadline: ContinuousClock.Instant)
        async throws(StoreError)
    {
        var seen = revision
        while true {
            // A member that is cut off or frozen watches in silence: look again now and then, wherever there is an answer.
            let watched = await watchForDeletion(of: key, after: seen, until: min(deadline, .now + .seconds(2)))
            if watched == .deleted { return }
            guard ContinuousClock.now < deadline, !Task.isCancelled else {
                throw .deadlineExceeded("\(key) was still there at the deadline")
            }
            do throws(StoreError) {
                let now = try await read([Read(KeyRange(key), .keys)], deadline: deadline)
                let record = now.results.first?.records.first
                // Created since, it must have been deleted in between.
                guard let record, record.created <= revision else { return }
                seen = now.revision
            } catch .unreachable {
                // The store may be back before the deadline.
            }
            if watched == .broken { await client.loop.sleep(until: min(deadline, .now + .milliseconds(200))) }
        }
    }

    private enum WatchOutcome {
        case deleted
        case timedOut
        case broken
    }

    private func watchForDeletion(of key: Key, after revision: Revision, until end: ContinuousClock.Instant) async
        -> WatchOutcome
    {
        var request = EtcdWatchCreateRequest()
        request.key = key.bytes
        request.startRevision = revision + 1
        let create = request
        return await withTaskGroup(of: WatchOutcome.self) { group in
            group.addTask {
                do {
                    for try await answer in client.watch(create, deadline: end)
                    where answer.events.contains(where: { $0.type == .delete }) {
                        return .deleted
                    }
                } catch {
                    // Whatever it was, the read that follows meets it too, and has the words for it.
                }
                return .broken
            }
            group.addTask {
                await client.loop.sleep(until: end)
                return .timedOut
            }
            defer { group.cancelAll() }
            return await group.next() ?? .broken
        }
    }
}

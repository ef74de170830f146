import EtcdClient
import Store

/// Follows a range of keys in etcd, with as many watches as needed.
///
/// Each watch begins at the last revision that was received completely, and skips it: etcd forgets the deletions of the first
/// revision that a compaction keeps, and a watch that begins there would miss them without notice (etcd issue 19179). etcd sends
/// the events of one revision together, except for the fragments of a large message, which are put together here. The revision
/// in the header of a message is the member's, and events with a smaller one may still come, unless the message is a progress
/// notification (without events, every 10 minutes by default).
actor EtcdChanges {
    nonisolated let client: EtcdClient
    nonisolated var unownedExecutor: UnownedSerialExecutor { client.unownedExecutor }

    private let range: KeyRange
    private let patience: Duration
    /// All events up to this revision have been received.
    private var seen: Revision
    private var watch: AsyncThrowingStream<EtcdWatchResponse, any Error>?
    /// The events of a message that is not complete yet.
    private var fragments: [EtcdEvent] = []
    private var ready: [ChangeFeed.Element] = []
    /// When the current watch was requested.
    private var started = ContinuousClock.now
    /// The number of watches in a row that failed at once, or within ``shortLife``.
    private var failures = 0
    private var isInterrupted = false
    private var isOver = false

    private static let shortLife = Duration.seconds(2)
    private static let shortestPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(5)
    /// How long all endpoints together may take to accept a watch.
    private static let openingTime = Duration.seconds(15)

    init(_ client: EtcdClient, _ range: KeyRange, after revision: Revision, patience: Duration) {
        self.client = client
        self.range = range
        self.patience = patience
        seen = revision
    }

    /// The next element; nil if the task is cancelled, and after an error.
    func next() async throws(StoreError) -> ChangeFeed.Element? {
        while true {
            if !ready.isEmpty { return ready.removeFirst() }
            if isOver || Task.isCancelled { return nil }
            do throws(EtcdError) {
                guard let message = try await nextMessage() else {
                    // A server that is stopped ends the stream without an error.
                    throw .unavailable([.init(endpoint: "etcd", reason: "the server ended the watch")])
                }
                try await take(message)
            } catch {
                if Task.isCancelled { return nil }
                watch = nil
                fragments = []
                if case .compacted = error, let now = try? await presentRevision() {
                    lose(through: now)
                    continue
                }
                let failure = StoreError(error)
                guard case .again = Self.outlook(failure) else {
                    isOver = true
                    throw failure
                }
                await pause(after: failure)
            }
        }
    }

    private enum Outlook { case again, never }

    /// Whether another watch may succeed.
    private static func outlook(_ failure: StoreError) -> Outlook {
        switch failure {
        case .unreachable, .deadlineExceeded, .outcomeUnknown, .full, .compacted: .again
        case .denied, .tooLarge, .invalidConfiguration, .refused: .never
        }
    }

    /// The first new watch is tried at once, because most often one member has stopped and the others run.
    private func pause(after failure: StoreError) async {
        failures = .now - started > Self.shortLife && !isInterrupted ? 1 : failures + 1
        guard failures > 1 else { return }
        if !isInterrupted {
            isInterrupted = true
            ready.append(.interrupted(failure))
        }
        let pause = min(Self.shortestPause * (1 << min(failures - 2, 10)), Self.longestPause)
        await client.loop.sleep(until: .now + pause)
    }

    private func nextMessage() async throws(EtcdError) -> EtcdWatchResponse? {
        let watch: AsyncThrowingStream<EtcdWatchResponse, any Error>
        if let current = self.watch {
            watch = current
        } else {
            watch = client.watch(request, deadline: .now + Self.openingTime, patience: patience)
            started = .now
            self.watch = watch
        }
        // All iterators of this stream share its position.
        var iterator = watch.makeAsyncIterator()
        do {
            return try await iterator.next()
        } catch let error as EtcdError {
            throw error
        } catch {
            throw .unavailable([.init(endpoint: "etcd", reason: "\(error)")])
        }
    }

    private var request: EtcdWatchCreateRequest {
        var request = EtcdWatchCreateRequest(key: range.start.bytes)
        if let end = range.end { request.rangeEnd = end.bytes }
        // 0 would mean the current revision.
        request.startRevision = max(1, seen)
        request.previousKV = true
        request.progressNotify = true
        request.fragment = true
        return request
    }

    private func take(_ message: EtcdWatchResponse) async throws(EtcdError) {
        if message.created {
            if message.header.revision < seen { try await requireReached(seen) }
            if isInterrupted { ready.append(.resumed) }
            isInterrupted = false
            return
        }
        if message.canceled {
            lose(through: message.compactRevision)
            return
        }
        fragments += message.events
        guard !message.fragment else { return }
        let events = fragments
        fragments = []
        guard !events.isEmpty else {
            // A message without events is a progress notification; it may be older than the last event.
            if message.header.revision > seen {
                seen = message.header.revision
                ready.append(.progress(seen))
            }
            return
        }
        var rest = events[...]
        while let revision = rest.first?.kv.modRevision {
            let whole = rest.prefix { $0.kv.modRevision == revision }
            rest = rest.dropFirst(whole.count)
            guard revision > seen else { continue }
            seen = revision
            ready.append(.changes(ChangeBatch(revision: revision, changes: whole.map(KeyChange.init))))
        }
    }

    /// Reports that changes are lost, and continues after `revision`.
    private func lose(through revision: Revision) {
        ready.append(.lost(after: seen, through: revision))
        seen = revision
        watch = nil
        fragments = []
    }

    /// Throws ``EtcdError/compacted`` if the cluster has not reached `revision`. A member may be behind; but if the whole cluster
    /// is, it was restored from a backup, and its revisions are different ones.
    private func requireReached(_ revision: Revision) async throws(EtcdError) {
        if try await presentRevision() < revision { throw .compacted }
    }

    private func presentRevision() async throws(EtcdError) -> Revision {
        let request = EtcdRangeRequest(Read(KeyRange(range.start), .keys))
        return try await client.range(request, deadline: .now + Self.openingTime).header.revision
    }
}

extension KeyChange {
    /// etcd's `mvccpb.Event`.
    fileprivate init(_ event: EtcdEvent) {
        let previous = event.previous.map { Record($0) }
        switch event.kind {
        case .delete: self = .delete(Record(event.kv).key, previous: previous)
        case .put: self = .put(Record(event.kv), previous: previous)
        }
    }
}

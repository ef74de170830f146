import EtcdClient
import Store

// Waits for keys with a watch, and reads them whenever a watch breaks.
extension EtcdStore {
    /// Waits until `key`, which existed at `revision`, has been deleted; see `Store`.
    public func waitUntilAbsent(_ key: Key, after revision: Revision, deadline: ContinuousClock.Instant)
        async throws(StoreError)
    {
        // A key that was created after `revision` must have been deleted in between.
        try await wait(
            for: [key], after: revision, deadline: deadline, else: "\(key) still existed at the deadline",
            event: { $0.kind == .delete }, record: { $0.map { $0.created > revision } ?? true })
    }

    /// Waits until one of `keys` has been put or deleted after `revision`; see `Store`.
    public func waitForChange(of keys: [Key], after revision: Revision, deadline: ContinuousClock.Instant)
        async throws(StoreError)
    {
        let names = keys.map(\.text).joined(separator: ", ")
        try await wait(
            for: keys, after: revision, deadline: deadline, else: "\(names) had not changed by the deadline",
            event: { _ in true }, record: { $0.map { $0.modified > revision } ?? true })
    }

    /// Watches all keys from the first to the last. If the watch breaks, reads the keys and watches again.
    ///
    /// - Parameters:
    ///   - keys: at least one, at most 128.
    ///   - problem: the error message if the deadline passes.
    ///   - event: whether an event of one of the keys ends the waiting.
    ///   - record: whether the current record of a key, nil if it does not exist, shows that such an event has happened.
    private func wait(
        for keys: [Key], after revision: Revision, deadline: ContinuousClock.Instant, else problem: String,
        event isAwaited: @escaping @Sendable (EtcdEvent) -> Bool, record shows: (Record?) -> Bool
    ) async throws(StoreError) {
        var seen = revision
        var pause = Duration.milliseconds(200)
        while true {
            if await watch(keys, after: seen, until: deadline, isAwaited) { return }
            guard ContinuousClock.now < deadline, !Task.isCancelled else { throw .deadlineExceeded(problem) }
            do throws(StoreError) {
                let now = try await read(keys.map { Read(KeyRange($0), .keys) }, deadline: deadline)
                if now.results.contains(where: { shows($0.records.first) }) { return }
                seen = now.revision
            } catch .unreachable {
                // The store may answer again before the deadline.
            }
            await client.loop.sleep(until: min(deadline, .now + pause))
            pause = min(pause * 2, .seconds(5))
        }
    }

    /// True if the awaited event has happened, false if the watch broke or the deadline passed.
    private func watch(
        _ keys: [Key], after revision: Revision, until deadline: ContinuousClock.Instant,
        _ isAwaited: @escaping @Sendable (EtcdEvent) -> Bool
    ) async -> Bool {
        let sorted = keys.sorted()
        guard let first = sorted.first, let last = sorted.last else { return false }
        var request = EtcdWatchCreateRequest(key: first.bytes)
        if sorted.count > 1 { request.rangeEnd = Key(last.text + "\0").bytes }
        request.startRevision = revision + 1
        let create = request
        let watched = sorted.map(\.bytes)
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    for try await answer in client.watch(create, deadline: deadline, patience: patience)
                    where answer.events.contains(where: { watched.contains(Array($0.kv.key)) && isAwaited($0) }) {
                        return true
                    }
                } catch {
                    // The read that follows fails with the same problem, and reports it.
                }
                return false
            }
            group.addTask {
                await client.loop.sleep(until: deadline)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }
}

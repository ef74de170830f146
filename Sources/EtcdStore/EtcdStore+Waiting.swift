import EtcdClient
import Store

/// Waiting for keys: a watch, and now and then a look.
extension EtcdStore {
    public func waitUntilAbsent(_ key: Key, after revision: Revision, deadline: ContinuousClock.Instant)
        async throws(StoreError)
    {
        // Created since, it must have been deleted in between.
        try await wait(
            for: [key], after: revision, deadline: deadline, else: "\(key) was still there at the deadline",
            event: { $0.type == .delete }, record: { $0.map { $0.created > revision } ?? true })
    }

    public func waitForChange(of keys: [Key], after revision: Revision, deadline: ContinuousClock.Instant)
        async throws(StoreError)
    {
        let names = keys.map(\.text).joined(separator: ", ")
        try await wait(
            for: keys, after: revision, deadline: deadline, else: "\(names) had not changed by the deadline",
            event: { _ in true }, record: { $0.map { $0.modified > revision } ?? true })
    }

    /// One watch of all keys from the first to the last, and another one when it breaks, after a look at the keys.
    ///
    /// - Parameters:
    ///   - keys: at least one, at most 128.
    ///   - problem: the text of the error.
    ///   - event: whether an event of one of the keys is what is waited for.
    ///   - record: whether what a key has now shows that it has happened; nil where the key is not there.
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
                // The store may be back before the deadline.
            }
            await client.loop.sleep(until: min(deadline, .now + pause))
            pause = min(pause * 2, .seconds(5))
        }
    }

    /// True when it has happened, false when the watch has broken or the deadline has come.
    private func watch(
        _ keys: [Key], after revision: Revision, until deadline: ContinuousClock.Instant,
        _ isAwaited: @escaping @Sendable (EtcdEvent) -> Bool
    ) async -> Bool {
        let sorted = keys.sorted()
        guard let first = sorted.first, let last = sorted.last else { return false }
        var request = EtcdWatchCreateRequest()
        request.key = first.bytes
        if sorted.count > 1 { request.rangeEnd = Key(last.text + "\0").bytes }
        request.startRevision = revision + 1
        let create = request
        let watched = sorted.map(\.bytes)
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    for try await answer in client.watch(create, deadline: deadline, patience: patience)
                    where answer.events.contains(where: { watched.contains($0.kv.key) && isAwaited($0) }) {
                        return true
                    }
                } catch {
                    // Whatever it was, the read that follows meets it too, and has the words for it.
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

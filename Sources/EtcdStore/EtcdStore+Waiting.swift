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

    /// One watch of all keys from the first to the last for as long as it lasts, and beside it a look now and then.
    ///
    /// - Parameters:
    ///   - keys: at least one, at most 128.
    ///   - problem: the text of the error.
    ///   - event: whether an event of one of the keys is what is waited for.
    ///   - record: whether what a key has now shows that it has happened; nil where the key is not there.
    private func wait(
        for keys: [Key], after revision: Revision, deadline: ContinuousClock.Instant, else problem: String,
        event isAwaited: @escaping @Sendable (EtcdEvent) -> Bool, record shows: @escaping @Sendable (Record?) -> Bool
    ) async throws(StoreError) {
        var seen = revision
        while true {
            let from = seen
            let outcome = await withTaskGroup(of: WaitOutcome.self) { group in
                group.addTask { await watch(keys, after: from, until: deadline, isAwaited) }
                group.addTask { await lookNowAndThen(keys, until: deadline, shows) }
                defer { group.cancelAll() }
                return await group.next() ?? .timedOut
            }
            if outcome == .happened { return }
            guard ContinuousClock.now < deadline, !Task.isCancelled else { throw .deadlineExceeded(problem) }
            do throws(StoreError) {
                let now = try await look(keys, deadline: deadline, shows)
                if now.hasHappened { return }
                seen = now.revision
            } catch .unreachable {
                // The store may be back before the deadline.
            }
            await client.loop.sleep(until: min(deadline, .now + .milliseconds(200)))
        }
    }

    private enum WaitOutcome {
        case happened
        case timedOut
        case broken
    }

    private func watch(
        _ keys: [Key], after revision: Revision, until deadline: ContinuousClock.Instant,
        _ isAwaited: @escaping @Sendable (EtcdEvent) -> Bool
    ) async -> WaitOutcome {
        let sorted = keys.sorted()
        guard let first = sorted.first, let last = sorted.last else { return .timedOut }
        var request = EtcdWatchCreateRequest()
        request.key = first.bytes
        if sorted.count > 1 { request.rangeEnd = Key(last.text + "\0").bytes }
        request.startRevision = revision + 1
        let watched = sorted.map(\.bytes)
        do {
            for try await answer in client.watch(request, deadline: deadline)
            where answer.events.contains(where: { watched.contains($0.kv.key) && isAwaited($0) }) {
                return .happened
            }
        } catch {
            // Whatever it was, the read that follows meets it too, and has the words for it.
        }
        return .broken
    }

    /// A member that is cut off or frozen watches in silence: looks wherever there is an answer, less and less often.
    private func lookNowAndThen(
        _ keys: [Key], until deadline: ContinuousClock.Instant, _ shows: @Sendable (Record?) -> Bool
    ) async -> WaitOutcome {
        var interval = Duration.seconds(2)
        while true {
            let next = ContinuousClock.now + interval
            await client.loop.sleep(until: min(deadline, next))
            guard next < deadline, !Task.isCancelled else { return .timedOut }
            if let now = try? await look(keys, deadline: deadline, shows), now.hasHappened { return .happened }
            interval *= 2
        }
    }

    private func look(
        _ keys: [Key], deadline: ContinuousClock.Instant, _ shows: (Record?) -> Bool
    ) async throws(StoreError) -> (hasHappened: Bool, revision: Revision) {
        let now = try await read(keys.map { Read(KeyRange($0), .keys) }, deadline: deadline)
        return (now.results.contains { shows($0.records.first) }, now.revision)
    }
}

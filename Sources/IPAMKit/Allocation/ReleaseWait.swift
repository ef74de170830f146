import Store

/// What an ADD waits for: that one of several holders goes.
struct ReleaseWait: Sendable {
    /// The used keys of the addresses.
    var keys: [Key] = []
    /// The earliest revision at which one of them was read; what happened since ends the wait.
    var revision: Revision
    /// Whether one of the holders is about to go by itself; the others only look gone.
    var isAboutToGo = false
    /// When the first of the holders that look gone counts as gone; nil where none looks so.
    var until: Timestamp?

    init(at revision: Revision) {
        self.revision = revision
    }

    /// Adds the holder with the used key `key`, which was read at `revision`.
    ///
    /// - Parameter time: when a holder that looks gone counts as gone; nil for one that is about to go by itself.
    mutating func add(_ key: Key, at revision: Revision, until time: Timestamp?) {
        if !keys.contains(key) { keys.append(key) }
        self.revision = min(self.revision, revision)
        if let time {
            until = until.map { min($0, time) } ?? time
        } else {
            isAboutToGo = true
        }
    }
}

extension AddressPool {
    /// Waits until a holder has gone, or counts as gone.
    ///
    /// - Parameters:
    ///   - longest: how long to wait at most.
    ///   - now: the time by which `wait.until` is meant.
    /// - Returns: false, at once, where all of them only look gone, and none counts as gone within `longest`.
    /// - Throws: ``IPAMError`` where the store cannot be reached for so long.
    func wait(_ wait: ReleaseWait, atMost longest: Duration, now: Timestamp) async throws(IPAMError) -> Bool {
        var duration = longest
        if let until = wait.until {
            let left = Duration.seconds(max(0, until.seconds - now.seconds))
            guard wait.isAboutToGo || left <= longest else { return false }
            duration = min(duration, left)
        }
        do throws(StoreError) {
            try await store.waitForChange(of: wait.keys, after: wait.revision, deadline: clock() + duration)
        } catch .deadlineExceeded {
            // Who is waited for may be judged otherwise by now.
        } catch {
            throw .store(error)
        }
        return true
    }
}

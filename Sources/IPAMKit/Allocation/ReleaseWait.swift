import Store

/// What an ADD waits for: one of several holders has to go.
struct ReleaseWait: Sendable {
    /// The used keys of the addresses.
    var keys: [Key] = []
    /// The earliest revision at which one of the keys was read; any change after it ends the wait.
    var revision: Revision
    /// Whether one of the holders is about to go; the others only appear to be gone.
    var isAboutToGo = false
    /// The time at which the first of the holders that appear to be gone counts as gone; nil if there is none.
    var until: Timestamp?

    init(at revision: Revision) {
        self.revision = revision
    }

    /// Adds the holder with the used key `key`, which was read at `revision`.
    ///
    /// - Parameter time: the time at which a holder that appears to be gone counts as gone; nil for a holder that is
    ///   about to go.
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
    /// Waits until one of the holders has gone, or counts as gone.
    ///
    /// - Parameters:
    ///   - longest: how long to wait at most.
    ///   - now: the current time, of the clock of `wait.until`.
    /// - Returns: false, at once, if all holders only appear to be gone and none counts as gone within `longest`.
    /// - Throws: ``IPAMError`` if the store cannot be reached for that long.
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
            // The verdict on the holder may be different now.
        } catch {
            throw .store(error)
        }
        return true
    }
}

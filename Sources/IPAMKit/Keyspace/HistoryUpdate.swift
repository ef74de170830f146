import Store

/// What an operation adds to the history of one address, planned on the history as it was read.
struct HistoryUpdate {
    let key: Key
    /// The history as it was read; nil where there was none.
    let record: Record?
    let entries: [HistoryEntry]
    let depth: Int

    /// That nobody wrote there meanwhile.
    var unchanged: Guard { record.map { .unchanged(key, $0.modified) } ?? .absent(key) }

    /// The new history; none where it is not kept, or nothing is to be added.
    var operations: [Operation] {
        guard depth > 0, !entries.isEmpty else { return [] }
        // What cannot be read is of no use to anyone; it must not keep a pod from its address.
        var history = record.flatMap { try? History(stored: $0.value) } ?? History()
        history.record(entries, depth: depth)
        return [.put(key, history.fitted())]
    }
}

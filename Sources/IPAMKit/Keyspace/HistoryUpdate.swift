import Store

/// Histories as they were read, which a change adds to. Empty if none is kept.
struct Histories {
    /// The history of each address that was read; nil for an address that has none.
    var records: [IPAddress: Record?] = [:]
    /// How many entries are kept.
    let depth: Int

    /// What adds `entries` (the oldest first) to the history of `address`; nil if that was not read, or none is kept.
    func update(of address: IPAddress, _ keys: Keyspace, adding entries: [HistoryEntry]) -> HistoryUpdate? {
        guard depth > 0, let record = records[address] else { return nil }
        return HistoryUpdate(key: keys.history(address), record: record, entries: entries, depth: depth)
    }
}

/// What an operation adds to the history of one address, planned on the history as it was read.
struct HistoryUpdate {
    let key: Key
    /// The history as it was read; nil if there was none.
    let record: Record?
    let entries: [HistoryEntry]
    let depth: Int

    /// That nobody has written there since.
    var unchanged: Guard { record.map { .unchanged(key, $0.modified) } ?? .absent(key) }

    /// The new history; nothing if none is kept, or nothing is to be added.
    var operations: [Operation] {
        guard depth > 0, !entries.isEmpty else { return [] }
        // A history that cannot be read is of no use to anyone; it must not keep a pod from its address.
        var history = record.flatMap { try? History(stored: $0.value) } ?? History()
        history.record(entries, depth: depth)
        return [.put(key, history.fitted())]
    }
}

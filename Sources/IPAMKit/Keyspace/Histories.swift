import Store

/// The histories to which a change adds entries, as they were read.
struct Histories {
    /// The history of each address that was read; nil for an address that has none.
    var records: [IPAddress: Record?] = [:]
    /// The number of entries to keep; 0 keeps no histories.
    var depth = 0

    /// Guards that the history of `address` has not changed; empty if it was not read, or if no histories are kept.
    func unchanged(_ address: IPAddress, _ keys: Keyspace) -> [Guard] {
        guard depth > 0, let record = records[address] else { return [] }
        return [.unchanged(keys.history(address), record)]
    }

    /// Puts the history of `address` with `entries` added, the oldest first; empty if ``unchanged(_:_:)`` is.
    func adding(_ entries: [HistoryEntry], to address: IPAddress, _ keys: Keyspace) -> [Operation] {
        guard depth > 0, !entries.isEmpty, let record = records[address] else { return [] }
        // A history that cannot be read is replaced: it must not keep a pod from getting the address.
        var history = record.flatMap { try? History(stored: $0.value) } ?? History()
        history.record(entries, depth: depth)
        return [.put(keys.history(address), history.fitted())]
    }
}

extension Guard {
    /// Guards that `key` is as it was read: `record`, or absent.
    static func unchanged(_ key: Key, _ record: Record?) -> Guard {
        record.map { .unchanged(key, $0.modified) } ?? .absent(key)
    }

    /// Guards that a record is as it was read.
    static func unchanged(_ record: Record) -> Guard { .unchanged(record.key, record.modified) }
}

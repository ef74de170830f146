import Store

/// Histories as they were read, which a change adds to.
struct Histories {
    /// The history of each address that was read; nil for an address that has none.
    var records: [IPAddress: Record?] = [:]
    /// How many entries are kept; 0 keeps no histories.
    var depth = 0

    /// That nobody has written to the history of `address` since; nothing if that was not read, or none is kept.
    func unchanged(_ address: IPAddress, _ keys: Keyspace) -> [Guard] {
        guard depth > 0, let record = records[address] else { return [] }
        return [.unchanged(keys.history(address), record)]
    }

    /// Puts the history of `address` with `entries` added, the oldest first; nothing if ``unchanged(_:_:)`` guards nothing.
    func adding(_ entries: [HistoryEntry], to address: IPAddress, _ keys: Keyspace) -> [Operation] {
        guard depth > 0, !entries.isEmpty, let record = records[address] else { return [] }
        // A history that cannot be read is of no use to anyone; it must not keep a pod from its address.
        var history = record.flatMap { try? History(stored: $0.value) } ?? History()
        history.record(entries, depth: depth)
        return [.put(keys.history(address), history.fitted())]
    }
}

extension Guard {
    /// That `key` is as it was read: `record`, or absent.
    static func unchanged(_ key: Key, _ record: Record?) -> Guard {
        record.map { .unchanged(key, $0.modified) } ?? .absent(key)
    }

    /// That a record is as it was read.
    static func unchanged(_ record: Record) -> Guard { .unchanged(record.key, record.modified) }
}

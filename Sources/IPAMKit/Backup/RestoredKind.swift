import Store

/// What a key of a network is about.
public enum RestoredKind: String, Hashable, Sendable, CaseIterable {
    case ranges, settings, used, attachment, reservation, claim, history, cursor, suspect, lock, other

    init(_ key: Key, _ keys: Keyspace) {
        let base = keys.document.text + "/"
        let prefixes: [(String, RestoredKind)] = [
            (keys.usedPrefix, .used), (keys.attachmentsPrefix, .attachment), (keys.reservationsPrefix, .reservation),
            (base + "claims/", .claim), (keys.historyPrefix, .history), (base + "lastReserved/", .cursor),
            (keys.suspectsPrefix, .suspect),
        ]
        switch key {
        case keys.document: self = .ranges
        case keys.settings: self = .settings
        case keys.lock: self = .lock
        default: self = prefixes.first { key.text.hasPrefix($0.0) }?.1 ?? .other
        }
    }

    /// Whether a restore leaves the key alone if the store has it. The store's history is what really happened, and its
    /// cursors only say where the search for a free address begins.
    var isKeptIfPresent: Bool { self == .history || self == .cursor }
}

import Store

/// Compares a file with the store, key by key, in the order of the keys.
struct RestorePlanner {
    private let keys: Keyspace
    private let header: BackupHeader
    /// Whether the store has something else than the file that was last changed before the backup: it was restored since.
    private var hasOtherPast = false
    private var changes: [RestoreChange] = []
    /// For each token, the first of the changes that have it.
    private var owners: [String: Int] = [:]
    private var parents: [Int] = []
    private var suspects: [String: Record] = [:]
    private var equal = 0
    private var kept = 0
    private var documents: (file: StoredValue?, store: Record?)
    private var settings: (file: StoredValue?, store: Record?)

    init(_ keys: Keyspace, _ header: BackupHeader) {
        self.keys = keys
        self.header = header
    }

    // MARK: Comparing

    /// Takes the next key: of the file, of the store, or of both.
    mutating func note(_ key: Key, _ file: StoredValue?, _ store: Record?) {
        let kind = RestoredKind(key, keys)
        switch kind {
        case .lock: return
        case .ranges: documents = (file, store)
        case .settings: settings = (file, store)
        case .suspect: if let store { suspects[Self.name(key)] = store }
        case .used, .attachment, .reservation, .claim, .history, .cursor, .other:
            let former = store.map(StoredValue.init)
            if former == file {
                equal += 1
                return
            }
            if let store, store.modified <= header.revision { hasOtherPast = true }
            if kind.isKeptIfPresent, store != nil {
                kept += 1
            } else {
                let change = RestoreChange(key: key, kind: kind, value: file, former: store?.modified)
                append(change, Self.tokens(change, former?.text, keys))
            }
        }
    }

    /// What follows the last slash.
    private static func name(_ key: Key) -> String {
        let slash = key.text.utf8.lastIndex(of: UInt8(ascii: "/")) ?? key.text.startIndex
        return String(key.text[key.text.utf8.index(after: slash)...])
    }

    /// What a change is about: changes with a common token belong together.
    private static func tokens(_ change: RestoreChange, _ former: String?, _ keys: Keyspace) -> [String] {
        switch change.kind {
        case .used, .reservation, .claim, .history: [name(change.key)]
        case .attachment:
            [change.key.text] + (addresses(change.value?.text) + addresses(former)).map(\.description)
        case .ranges, .settings, .cursor, .suspect, .lock, .other: [change.key.text]
        }
    }

    /// The addresses of a stored attachment; none if it cannot be read.
    private static func addresses(_ stored: String?) -> [IPAddress] {
        stored.flatMap { try? Attachment(stored: $0) }?.addresses ?? []
    }

    private mutating func append(_ change: RestoreChange, _ tokens: [String]) {
        let index = changes.count
        changes.append(change)
        parents.append(index)
        for token in tokens {
            if let owner = owners[token] {
                parents[root(of: owner)] = root(of: index)
            } else {
                owners[token] = index
            }
        }
    }

    private mutating func root(of index: Int) -> Int {
        var index = index
        while parents[index] != index {
            parents[index] = parents[parents[index]]
            index = parents[index]
        }
        return index
    }

    // MARK: The plan

    /// The plan, after the last key.
    ///
    /// - Throws: ``BackupProblem`` if the file's settings cannot be used.
    mutating func plan(at revision: Revision, of cluster: String?) throws(BackupProblem) -> RestorePlan {
        for change in changes where change.kind == .used && change.former != nil {
            guard let suspect = suspects[Self.name(change.key)] else { continue }
            append(
                RestoreChange(key: suspect.key, kind: .suspect, value: nil, former: suspect.modified),
                [Self.name(change.key)])
        }
        let isSameCluster = header.cluster != nil && header.cluster == cluster
        let lineage: RestorePlan.Lineage =
            !isSameCluster ? .other : hasOtherPast || revision < header.revision ? .rolledBack : .same
        var places: [Int: Int] = [:]
        var grouped: [[RestoreChange]] = []
        for index in changes.indices {
            let root = root(of: index)
            if let place = places[root] {
                grouped[place].append(changes[index])
            } else {
                places[root] = grouped.count
                grouped.append([changes[index]])
            }
        }
        var own: [RestoreChange] = []
        // A network's ranges are never deleted: what is left of the network would be of no use without them.
        compare(documents, keys.document, .ranges, into: &own) { $0 == $1 }
        let stored = settings.store.flatMap { try? NetworkSettings(stored: $0.value) }
        var file: NetworkSettings?
        if let value = settings.file {
            do throws(DamagedValue) {
                file = try NetworkSettings(stored: value.text)
            } catch {
                throw BackupProblem(nil, "its settings of network \(keys.network) cannot be used: \(error)")
            }
        }
        compare(settings, keys.settings, .settings, into: &own) { _, _ in
            stored != nil && stored?.unheld == file?.unheld
        }
        // A network with ranges and without settings was made by the Go plugin, which writes the ranges first.
        let hasRanges = documents.file != nil || documents.store != nil
        let made = NetworkSettings(hasGoNodes: hasRanges, fixed: [])
        return RestorePlan(
            header: header, network: keys.network, revision: revision, lineage: lineage,
            units: grouped.map(RestoreUnit.init), settings: own, equal: equal, kept: kept, hold: stored?.hold,
            wanted: (file ?? stored ?? made).unheld, stored: stored?.unheld, record: settings.store)
    }

    private mutating func compare(
        _ pair: (file: StoredValue?, store: Record?), _ key: Key, _ kind: RestoredKind,
        into own: inout [RestoreChange], isEqual: (StoredValue, StoredValue) -> Bool
    ) {
        guard let file = pair.file else {
            kept += pair.store == nil ? 0 : 1
            return
        }
        if let store = pair.store, isEqual(StoredValue(store), file) {
            equal += 1
        } else {
            own.append(RestoreChange(key: key, kind: kind, value: file, former: pair.store?.modified))
        }
    }
}

extension NetworkSettings {
    /// The settings without a hold.
    fileprivate var unheld: NetworkSettings {
        var settings = self
        settings.setHold(nil)
        return settings
    }
}

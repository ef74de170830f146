import Store

/// What a container's interface holds, as it was read: what is to be ended together.
struct Tenancy {
    /// The container ID, as the used keys have it.
    let container: String
    let ifname: InterfaceName?
    let addresses: [IPAddress]
    /// The attachment's record; nil for what the Go plugin recorded.
    let record: Record?
    /// Nil where there is none that can be read.
    let attachment: Attachment?
    /// Used keys that have no attachment that can be read.
    let unattached: [Record]
    let condition: Guard?

    init(_ reference: AttachmentReference, _ record: Record, _ attachment: Attachment) {
        container = reference.containerID.text
        ifname = reference.ifname
        self.record = record
        self.attachment = attachment
        addresses = attachment.addresses
        unattached = []
        condition = nil
    }

    /// What has no attachment that can be read.
    ///
    /// - Parameters:
    ///   - used: the container's used keys, with their addresses.
    ///   - record: the attachment that cannot be read.
    init(
        of container: String, used: [(record: Record, address: IPAddress)], beside record: Record? = nil,
        if condition: Guard? = nil
    ) {
        self.container = container
        self.record = record
        self.condition = condition
        unattached = used.map(\.record)
        addresses = used.map(\.address)
        attachment = nil
        ifname = nil
    }

    /// The holder, for the history.
    var usage: Usage {
        Usage(containerID: container, attachment: attachment, ifname: ifname)
    }
}

extension AddressPool {
    /// The transaction of DEL, GC, release and repair: deletes the attachment if it is unchanged, and each of its
    /// addresses whose used key still is the container's; used keys without attachment, each if it is unchanged. False when
    /// it changed, or the answer was lost.
    ///
    /// - Parameters:
    ///   - ending: how the history is to call it; nil leaves no trace there.
    ///   - known: histories that were read already.
    func end(_ tenancy: Tenancy, _ ending: Ending?, _ known: [IPAddress: Record?] = [:]) async throws(IPAMError) -> Bool
    {
        let updates = try await updates(of: tenancy.addresses, [ending?.entry(tenancy.usage)].compactMap(\.self), known)
        let deletions = deletions(tenancy, updates)
        if let record = tenancy.record {
            let transaction = Transaction(
                if: deletions.guards, then: [.delete(KeyRange(record.key))] + deletions.operations.inSiblings)
            return try await commit(transaction)?.succeeded ?? false
        }
        var rest = deletions.operations[...]
        while !rest.isEmpty {
            let some = rest.prefix([Operation].mostSiblings)
            rest = rest.dropFirst(some.count)
            guard try await commit(Transaction(if: deletions.guards, then: Array(some)))?.succeeded == true else {
                return false
            }
        }
        return true
    }

    /// What is to be added to the histories of `addresses`.
    private func updates(of addresses: [IPAddress], _ entries: [HistoryEntry], _ known: [IPAddress: Record?])
        async throws(IPAMError) -> [IPAddress: HistoryUpdate]
    {
        // More than an interface can have are what a damaged attachment left.
        guard historyDepth > 0, !entries.isEmpty, addresses.count <= [Operation].mostSiblings else { return [:] }
        var records = known
        let unknown = addresses.filter { records[$0] == nil }
        if !unknown.isEmpty { records.merge(try await histories(of: unknown)) { $1 } }
        var updates: [IPAddress: HistoryUpdate] = [:]
        for address in addresses {
            updates[address] = HistoryUpdate(
                key: keys.history(address), record: records[address] ?? nil, entries: entries, depth: historyDepth)
        }
        return updates
    }

    /// The guards and the deletions of a tenancy, less that of the attachment itself.
    func deletions(_ tenancy: Tenancy, _ updates: [IPAddress: HistoryUpdate])
        -> (guards: [Guard], operations: [Operation])
    {
        var guards = tenancy.record.map { [Guard.unchanged($0.key, $0.modified)] } ?? []
        if let condition = tenancy.condition { guards.append(condition) }
        guards += tenancy.addresses.compactMap { updates[$0]?.unchanged }
        let operations = tenancy.addresses.map { address -> Operation in
            let key = keys.used(address)
            let record = tenancy.unattached.first { $0.key == key }
            return .transaction(
                Transaction(
                    if: [
                        record.map { .unchanged(key, $0.modified) }
                            ?? .value(key, equals: tenancy.container)
                    ],
                    then: [.delete(KeyRange(key)), .delete(KeyRange(keys.suspect(address)))]
                        + (updates[address]?.operations ?? [])))
        }
        return (guards, operations)
    }
}

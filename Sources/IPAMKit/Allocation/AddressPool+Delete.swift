import Store

extension AddressPool {
    /// Frees exactly what `attachment` holds. An attachment that nobody knows is success: DEL may be called twice.
    ///
    /// A record that the Go plugin made (a used key with the container's ID and no attachment) is found by the
    /// addresses of `prevResult`, or, while Go nodes may exist, by its value. A damaged attachment is no reason to keep
    /// an address for ever: what it held is found by value, too.
    ///
    /// - Parameters:
    ///   - attachment: the container's interface.
    ///   - previous: the addresses of the runtime's `prevResult`.
    /// - Returns: the addresses that were freed.
    /// - Throws: ``IPAMError``.
    public func delete(_ attachment: AttachmentReference, previous: [IPAddress] = []) async throws(IPAMError)
        -> [IPAddress]
    {
        let container = attachment.containerID
        for _ in 0..<Self.attempts {
            let snapshot = try await read(
                [Read(KeyRange(prefix: keys.attachmentsPrefix(of: container))), Read(keys.settings)]
                    + previous.prefix(Self.mostPrevious).map { Read(keys.used($0)) })
            let attachments = snapshot.results[0].records
            let own = attachments.first { $0.key == keys.attachment(attachment) }
            if let own, let held = try? self.attachment(own) {
                if try await delete(held.addresses, own, of: container) { return held.addresses }
                continue
            }
            // No attachment, or one that cannot be read: the container's used keys tell, less what its other
            // interfaces hold.
            var used = snapshot.results.dropFirst(2).flatMap(\.records)
            if own != nil || (previous.isEmpty && mayHaveGoRecords(snapshot.results[1].records.first)) {
                used = try await readAll(keys.usedPrefix, at: snapshot.revision).records
            }
            let unattached = unattached(used, of: container, beside: attachments.filter { $0.key != own?.key })
            let addresses = unattached.compactMap { Keyspace.address(of: $0.key, in: keys.usedPrefix) }
            // An attachment made since the read has its used keys from then, too: those are not to be touched.
            let none = Guard.noneNewer(KeyRange(prefix: keys.attachmentsPrefix(of: container)), than: snapshot.revision)
            if let own {
                if try await delete(addresses, own, of: container, if: [none]) { return addresses }
            } else if try await deleteUnattached(unattached, if: none) {
                return addresses
            }
        }
        throw .contention(network: keys.network)
    }

    /// A result has an address for each range set; a longer list is nobody's.
    private static let mostPrevious = 64

    /// While Go nodes may exist, or that cannot be told.
    private func mayHaveGoRecords(_ record: Record?) -> Bool {
        guard let settings = try? settings(record) else { return true }
        return settings.hasGoNodes
    }

    /// Those of `used` that are the container's, and not of its attachments `others`; none where one of these cannot be
    /// read, because then nobody knows.
    private func unattached(_ used: [Record], of container: ContainerID, beside others: [Record]) -> [Record] {
        var theirs: Set<IPAddress> = []
        for record in others {
            guard let attachment = try? attachment(record) else { return [] }
            theirs.formUnion(attachment.addresses)
        }
        return used.filter { record in
            guard let address = Keyspace.address(of: record.key, in: keys.usedPrefix) else { return false }
            return record.value == container.text && !theirs.contains(address)
        }
    }

    /// The transaction of DEL, GC and release: deletes `record` if it is unchanged, and each of its addresses whose
    /// used key still is the container's. False when it changed, or the answer was lost.
    func delete(
        _ addresses: [IPAddress], _ record: Record, of container: ContainerID, if guards: [Guard] = []
    ) async throws(IPAMError) -> Bool {
        let transaction = Transaction(
            if: [.unchanged(record.key, record.modified)] + guards,
            then: deletions(addresses, record.key, of: container))
        return try await commit(transaction)?.succeeded ?? false
    }

    /// Deletes an attachment's key and each of its addresses whose used key still is the container's. Siblings do not add
    /// up in etcd's count, so that any number of addresses fits.
    func deletions(_ addresses: [IPAddress], _ key: Key, of container: ContainerID) -> [Operation] {
        let freed = addresses.map { address in
            Operation.transaction(
                Transaction(
                    if: [.value(keys.used(address), equals: container.text)],
                    then: [.delete(KeyRange(keys.used(address))), .delete(KeyRange(keys.suspect(address)))]))
        }
        let perSibling = 60
        guard freed.count > perSibling else { return [.delete(KeyRange(key))] + freed }
        let siblings = stride(from: 0, to: freed.count, by: perSibling).map { start in
            Operation.transaction(Transaction(if: [], then: Array(freed[start..<min(start + perSibling, freed.count)])))
        }
        return [.delete(KeyRange(key))] + siblings
    }

    /// Deletes used keys that have no attachment, each if it is unchanged. False when the guard did not hold or an answer
    /// was lost.
    private func deleteUnattached(_ records: [Record], if condition: Guard) async throws(IPAMError) -> Bool {
        var rest = records[...]
        while !rest.isEmpty {
            let some = rest.prefix(Transaction.maximumWidth - 2)
            rest = rest.dropFirst(some.count)
            let deletions = some.map { record in
                Operation.transaction(
                    Transaction(
                        if: [.unchanged(record.key, record.modified)], then: [.delete(KeyRange(record.key))]))
            }
            guard try await commit(Transaction(if: [condition], then: deletions))?.succeeded == true else {
                return false
            }
        }
        return true
    }
}

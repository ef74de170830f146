import Store

extension AddressPool {
    /// Frees exactly what `attachment` holds. An attachment that nobody knows is success: DEL may be called twice.
    ///
    /// A record that the Go plugin made (a used key with the container's ID and no attachment) is found by the
    /// addresses of `prevResult`, or, while Go nodes may exist, by its value.
    ///
    /// - Parameters:
    ///   - attachment: the container's interface.
    ///   - previous: the addresses of the runtime's `prevResult`.
    /// - Returns: the addresses that were freed.
    /// - Throws: ``IPAMError``.
    public func delete(_ attachment: AttachmentReference, previous: [IPAddress] = []) async throws(IPAMError)
        -> [IPAddress]
    {
        for _ in 0..<Self.attempts {
            let snapshot = try await read(
                [
                    Read(KeyRange(prefix: keys.attachmentsPrefix(of: attachment.containerID))), Read(keys.settings),
                ] + previous.map { Read(keys.used($0)) })
            let attachments = snapshot.results[0].records
            if let record = attachments.first(where: { $0.key == keys.attachment(attachment) }) {
                let held = try self.attachment(record)
                if try await delete(held, record, of: attachment.containerID) { return held.addresses }
                continue
            }
            // What the container's other interfaces hold is theirs.
            var others: Set<IPAddress> = []
            for record in attachments { others.formUnion(try self.attachment(record).addresses) }
            var used = snapshot.results.dropFirst(2).flatMap(\.records)
            if previous.isEmpty {
                let settings = try settings(snapshot.results[1].records.first)
                guard settings?.hasGoNodes ?? true else { return [] }
                used = try await readAll(keys.usedPrefix).records
            }
            let unattached = used.filter { record in
                record.value == attachment.containerID.text
                    && Keyspace.address(of: record.key, in: keys.usedPrefix).map { !others.contains($0) } ?? false
            }
            if try await deleteUnattached(unattached) {
                return unattached.compactMap { Keyspace.address(of: $0.key, in: keys.usedPrefix) }
            }
        }
        throw .contention(network: keys.network)
    }

    /// The transaction of DEL, GC and release: deletes `record` if it is unchanged, and each of its addresses whose
    /// used key still is the container's. False when it changed, or the answer was lost.
    func delete(_ attachment: Attachment, _ record: Record, of container: ContainerID) async throws(IPAMError)
        -> Bool
    {
        let freed = attachment.addresses.map { address in
            Operation.transaction(
                Transaction(
                    if: [.value(keys.used(address), equals: container.text)],
                    then: [.delete(KeyRange(keys.used(address)))]))
        }
        let suspects = attachment.addresses.map { Operation.delete(KeyRange(keys.suspect($0))) }
        let transaction = Transaction(
            if: [.unchanged(record.key, record.modified)],
            then: [.delete(KeyRange(record.key))] + freed + suspects)
        return try await commit(transaction)?.succeeded ?? false
    }

    /// Deletes used keys that have no attachment, each if it is unchanged. False when an answer was lost.
    func deleteUnattached(_ records: [Record]) async throws(IPAMError) -> Bool {
        var rest = records[...]
        while !rest.isEmpty {
            let some = rest.prefix(Transaction.maximumWidth - 2)
            rest = rest.dropFirst(some.count)
            let deletions = some.map { record in
                Operation.transaction(
                    Transaction(
                        if: [.unchanged(record.key, record.modified)], then: [.delete(KeyRange(record.key))]))
            }
            guard try await commit(Transaction(if: [], then: deletions)) != nil else { return false }
        }
        return true
    }
}

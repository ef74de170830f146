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
    ///   - ending: how the history is to call it; nil leaves no trace there.
    /// - Returns: the addresses that were freed.
    /// - Throws: ``IPAMError``.
    public func delete(_ attachment: AttachmentReference, previous: [IPAddress] = [], ending: Ending? = nil)
        async throws(IPAMError) -> [IPAddress]
    {
        let previous = Array(previous.prefix(Self.mostPrevious))
        return try await orWithoutHistory { (pool) throws(IPAMError) in
            try await pool.free(attachment, previous, pool.historyDepth > 0 ? ending : nil)
        }
    }

    private func free(_ attachment: AttachmentReference, _ previous: [IPAddress], _ ending: Ending?)
        async throws(IPAMError) -> [IPAddress]
    {
        let container = attachment.containerID
        for _ in 0..<Self.attempts {
            let snapshot = try await read(
                [Read(KeyRange(prefix: keys.attachmentsPrefix(of: container))), Read(keys.settings)]
                    + previous.map { Read(keys.used($0)) }
                    + (ending == nil ? [] : previous.map { Read(keys.history($0)) }))
            let attachments = snapshot.results[0].records
            let used = snapshot.results.dropFirst(2).prefix(previous.count)
            var histories: [IPAddress: Record?] = [:]
            for (address, result) in zip(previous, snapshot.results.dropFirst(2 + previous.count)) {
                histories[address] = .some(result.records.first)
            }
            let own = attachments.first { $0.key == keys.attachment(attachment) }
            let tenancy: Tenancy
            if let own, let held = try? self.attachment(own) {
                tenancy = Tenancy(attachment, own, held)
            } else {
                // No attachment, or one that cannot be read: the container's used keys tell, less what its other
                // interfaces hold.
                var used = used.flatMap(\.records)
                if own != nil || (previous.isEmpty && mayHaveGoNodes(snapshot.results[1].records.first)) {
                    used = try await readAll(keys.usedPrefix, at: snapshot.revision).records
                }
                let unattached = unattached(used, of: container, beside: attachments.filter { $0.key != own?.key })
                // An attachment made since the read has its used keys from then, too: those are not to be touched.
                tenancy = Tenancy(
                    of: container.text, used: unattached, beside: own,
                    if: .noneNewer(KeyRange(prefix: keys.attachmentsPrefix(of: container)), than: snapshot.revision))
            }
            if try await end(tenancy, ending, histories) { return tenancy.addresses }
        }
        throw .contention(network: keys.network)
    }

    /// A result has an address for each range set; a longer list is nobody's.
    private static let mostPrevious = 48

    /// While Go nodes may exist, or that cannot be told.
    func mayHaveGoNodes(_ record: Record?) -> Bool {
        guard let settings = try? settings(record) else { return true }
        return settings.hasGoNodes
    }

    /// Those of `used` that are the container's, and not of its attachments `others`; none where one of these cannot be
    /// read, because then nobody knows.
    private func unattached(_ used: [Record], of container: ContainerID, beside others: [Record])
        -> [(record: Record, address: IPAddress)]
    {
        var theirs: Set<IPAddress> = []
        for record in others {
            guard let attachment = try? attachment(record) else { return [] }
            theirs.formUnion(attachment.addresses)
        }
        return used.compactMap { record in
            guard record.value == container.text, let address = Keyspace.address(of: record.key, in: keys.usedPrefix),
                !theirs.contains(address)
            else { return nil }
            return (record, address)
        }
    }
}

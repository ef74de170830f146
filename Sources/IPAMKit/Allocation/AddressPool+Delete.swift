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
        var tenancy = Tenancy(containerID: attachment.containerID.text, addresses: [])
        return try await carryOut(
            withoutHistoryWhenFull: true,
            plan: { (round) throws(IPAMError) -> Planned<Void, [IPAddress]> in
                let ending = round.pool.historyDepth > 0 ? ending : nil
                let found = try await find(attachment, previous, withHistories: ending != nil)
                let change = Change(
                    ending: found.tenancy, used: found.used, if: found.condition, keys, ending)
                // Nothing is left after a lost answer: that was its doing.
                if change.isEmpty { return .done(round.isUnanswered ? tenancy.addresses : []) }
                tenancy = found.tenancy
                let histories = try await round.pool.histories(
                    of: change.addressesWithHistory, known: found.histories)
                return .commit(change.transaction(keys, histories), ())
            }, outcome: { _, commit in commit.succeeded ? tenancy.addresses : nil })
    }

    /// What is to be freed of an attachment.
    private struct Found {
        let tenancy: Tenancy
        /// The used keys, if no attachment that can be read has them.
        var used: [Record] = []
        var condition: Guard?
        let histories: [IPAddress: Record?]
    }

    private func find(_ attachment: AttachmentReference, _ previous: [IPAddress], withHistories: Bool)
        async throws(IPAMError) -> Found
    {
        let container = attachment.containerID
        let snapshot = try await read(
            [Read(KeyRange(prefix: keys.attachmentsPrefix(of: container))), Read(keys.settings)]
                + previous.map { Read(keys.used($0)) } + (withHistories ? previous.map { Read(keys.history($0)) } : []))
        let attachments = snapshot.results[0].records
        let used = snapshot.results.dropFirst(2).prefix(previous.count)
        var histories: [IPAddress: Record?] = [:]
        for (address, result) in zip(previous, snapshot.results.dropFirst(2 + previous.count)) {
            histories[address] = .some(result.records.first)
        }
        let own = attachments.first { $0.key == keys.attachment(attachment) }
        if let own, let tenancy = try? self.tenancy(own) { return Found(tenancy: tenancy, histories: histories) }
        // No attachment, or one that cannot be read: the container's used keys tell, less what its other interfaces hold.
        var held = used.flatMap(\.records)
        if own != nil || (previous.isEmpty && mayHaveGoNodes(snapshot.results[1].records.first)) {
            held = try await readAll(keys.usedPrefix, at: snapshot.revision).records
        }
        let unattached = unattached(held, of: container, beside: attachments.filter { $0.key != own?.key })
        // An attachment made since the read has its used keys from then, too: those are not to be touched.
        return Found(
            tenancy: Tenancy(containerID: container.text, addresses: unattached.map(\.address), record: own),
            used: unattached.map(\.record),
            condition: .noneNewer(KeyRange(prefix: keys.attachmentsPrefix(of: container)), than: snapshot.revision),
            histories: histories)
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
            guard let tenancy = try? self.tenancy(record) else { return [] }
            theirs.formUnion(tenancy.addresses)
        }
        return used.compactMap { record in
            guard record.value == container.text, let address = Keyspace.address(of: record.key, in: keys.usedPrefix),
                !theirs.contains(address)
            else { return nil }
            return (record, address)
        }
    }
}

import Store

extension AddressPool {
    /// Frees exactly the addresses of `attachment`. An unknown attachment is success: a runtime may call DEL twice.
    ///
    /// A record of the Go plugin (a used key with the container's ID and no attachment) is found by the addresses of
    /// `prevResult`, or, while nodes may run the Go plugin, by its value. The addresses of a damaged attachment are
    /// found by value, too, so that they are not lost for ever.
    ///
    /// - Parameters:
    ///   - attachment: the container's interface.
    ///   - previous: the addresses of the runtime's `prevResult`.
    ///   - ending: what the history records; nil writes no history.
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
                // If nothing is left after an answer was lost, this operation has freed it.
                if change.isEmpty { return .done(round.isUnanswered ? tenancy.addresses : []) }
                tenancy = found.tenancy
                let histories = try await round.pool.histories(
                    of: change.addressesWithHistory, known: found.histories)
                return .commit(change.transaction(keys, histories), ())
            }, outcome: { _, commit in commit.succeeded ? tenancy.addresses : nil })
    }

    /// What an attachment holds.
    private struct Found {
        let tenancy: Tenancy
        /// The used keys, if there is no attachment that can be read.
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
        // There is no attachment, or none that can be read: the container's used keys count, except those of its other
        // interfaces.
        var held = used.flatMap(\.records)
        if own != nil || (previous.isEmpty && mayHaveGoNodes(snapshot.results[1].records.first)) {
            held = try await readAll(keys.usedPrefix, at: snapshot.revision).records
        }
        let unattached = unattached(held, of: container, beside: attachments.filter { $0.key != own?.key })
        // If an attachment was made since the read, its used keys must not be touched.
        return Found(
            tenancy: Tenancy(containerID: container.text, addresses: unattached.map(\.address), record: own),
            used: unattached.map(\.record),
            condition: .noneNewer(KeyRange(prefix: keys.attachmentsPrefix(of: container)), than: snapshot.revision),
            histories: histories)
    }

    /// A result has one address for each range set; a longer list is invalid.
    private static let mostPrevious = 48

    /// Whether nodes may run the Go plugin; true if the settings cannot be read.
    func mayHaveGoNodes(_ record: Record?) -> Bool {
        guard let settings = try? settings(record) else { return true }
        return settings.hasGoNodes
    }

    /// Those of `used` that belong to the container and not to its attachments `others`. Nothing if one of these cannot
    /// be read, because it may have any of them.
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

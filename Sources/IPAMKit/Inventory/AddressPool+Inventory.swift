import Store

extension AddressPool {
    /// Everything that is used or reserved in the network, as of one revision.
    ///
    /// - Throws: ``IPAMError``; a single value that cannot be understood is an error that names its key.
    public func inventory() async throws(IPAMError) -> NetworkInventory {
        let (used, revision) = try await readAll(keys.usedPrefix)
        let attached = try await readAll(keys.attachmentsPrefix, at: revision).records
        let reserved = try await readAll(keys.reservationsPrefix, at: revision).records
        let single = try await read([Read(keys.document), Read(keys.settings)])
        let settings = try settings(single.results[1].records.first)
        var attachments: [IPAddress: [(AttachmentReference, Attachment)]] = [:]
        for record in attached {
            guard let reference = keys.attachmentReference(of: record.key) else { continue }
            let attachment = try attachment(record)
            for address in attachment.addresses { attachments[address, default: []].append((reference, attachment)) }
        }
        var reservations: [IPAddress: Reservation] = [:]
        for record in reserved {
            guard let address = Keyspace.address(of: record.key, in: keys.reservationsPrefix) else { continue }
            reservations[address] = try reservation(record)
        }
        var entries: [AddressEntry] = []
        for record in used {
            guard let address = Keyspace.address(of: record.key, in: keys.usedPrefix) else { continue }
            let known = attachments[address]?.first { $0.0.containerID.text == record.value }
            let usage = AddressEntry.Usage(
                containerID: record.value, attachment: known?.1, ifname: known?.0.ifname)
            let reservation = reservations.removeValue(forKey: address)
            entries.append(
                AddressEntry(network: keys.network, address: address, usage: usage, reservation: reservation))
        }
        for (address, reservation) in reservations {
            entries.append(AddressEntry(network: keys.network, address: address, usage: nil, reservation: reservation))
        }
        entries.sort { $0.address < $1.address }
        return NetworkInventory(
            network: keys.network, revision: revision,
            rangeSets: try rangeSets(single.results[0].records.first, settings), settings: settings, entries: entries)
    }

    /// One address's entry, by two small reads.
    ///
    /// - Throws: ``IPAMError``.
    public func entry(of address: IPAddress) async throws(IPAMError) -> AddressEntry {
        try await entries(of: [address]).entries[0]
    }

    /// The network's range sets as the store has them; nil where it has none.
    ///
    /// - Throws: ``IPAMError``.
    public func storedRangeSets() async throws(IPAMError) -> [RangeSet]? {
        let snapshot = try await read([Read(keys.document), Read(keys.settings)])
        return try rangeSets(snapshot.results[0].records.first, settings(snapshot.results[1].records.first))
    }

    private func rangeSets(_ document: Record?, _ settings: NetworkSettings?) throws(IPAMError) -> [RangeSet]? {
        guard let document else { return nil }
        do throws(DamagedValue) {
            return try NetworkDocument.parse(document.value, fixed: settings?.fixed ?? [])
        } catch {
            throw .damaged(document.key, error)
        }
    }
}

/// The records behind some addresses, as of one revision.
struct AddressSnapshot {
    let revision: Revision
    /// In the order of the addresses asked for.
    let entries: [AddressEntry]
    let states: [IPAddress: AddressState]
}

extension AddressPool {
    /// What `addresses` are used for: few are read one by one, many by reading all of the network.
    func entries(of addresses: [IPAddress]) async throws(IPAMError) -> AddressSnapshot {
        var states: [IPAddress: AddressState] = [:]
        let revision: Revision
        if addresses.count <= Transaction.maximumWidth / 2 {
            let snapshot = try await read(addresses.flatMap { [Read(keys.used($0)), Read(keys.reservation($0))] })
            revision = snapshot.revision
            for (index, address) in addresses.enumerated() {
                states[address] = AddressState(
                    used: snapshot.results[2 * index].records.first,
                    reservation: snapshot.results[2 * index + 1].records.first)
            }
        } else {
            let used = try await readAll(keys.usedPrefix)
            let reserved = try await readAll(keys.reservationsPrefix, at: used.revision)
            revision = used.revision
            for record in used.records {
                guard let address = Keyspace.address(of: record.key, in: keys.usedPrefix) else { continue }
                states[address, default: AddressState()].used = record
            }
            for record in reserved.records {
                guard let address = Keyspace.address(of: record.key, in: keys.reservationsPrefix) else { continue }
                states[address, default: AddressState()].reservation = record
            }
        }
        let attachments = try await attachments(of: Set(addresses.compactMap { states[$0]?.used?.value }))
        var entries: [AddressEntry] = []
        for address in addresses {
            let state = states[address] ?? AddressState()
            let usage = state.used.map { used in
                let known = attachments[used.value]?.first { $0.1.addresses.contains(address) }
                return AddressEntry.Usage(containerID: used.value, attachment: known?.1, ifname: known?.0.ifname)
            }
            let reservation = try reservation(state.reservation)
            entries.append(
                AddressEntry(network: keys.network, address: address, usage: usage, reservation: reservation))
        }
        return AddressSnapshot(revision: revision, entries: entries, states: states)
    }

    /// The attachments of some containers, by the container ID's text.
    private func attachments(of containers: Set<String>) async throws(IPAMError)
        -> [String: [(AttachmentReference, Attachment)]]
    {
        var attachments: [String: [(AttachmentReference, Attachment)]] = [:]
        var rest = containers.sorted().compactMap { try? ContainerID($0) }[...]
        while !rest.isEmpty {
            let some = rest.prefix(Transaction.maximumWidth)
            rest = rest.dropFirst(some.count)
            let reads = some.map { Read(KeyRange(prefix: keys.attachmentsPrefix(of: $0))) }
            for record in try await read(reads).results.flatMap(\.records) {
                guard let reference = keys.attachmentReference(of: record.key) else { continue }
                attachments[reference.containerID.text, default: []].append((reference, try attachment(record)))
            }
        }
        return attachments
    }
}

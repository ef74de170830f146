import Store

extension AddressPool {
    /// Reads all addresses that are used or reserved in the network, at one revision.
    ///
    /// - Returns: the inventory; values that cannot be read are among its problems.
    /// - Throws: ``IPAMError``, `store`.
    public func inventory() async throws(IPAMError) -> NetworkInventory {
        let overview = try await overview()
        var entries: [AddressEntry] = []
        let problems = try await forEachEntry(at: overview.revision) { entries.append($0) }
        return NetworkInventory(overview.adding(problems), entries)
    }

    /// Reads what the store says about the network as a whole, by one small read.
    ///
    /// - Throws: ``IPAMError``, `store`.
    public func overview() async throws(IPAMError) -> NetworkOverview {
        let single = try await read([Read(keys.document), Read(keys.settings)])
        var problems = ReadingProblems()
        let settings = problems.readable { () throws(IPAMError) in
            try self.settings(single.results[1].records.first)
        }
        let rangeSets = problems.readable { () throws(IPAMError) in
            try self.rangeSets(single.results[0].records.first, settings)
        }
        return NetworkOverview(
            network: keys.network, revision: single.revision, rangeSets: rangeSets, settings: settings,
            problems: problems.errors)
    }

    /// Reads which addresses are used or reserved, without reading who has them.
    ///
    /// - Throws: ``IPAMError``, `store`.
    public func occupancy() async throws(IPAMError) -> NetworkOccupancy {
        let overview = try await overview()
        let used = try await addresses(in: keys.usedPrefix, at: overview.revision)
        let reserved = try await addresses(in: keys.reservationsPrefix, at: overview.revision)
        return NetworkOccupancy(
            overview, used: used,
            reserved: reserved.filter { address in
                let index = used.partitionPoint { $0 < address }
                return index == used.count || used[index] != address
            })
    }

    /// The addresses that have a key with `prefix`, ascending.
    private func addresses(in prefix: String, at revision: Revision) async throws(IPAMError) -> [IPAddress] {
        var addresses: [IPAddress] = []
        _ = try await forEachRecord(prefix, .keys, at: revision) { record in
            if let address = Keyspace.address(of: record.key, in: prefix) { addresses.append(address) }
        }
        addresses.sort()
        return addresses
    }

    /// Reads all addresses that are used or reserved in the network, page by page. What is kept in memory meanwhile is the
    /// reservations, and 32 bytes for each address in use.
    ///
    /// - Parameters:
    ///   - revision: the revision to read at.
    ///   - body: is called with each address once, in no particular order.
    /// - Returns: the errors of values that cannot be read. A reservation that cannot be read is
    ///   ``ReservationHolder/unreadable``.
    /// - Throws: ``IPAMError``, `store`.
    public func forEachEntry(at revision: Int64, _ body: (AddressEntry) -> Void) async throws(IPAMError)
        -> [IPAMError]
    {
        var problems = ReadingProblems()
        var reservations: [IPAddress: Reservation] = [:]
        _ = try await forEachRecord(keys.reservationsPrefix, at: revision) { record in
            guard let address = Keyspace.address(of: record.key, in: keys.reservationsPrefix) else { return }
            reservations[address] =
                problems.readable { () throws(IPAMError) in try self.reservation(record) }
                ?? Reservation(for: .unreadable)
        }
        func emit(_ address: IPAddress, _ tenancy: Tenancy?) {
            let reservation = reservations.isEmpty ? nil : reservations.removeValue(forKey: address)
            body(AddressEntry(network: keys.network, address: address, tenancy: tenancy, reservation: reservation))
        }
        var uses = UseIndex()
        _ = try await forEachRecord(keys.usedPrefix, at: revision) { record in
            guard let address = Keyspace.address(of: record.key, in: keys.usedPrefix) else { return }
            uses.append(address, container: record.value)
        }
        uses.sort()
        _ = try await forEachRecord(keys.attachmentsPrefix, at: revision) { record in
            guard
                let tenancy = problems.readable({ () throws(IPAMError) in
                    try self.tenancy(record, keeping: nil)
                })
            else { return }
            for address in tenancy.addresses where uses.take(address, by: tenancy.containerID) {
                emit(address, tenancy)
            }
        }
        // The Go plugin writes no attachments.
        if uses.hasRest {
            _ = try await forEachRecord(keys.usedPrefix, at: revision) { record in
                guard let address = Keyspace.address(of: record.key, in: keys.usedPrefix),
                    uses.take(address, by: record.value)
                else { return }
                emit(address, Tenancy(containerID: record.value, addresses: [address]))
            }
        }
        for address in reservations.keys.sorted() { emit(address, nil) }
        return problems.errors
    }

    /// Reads all keys with `prefix` in pages, at one revision, which is returned.
    func forEachRecord(
        _ prefix: String, _ content: Read.Content = .records, at revision: Revision?, _ body: (Record) -> Void
    ) async throws(IPAMError) -> Revision {
        do throws(StoreError) {
            return try await store.forEachPage(
                KeyRange(prefix: prefix), content, at: revision, pageSize: content == .keys ? 32_768 : 6144,
                deadline: deadline
            ) { page in page.forEach(body) }
        } catch {
            throw .store(error)
        }
    }

    /// Reads the addresses that are reserved for a pod or a workload, by a few small reads.
    ///
    /// - Returns: the addresses, ascending, without expired reservations; empty for any other holder.
    /// - Throws: ``IPAMError``, `store`.
    public func addresses(reservedFor holder: ReservationHolder, at now: Timestamp) async throws(IPAMError)
        -> [IPAddress]
    {
        guard let owner = holder.claimOwner else { return [] }
        let claimed = claimed(by: owner, try await readAll(keys.claimsPrefix(of: owner), .keys).records)
        return try await entries(of: claimed).entries.filter { entry in
            entry.reservation.map { $0.holder == holder && !$0.isExpired(at: now) } ?? false
        }.map(\.address)
    }

    /// Reads the network's range sets from the store.
    ///
    /// - Returns: the sets; nil if the network has no document.
    /// - Throws: ``IPAMError``, `damaged` if the document or the settings cannot be read.
    public func storedRangeSets() async throws(IPAMError) -> [RangeSet]? {
        let snapshot = try await read([Read(keys.document), Read(keys.settings)])
        return try rangeSets(snapshot.results[0].records.first, settings(snapshot.results[1].records.first))
    }
}

/// The entries of some addresses and their records, at one revision.
struct AddressSnapshot {
    let revision: Revision
    /// In the order of the addresses that were requested.
    let entries: [AddressEntry]
    let states: [IPAddress: AddressState]
    /// The histories that were read together with the rest; nil for an address that has none.
    var histories: [IPAddress: Record?] = [:]
    /// The addresses that are claimed by each owner whose claims were read together with the rest.
    var claims: [ClaimOwner: [IPAddress]] = [:]
}

extension AddressPool {
    /// Reads the entries of `addresses`: a few addresses one by one, many by reading the whole network. A reservation that
    /// cannot be read is ``ReservationHolder/unreadable``.
    ///
    /// - Parameters:
    ///   - withHistories: whether to read the addresses' histories in the same request, if it has room for them.
    ///   - owners: whose claims to read in the same request, if it has room for them.
    func entries(of addresses: [IPAddress], withHistories: Bool = false, claimsOf owners: [ClaimOwner] = [])
        async throws(IPAMError) -> AddressSnapshot
    {
        var states: [IPAddress: AddressState] = [:]
        var histories: [IPAddress: Record?] = [:]
        var claims: [ClaimOwner: [IPAddress]] = [:]
        let revision: Revision
        if addresses.count <= Transaction.maximumWidth / 2 {
            let present = addresses.flatMap { [Read(keys.used($0)), Read(keys.reservation($0))] }
            let past = withHistories && historyDepth > 0 ? addresses : []
            let further =
                past.map { Read(keys.history($0)) }
                + owners.map { Read(KeyRange(prefix: keys.claimsPrefix(of: $0)), .keys) }
            let hasRoom = present.count + further.count <= Transaction.maximumWidth
            let snapshot = try await read(hasRoom ? present + further : present)
            revision = snapshot.revision
            var results = snapshot.results[...]
            for address in addresses {
                states[address] = AddressState(
                    used: results.popFirst()?.records.first, reservation: results.popFirst()?.records.first)
            }
            if hasRoom {
                for address in past { histories[address] = .some(results.popFirst()?.records.first) }
                for owner in owners { claims[owner] = claimed(by: owner, results.popFirst()?.records ?? []) }
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
        let entries = try await entries(of: addresses, states, at: revision)
        return AddressSnapshot(
            revision: revision, entries: entries, states: states, histories: histories, claims: claims)
    }

    /// The addresses that `owner` claims, ascending.
    ///
    /// - Parameter records: the owner's claims.
    private func claimed(by owner: ClaimOwner, _ records: [Record]) -> [IPAddress] {
        let prefix = keys.claimsPrefix(of: owner)
        return records.compactMap { Keyspace.address(of: $0.key, in: prefix) }.sorted()
    }

    /// Reads the addresses that `owners` claim.
    func addresses(claimedBy owners: [ClaimOwner]) async throws(IPAMError) -> [IPAddress] {
        let results = try await results(of: owners.map { Read(KeyRange(prefix: keys.claimsPrefix(of: $0)), .keys) })
        return zip(owners, results).flatMap { claimed(by: $0, $1.records) }
    }

    /// The entries of `addresses` whose records are `states`, with the attachments that can be read.
    func entries(of addresses: [IPAddress], _ states: [IPAddress: AddressState], at revision: Revision)
        async throws(IPAMError) -> [AddressEntry]
    {
        let containers = Set(addresses.compactMap { states[$0]?.used?.value }).sorted()
        let reads = containers.compactMap { try? ContainerID($0) }
            .map { Read(KeyRange(prefix: keys.attachmentsPrefix(of: $0))) }
        let records = try await results(of: reads, at: revision).flatMap(\.records)
        let tenancies = Dictionary(grouping: records.compactMap { try? tenancy($0) }, by: \.containerID)
        return addresses.map { address in
            let state = states[address] ?? AddressState()
            let tenancy = state.used.map { used in
                tenancies[used.value]?.first { $0.addresses.contains(address) }
                    ?? Tenancy(containerID: used.value, addresses: [address])
            }
            return AddressEntry(
                network: keys.network, address: address, tenancy: tenancy,
                reservation: state.reservation.map(Reservation.init(orUnreadable:)))
        }
    }
}

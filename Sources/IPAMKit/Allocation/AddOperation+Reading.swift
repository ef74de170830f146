import Store

extension AddOperation {
    /// The one read of an ADD: the network, the attachment, the cursors, the claims of `claimant`, and the addresses that
    /// are known to matter, with their histories.
    func readState(of claimant: Claimant) async throws(IPAMError) -> AllocationState {
        let cursors = request.numberedRangeSets.map(\.cursor)
        let owners = claimant.owners
        var claims = owners.map { Read(KeyRange(prefix: keys.claimsPrefix(of: $0)), .keys) }
        let possible = claimant.possibleDeployments
        if let (namespace, prefix) = possible {
            let range = KeyRange(prefix: keys.workloadClaimsPrefix(in: namespace, startingWith: prefix))
            claims.append(Read(range, .keys, limit: 1))
        }
        // The rest is read by ``readAddresses(_:withHistories:_:)``.
        let most = (Transaction.maximumWidth - 4 - cursors.count - claims.count) / AddressRead.most
        let addresses = knownAddresses(of: claimant).prefix(most).map { addressRead($0, withHistory: true) }
        let snapshot = try await pool.read(
            [
                Read(keys.document), Read(keys.settings), Read(keys.lock), Read(keys.attachment(request.attachment)),
            ] + cursors.map { Read(keys.cursor(rangeSet: $0)) } + claims + addresses.flatMap { $0.reads(keys) })
        var results = snapshot.results[...]
        func next() -> [Record] { results.popFirst()?.records ?? [] }
        var state = AllocationState(revision: snapshot.revision)
        state.histories.depth = pool.historyDepth
        state.document = next().first
        state.settings = next().first
        state.lock = next().first
        state.attachment = next().first
        for _ in cursors { state.cursors.append(next().first.flatMap { try? IPAddress($0.value) }) }
        for owner in owners {
            state.claims[owner] = next().compactMap {
                Keyspace.address(of: $0.key, in: keys.claimsPrefix(of: owner))
            }.sorted()
        }
        if possible != nil { state.hasPossibleClaims = !next().isEmpty }
        for address in addresses { state.take(address, from: &results) }
        return state
    }

    /// The addresses that are known to matter before the network is read, each once: those that are requested by name,
    /// and the first candidates of `auto`.
    func knownAddresses(of claimant: Claimant) -> [IPAddress] {
        var known: [IPAddress] = []
        var all = request.requested
        switch claimant.demand.wish {
        case .addresses(let addresses): all += addresses
        case .automatic: all += sets.flatMap(automaticGuesses)
        case .nothing, .dynamic: break
        }
        for address in all where !known.contains(address) { known.append(address) }
        return known
    }

    /// Adds the records of `addresses`, each once, to `state`, and those of `known` with their histories: a second read,
    /// for pods with fixed addresses only.
    func readAddresses(_ addresses: [IPAddress], withHistories known: [IPAddress] = [], _ state: inout AllocationState)
        async throws(IPAMError)
    {
        var wanted = known.filter { state.addresses[$0] == nil }.map { addressRead($0, withHistory: true) }
        for address in addresses where state.addresses[address] == nil && !known.contains(address) {
            wanted.append(addressRead(address, withHistory: false))
        }
        guard !wanted.isEmpty else { return }
        var results = try await pool.results(of: wanted.flatMap { $0.reads(keys) })[...]
        for address in wanted { state.take(address, from: &results) }
    }

    private func addressRead(_ address: IPAddress, withHistory: Bool) -> AddressRead {
        AddressRead(address: address, withHistory: withHistory && pool.historyDepth > 0)
    }

    /// Adds the histories of `addresses` to `state`.
    func readHistories(_ addresses: [IPAddress], _ state: inout AllocationState) async throws(IPAMError) {
        state.histories = try await pool.histories(of: addresses, known: state.histories.records)
    }

    // MARK: Holders

    /// The number of holders that one request reads.
    private static let holdersAtOnce = Transaction.maximumWidth / 4

    /// Adds the holders of addresses in use to `state`, with the histories of these addresses, which a takeover adds to.
    func readHolders(of held: [(address: IPAddress, used: Record)], _ state: inout AllocationState)
        async throws(IPAMError)
    {
        var rest = held.filter { one in !state.holders.contains { $0.address == one.address } }[...]
        while !rest.isEmpty {
            let some = rest.prefix(Self.holdersAtOnce)
            rest = rest.dropFirst(some.count)
            let wanted = some.map { one in
                HolderRead(
                    address: one.address, used: one.used,
                    withHistory: pool.historyDepth > 0 && state.histories.records[one.address] == nil)
            }
            let snapshot = try await pool.read(wanted.flatMap { $0.reads(keys) })
            var results = snapshot.results[...]
            for one in wanted {
                state.holders.append(holder(one, as: snapshot.revision, from: &results))
                if one.withHistory {
                    state.histories.records[one.address] = .some(results.popFirst()?.records.first)
                }
            }
        }
    }

    private func holder(_ wanted: HolderRead, as revision: Revision, from results: inout ArraySlice<ReadResult>)
        -> HeldAddress
    {
        let used = results.popFirst()?.records.first
        let suspect = results.popFirst()?.records.first
        let attachments = wanted.container == nil ? [] : results.popFirst()?.records ?? []
        var tenancy: Tenancy?
        var isDamaged = false
        for record in attachments where tenancy == nil {
            guard let found = try? pool.tenancy(record) else {
                isDamaged = true
                continue
            }
            if found.addresses.contains(wanted.address) { tenancy = found }
        }
        return HeldAddress(
            address: wanted.address, used: used,
            tenancy: tenancy ?? Tenancy(containerID: wanted.used.value, addresses: [wanted.address]), suspect: suspect,
            isDamaged: isDamaged, revision: revision)
    }
}

/// An address whose records are read.
private struct AddressRead {
    let address: IPAddress
    let withHistory: Bool

    /// The largest number of ``reads(_:)``.
    static let most = 3

    func reads(_ keys: Keyspace) -> [Read] {
        [Read(keys.used(address)), Read(keys.reservation(address))] + (withHistory ? [Read(keys.history(address))] : [])
    }
}

extension AllocationState {
    /// Takes the results of an address's ``AddressRead/reads(_:)``.
    fileprivate mutating func take(_ read: AddressRead, from results: inout ArraySlice<ReadResult>) {
        addresses[read.address] = AddressState(
            used: results.popFirst()?.records.first, reservation: results.popFirst()?.records.first)
        if read.withHistory { histories.records[read.address] = .some(results.popFirst()?.records.first) }
    }
}

/// An address in use whose holder is read.
private struct HolderRead {
    let address: IPAddress
    let used: Record
    let withHistory: Bool

    /// Nil if the used key's value is not a valid container ID.
    var container: ContainerID? { try? ContainerID(used.value) }

    func reads(_ keys: Keyspace) -> [Read] {
        [Read(keys.used(address)), Read(keys.suspect(address))]
            + (container.map { [Read(KeyRange(prefix: keys.attachmentsPrefix(of: $0)))] } ?? [])
            + (withHistory ? [Read(keys.history(address))] : [])
    }
}

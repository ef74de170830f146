import Store

extension AddOperation {
    /// The one read of an ADD: the network, the attachment, the cursors, the claims of `claimant` and some addresses.
    func readState(of claimant: Claimant, addresses: [IPAddress]) async throws(IPAMError) -> AllocationState {
        let cursors = request.numberedRangeSets.map(\.cursor)
        let owners = claimant.owners
        var claims = owners.map { Read(KeyRange(prefix: keys.claimsPrefix(of: $0)), .keys) }
        let possible = claimant.possibleDeployments
        if let (namespace, prefix) = possible {
            let range = KeyRange(prefix: keys.workloadClaimsPrefix(in: namespace, startingWith: prefix))
            claims.append(Read(range, .keys, limit: 1))
        }
        // The rest is read by ``readAddresses(_:_:)``, when it is known which addresses matter.
        let addresses = addresses.prefix((Transaction.maximumWidth - 4 - cursors.count - claims.count) / 2)
        let snapshot = try await pool.read(
            [
                Read(keys.document), Read(keys.settings), Read(keys.lock), Read(keys.attachment(request.attachment)),
            ] + cursors.map { Read(keys.cursor(rangeSet: $0)) } + claims + addressReads(Array(addresses)))
        var results = snapshot.results[...]
        func next() -> [Record] { results.popFirst()?.records ?? [] }
        var state = AllocationState(revision: snapshot.revision)
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
        for address in addresses {
            state.addresses[address] = AddressState(used: next().first, reservation: next().first)
        }
        return state
    }

    private func addressReads(_ addresses: [IPAddress]) -> [Read] {
        addresses.flatMap { [Read(keys.used($0)), Read(keys.reservation($0))] }
    }

    /// Adds the records of `addresses` to `state`: a second read, for pods with fixed addresses only.
    func readAddresses(_ addresses: [IPAddress], _ state: inout AllocationState) async throws(IPAMError) {
        // The first set and the first dictionary of a kind cost a process 0.1 ms each.
        guard !addresses.isEmpty else { return }
        let wanted = Set(addresses).subtracting(state.addresses.keys).sorted()
        var results = try await pool.results(of: addressReads(wanted))[...]
        for address in wanted {
            state.addresses[address] = AddressState(
                used: results.popFirst()?.records.first, reservation: results.popFirst()?.records.first)
        }
    }

    /// Adds the histories of `addresses` to `state`.
    func readHistories(_ addresses: [IPAddress], _ state: inout AllocationState) async throws(IPAMError) {
        state.histories = try await pool.histories(of: addresses, known: state.histories.records)
    }
}

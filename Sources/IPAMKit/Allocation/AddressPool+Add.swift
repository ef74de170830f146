import Store

extension AddressPool {
    /// Gives an attachment one address of each range set, or returns those that it already has.
    ///
    /// Costs one read and one transaction where nobody contends and the neighbourhood of the cursor is not full.
    ///
    /// - Returns: the assignments in the order of ``AddRequest``'s range sets, the runtime's first.
    /// - Throws: ``IPAMError``; then nothing was recorded, unless the error is the store's
    ///   ``StoreError/outcomeUnknown(_:)`` or a deadline after a lost answer.
    public func add(_ request: AddRequest) async throws(IPAMError) -> [Assignment] {
        let sets = request.numberedRangeSets
        let named = try assignRequested(request.requested, to: sets.map(\.set))
        var hints: [Int: [IPAddress]] = [:]
        for _ in 0..<Self.attempts {
            var state = try await readState(for: request)
            if let record = state.attachment {
                if let assignments = try await repeatAdd(request, record, state) { return assignments }
                continue
            }
            let settings = try settings(state.settings)
            if let hold = settings?.hold { throw .onHold(network: keys.network, hold) }
            if let lock = state.lock {
                try await wait(for: lock, since: state.revision)
                continue
            }
            try await readClaimed(&state, sets.map(\.set))
            var sources: [AllocationPlan.Source] = []
            for (index, numbered) in sets.enumerated() {
                if let address = named[index] {
                    sources.append(try await source(named: address, for: request, in: state))
                } else if let source = try reservedSource(for: request, inSet: index, of: sets.map(\.set), state: state)
                {
                    sources.append(source)
                } else {
                    sources.append(
                        try dynamicSource(
                            numbered, after: state.cursors[index], spreadBy: request.attachment, hints[index]))
                }
            }
            let plan = AllocationPlan(request: request, state: state, keys: keys, sources: sources, settings: settings)
            guard let commit = try await commit(plan.transaction) else { continue }
            switch plan.outcome(of: commit) {
            case .assigned(let addresses): return try assignments(addresses, sets.map(\.set))
            case .changed: continue
            case .taken(let neighbourhood):
                hints = try await findFree(for: plan, sets, neighbourhood)
            }
        }
        throw .contention(network: keys.network)
    }

    // MARK: Reading

    private func readState(for request: AddRequest) async throws(IPAMError) -> AllocationState {
        let owners = request.claimOwners
        let cursors = request.numberedRangeSets.map(\.cursor)
        let claims = owners.map { Read(KeyRange(prefix: keys.claimsPrefix(of: $0)), .keys) }
        let snapshot = try await read(
            [
                Read(keys.document), Read(keys.settings), Read(keys.lock), Read(keys.attachment(request.attachment)),
            ] + cursors.map { Read(keys.cursor(rangeSet: $0)) } + claims + addressReads(request.requested))
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
        for address in request.requested {
            state.addresses[address] = AddressState(used: next().first, reservation: next().first)
        }
        return state
    }

    private func addressReads(_ addresses: [IPAddress]) -> [Read] {
        addresses.flatMap { [Read(keys.used($0)), Read(keys.reservation($0))] }
    }

    /// Adds what is known of the claimed addresses to `state`: a second read, for pods with reservations only.
    private func readClaimed(_ state: inout AllocationState, _ sets: [RangeSet]) async throws(IPAMError) {
        let claimed = Set(state.claims.values.joined()).subtracting(state.addresses.keys)
            .filter { address in sets.contains { $0.range(containing: address) != nil } }.sorted()
        var rest = claimed[...]
        while !rest.isEmpty {
            let some = Array(rest.prefix(Transaction.maximumWidth / 2))
            rest = rest.dropFirst(some.count)
            let snapshot = try await read(addressReads(some))
            var results = snapshot.results[...]
            for address in some {
                state.addresses[address] = AddressState(
                    used: results.popFirst()?.records.first, reservation: results.popFirst()?.records.first)
            }
        }
    }

    // MARK: Repeated ADD

    /// The addresses that the attachment already has; a used key that is missing is put again. Nil when something
    /// changed in between.
    private func repeatAdd(_ request: AddRequest, _ record: Record, _ state: AllocationState)
        async throws(IPAMError) -> [Assignment]?
    {
        let attachment = try attachment(record)
        let sets = request.numberedRangeSets.map(\.set)
        let assignments = try assignments(attachment.addresses, sets)
        let snapshot = try await read([Read(record.key)] + attachment.addresses.map { Read(keys.used($0)) })
        // Freed by force since the first read, its addresses may be another's by now.
        guard snapshot.results.first?.records.first == record else { return nil }
        let container = request.attachment.containerID.text
        var missing: [IPAddress] = []
        for (address, result) in zip(attachment.addresses, snapshot.results.dropFirst()) {
            guard let used = result.records.first else {
                missing.append(address)
                continue
            }
            guard used.value == container else { throw .inUse(address, by: "container \(used.value)") }
        }
        if missing.isEmpty { return assignments }
        if let lock = state.lock {
            try await wait(for: lock, since: state.revision)
            return nil
        }
        let restored = Transaction(
            if: [.absent(keys.lock), .unchanged(record.key, record.modified)]
                + missing.map { .absent(keys.used($0)) },
            then: missing.map { .put(keys.used($0), container) })
        let done = try await commit(restored)
        return done?.succeeded == true ? assignments : nil
    }

    /// Each address with its range's prefix length and gateway, in the order of the sets.
    private func assignments(_ addresses: [IPAddress], _ sets: [RangeSet]) throws(IPAMError) -> [Assignment] {
        var assignments: [Assignment] = []
        for address in addresses {
            guard let range = sets.lazy.compactMap({ $0.range(containing: address) }).first else {
                throw .notAllowed(
                    address, "is held by this container already and lies in no subnet of the configuration any more")
            }
            assignments.append(Assignment(address, in: range))
        }
        return assignments
    }

    // MARK: Sources

    /// Which range set each requested address is for; sets without one are missing.
    private func assignRequested(_ requested: [IPAddress], to sets: [RangeSet]) throws(IPAMError)
        -> [Int: IPAddress]
    {
        let eligibility = AddressEligibility(network: keys.network, sets: sets)
        var named: [Int: IPAddress] = [:]
        for address in requested {
            let index = try eligibility.require(address)
            if let other = named[index] {
                throw .notAllowed(address, "was requested beside \(other): a range set gives one address")
            }
            named[index] = address
        }
        return named
    }

    private func source(named address: IPAddress, for request: AddRequest, in state: AllocationState)
        async throws(IPAMError) -> AllocationPlan.Source
    {
        let known = state.addresses[address] ?? AddressState()
        let reservation = try reservation(known.reservation)
        let expired = reservation.flatMap { $0.isExpired(at: request.now) ? $0 : nil }
        if let reservation, expired == nil, !reservation.holder.admits(request.holder.pod) {
            throw .reserved(address, for: reservation.holder)
        }
        if let used = known.used {
            let usage = (try? await entry(of: address))?.usage
            throw .inUse(address, by: usage?.phrase ?? "container \(used.value)")
        }
        return .named(address, reservation: known.reservation, expired: expired)
    }

    /// A reserved address for the pod itself, else one of those for its workload; nil where none is reserved.
    private func reservedSource(
        for request: AddRequest, inSet index: Int, of sets: [RangeSet], state: AllocationState
    ) throws(IPAMError) -> AllocationPlan.Source? {
        let eligibility = AddressEligibility(network: keys.network, sets: sets)
        for owner in request.claimOwners {
            var held: [IPAddress] = []
            var free: [(address: IPAddress, reservation: Record)] = []
            for address in state.claims[owner] ?? [] where eligibility.owner(of: address)?.index == index {
                guard let known = state.addresses[address], let record = known.reservation,
                    let reservation = try reservation(record), !reservation.isExpired(at: request.now),
                    reservation.holder.claimOwner == owner, reservation.holder.admits(request.holder.pod)
                else { continue }
                _ = try eligibility.require(address)
                if let used = known.used {
                    // The pod's own: another interface of the container has it.
                    if used.value != request.attachment.containerID.text { held.append(address) }
                } else {
                    free.append((address, record))
                }
            }
            // The replicas of a workload start together: each begins with another of its addresses.
            let spread = SpreadSequence(seed: request.attachment.containerID.text)
            if let best = free.min(by: { spread.rank($0.address) < spread.rank($1.address) }) {
                return .named(best.address, reservation: best.reservation, expired: nil)
            }
            if !held.isEmpty { throw .reservationsInUse(of: owner.description, held) }
        }
        return nil
    }

    // MARK: Dynamic addresses

    private func dynamicSource(
        _ numbered: (set: RangeSet, cursor: Int), after last: IPAddress?, spreadBy attachment: AttachmentReference,
        _ hints: [IPAddress]?
    ) throws(IPAMError) -> AllocationPlan.Source {
        let (set, cursor) = numbered
        if let hints { return .dynamic(cursor: cursor, candidates: hints) }
        let space = set.dynamicSpace
        guard !space.isEmpty else {
            throw .exhausted(network: keys.network, ranges: set.summary, size: 0, reserved: 0)
        }
        let start = Self.index(after: last, in: space)
        var candidates = [space[start]]
        var spread = SpreadSequence(seed: attachment.containerID.text)
        let wanted = Int(clamping: min(space.count, UInt128(AllocationPlan.levels)))
        while candidates.count < wanted {
            // A small space is tried in order, so that all of it is tried; a large one is spread by the container ID.
            let next =
                space.count <= UInt128(AllocationPlan.levels * 4)
                ? space[(start + UInt128(candidates.count)) % space.count] : space[spread.next() % space.count]
            if !candidates.contains(next) { candidates.append(next) }
        }
        return .dynamic(cursor: cursor, candidates: candidates)
    }

    private static func index(after cursor: IPAddress?, in space: DynamicSpace) -> UInt128 {
        cursor.map { space.index(after: $0) } ?? 0
    }

    /// Free addresses for each dynamic set of a plan whose candidates were all taken.
    private func findFree(
        for plan: AllocationPlan, _ sets: [(set: RangeSet, cursor: Int)], _ neighbourhood: [ReadResult]
    ) async throws(IPAMError) -> [Int: [IPAddress]] {
        var neighbourhood = neighbourhood[...]
        var found: [Int: [IPAddress]] = [:]
        for (index, source) in plan.sources.enumerated() {
            guard case .dynamic(_, let candidates) = source else { continue }
            let set = sets[index].set
            let space = set.dynamicSpace
            let start = space[Self.index(after: plan.state.cursors[index], in: space)]
            let search = FreeSpaceSearch(pool: self, space: space, start: start, wanted: 256)
            let around = Neighbourhood(of: candidates)
            var free = around.free(search, Array(neighbourhood.prefix(around.readCount)))
            neighbourhood = neighbourhood.dropFirst(around.readCount)
            if free.isEmpty { free = try await search.run() }
            guard let best = free.first else { throw try await exhausted(set, space) }
            // The first is the one to take; the others are spread, so that racing nodes do not meet again.
            let spread = SpreadSequence(seed: plan.request.attachment.containerID.text)
            let rest = free.dropFirst().sorted { spread.rank($0) < spread.rank($1) }
            found[index] = Array(([best] + rest).prefix(AllocationPlan.levels))
        }
        return found
    }

    private func exhausted(_ set: RangeSet, _ space: DynamicSpace) async throws(IPAMError) -> IPAMError {
        let reserved = try await readAll(keys.reservationsPrefix, .keys).records
            .compactMap { Keyspace.address(of: $0.key, in: keys.reservationsPrefix) }
            .count { space.contains($0) }
        return .exhausted(network: keys.network, ranges: set.summary, size: space.count, reserved: reserved)
    }

    // MARK: The Go plugin's lock

    private func wait(for lock: Record, since revision: Revision) async throws(IPAMError) {
        do throws(StoreError) {
            try await store.waitUntilAbsent(lock.key, after: revision, deadline: deadline)
        } catch .deadlineExceeded {
            throw .locked(network: keys.network, lease: lock.value)
        } catch {
            throw .store(error)
        }
    }
}

extension ClaimOwner: CustomStringConvertible {
    /// `default/db-0` or `default/web`.
    public var description: String {
        switch self {
        case .pod(let pod): pod.description
        case .workload(let namespace, let name): "\(namespace)/\(name)"
        }
    }
}

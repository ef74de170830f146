import Store

/// The rules that give a range set its address, in order; the first one that applies wins.
extension AddOperation {
    typealias Named = AllocationRules.Named

    /// Decides between the pod and the runtime if they request two addresses of one range set: if another interface of
    /// the container has the address that the pod requests, the runtime's request counts.
    ///
    /// - Throws: ``IPAMError/annotation(_:_:)`` for any other contradiction.
    func settle(_ named: [Named?], _ context: AddContext) throws(IPAMError) -> [Named?] {
        var settled = named
        for (index, name) in named.enumerated() {
            guard let name, let annotation = name.annotation, let requested = name.requested else { continue }
            guard context.state.addresses[name.address]?.used?.value == request.attachment.containerID.text else {
                throw .annotation(
                    request.holder.pod,
                    AnnotationError(
                        key: annotation, value: name.address.description,
                        problem:
                            "contradicts \(requested), which the runtime asks for (ips, or IP in CNI_ARGS): leave one "
                            + "of them out"))
            }
            settled[index] = Named(address: requested)
        }
        return settled
    }

    /// Refuses a pod that requests an address of this network by an annotation for a network that does not exist: the
    /// pod would silently get some other address.
    func requireDirected(_ demand: AddressDemand) async throws(IPAMError) {
        for found in rules.misdirected(demand, on: request.attachment.ifname) {
            if let other = try? NetworkName(found.name), try await exists(other) { continue }
            throw .misdirected(request.holder.pod, key: found.key, found.address, network: keys.network)
        }
    }

    private func exists(_ network: NetworkName) async throws(IPAMError) -> Bool {
        do throws(IPAMError) {
            return try await !pool.read([Read(KeyRange(Keyspace(network).document), .keys)]).results
                .allSatisfy(\.records.isEmpty)
        } catch .store(.denied) {
            // This user may not read the other network, so it may exist.
            return true
        }
    }

    /// The source of each range set's address.
    func sources(_ named: [Named?], _ context: inout AddContext, _ memory: inout AddMemory)
        async throws(IPAMError) -> [AllocationPlan.Source]
    {
        let wish = context.claimant.demand.wish
        let held = named.compactMap { name in
            name.flatMap { name in context.state.addresses[name.address]?.used.map { (name.address, $0) } }
        }
        // A single holder is read when it is judged: the address may be refused before.
        if held.count > 1 { try await readHolders(of: held, &context.state) }
        var sources: [AllocationPlan.Source?] = []
        var refusal: IPAMError?
        for (index, name) in named.enumerated() {
            do throws(IPAMError) {
                if let name {
                    sources.append(try await source(named: name, &context, &memory))
                } else {
                    sources.append(wish == .dynamic ? nil : try await reservedSource(inSet: index, &context, &memory))
                }
            } catch {
                // Waiting is useless if the address of another range set is refused for good.
                guard case .heldForNow = error, !memory.isOutOfDate else { throw error }
                refusal = refusal ?? error
                sources.append(nil)
            }
        }
        if let refusal { throw refusal }
        // An address that a takeover frees must not be a candidate in the same transaction.
        var freed: [IPAddress] = []
        for case .named(_, _, _, let takeover?)? in sources { freed += takeover.tenancy.addresses }
        let automatic = wish == .automatic ? sources.count { $0 == nil } : 0
        if automatic > 0 { try await requireAutomatic(automatic, &context) }
        var complete: [AllocationPlan.Source] = []
        for (index, numbered) in request.numberedRangeSets.enumerated() {
            if let source = sources[index] {
                complete.append(source)
            } else if wish == .automatic {
                complete.append(try await automaticSource(inSet: index, excluding: freed, &context, &memory))
            } else {
                complete.append(
                    try dynamicSource(
                        inSet: index, cursor: numbered.cursor, after: context.state.cursors[index], excluding: freed,
                        memory.hints[index]))
            }
        }
        return complete
    }

    // MARK: Rules 1 and 2: named

    private func source(named name: Named, _ context: inout AddContext, _ memory: inout AddMemory)
        async throws(IPAMError) -> AllocationPlan.Source
    {
        let address = name.address
        let known = context.state.addresses[address] ?? AddressState()
        let reservation = try pool.reservation(known.reservation)
        let expired = try rules.requireAdmitted(name, reservation, context.claimant)
        var takeover: Takeover?
        if let used = known.used {
            takeover = try await contest(address, held: used, &context, &memory).get()
        }
        try await requireUnreported(address, context, &memory)
        if expired != nil, takeover == nil { try await readHistories([address], &context.state) }
        return .named(address, reservation: known.reservation, expired: expired, takeover: takeover)
    }

    // MARK: Rule 3: reserved

    /// The number of holders that are judged at once: each may need a request to Kubernetes.
    private static let contestsAtOnce = 8
    /// The most holders that are judged for one ADD.
    private static let mostContests = 128

    /// An address that is reserved for the pod, else one that is reserved for its workload. Nil if none is reserved,
    /// and if all of the workload's are in use but the pod may have another one reserved (`auto`).
    private func reservedSource(inSet index: Int, _ context: inout AddContext, _ memory: inout AddMemory)
        async throws(IPAMError) -> AllocationPlan.Source?
    {
        let claimant = context.claimant
        // The replicas of a workload start at the same time: each begins with a different address. A pod's own
        // addresses are given in their order, those that are reserved for this interface first.
        let spread = SpreadSequence(seed: request.attachment.containerID.text)
        for owner in claimant.owners {
            var claimed = try claimedAddresses(of: owner, inSet: index, context)
            switch owner {
            case .workload: claimed.sort { spread.rank($0.address) < spread.rank($1.address) }
            case .pod where claimed.contains(where: \.isForInterface):
                // This also holds while the pod's former sandbox has the address: the other reservations are for other
                // interfaces.
                claimed.removeAll { !$0.isForInterface }
            case .pod: break
            }
            let held = claimed.compactMap { known in
                known.used.map { (address: known.address, used: $0, reservation: known.reservation) }
            }
            var refusals: [IPAMError] = []
            for known in claimed where known.used == nil {
                switch await reported(known.address, context, &memory) {
                case .success:
                    return .named(known.address, reservation: known.reservation, expired: nil, takeover: nil)
                case .failure(let refusal): refusals.append(refusal)
                }
            }
            var rest = held.prefix(Self.mostContests)
            var isOneLeaving = false
            while !rest.isEmpty, !isOneLeaving {
                let contested = rest.prefix(Self.contestsAtOnce)
                rest = rest.dropFirst(contested.count)
                if contested.count > 1 {
                    try await judgeTogether(contested.map { ($0.address, $0.used) }, &context, &memory)
                }
                for (address, used, reservation) in contested {
                    switch try await contest(address, held: used, &context, &memory) {
                    case .success(let takeover):
                        try await requireUnreported(address, context, &memory)
                        return .named(address, reservation: reservation, expired: nil, takeover: takeover)
                    case .failure(let refusal):
                        if case .heldForNow = refusal { isOneLeaving = true }
                        refusals.append(refusal)
                    }
                }
            }
            guard let first = refusals.first else { continue }
            if memory.isOutOfDate { throw first }
            // After a failed lookup, the pod must not get a different address.
            if let failed = refusals.first(where: \.isFailedLookup) { throw failed }
            if case .workload = owner, claimant.demand.wish == .automatic {
                // A replica that is about to go leaves its address; another one is reserved only if none is about to
                // go.
                let leaving = refusals.first { if case .heldForNow = $0 { true } else { false } }
                if memory.mayWait, memory.wait != nil, let leaving { throw leaving }
                return nil
            }
            if case .pod = owner, claimed.count == 1 { throw first }
            let shortage = ReservationShortage(
                owner, claimant.workload, claimed.map(\.address).sorted(), refusals,
                rangeSet: sets.count > 1 ? request.numberedRangeSets[index].cursor : nil)
            throw shortage.error(on: keys.network, after: refusals.first { $0.cniCode == .tryAgainLater } ?? first)
        }
        return nil
    }

    /// The claimed addresses that the pod may get: those of range sets of which none is requested by name.
    func claimed(_ named: [Named?], _ context: AddContext) -> [IPAddress] {
        let claimed = context.state.claims.addresses
        guard context.claimant.demand.wish != .dynamic, !claimed.isEmpty else { return [] }
        let eligibility = eligibility
        return Set(claimed).filter { address in
            eligibility.owner(of: address).map { named[$0.index] == nil } ?? false
        }.sorted()
    }

    /// A valid reservation for an owner of the claimant.
    private struct ClaimedAddress {
        let address: IPAddress
        /// Nil if the address is free.
        let used: Record?
        let reservation: Record
        /// True if the reservation names this interface.
        let isForInterface: Bool
    }

    /// The addresses of a range set that are reserved for `owner`, except those that other interfaces of this container
    /// have.
    private func claimedAddresses(of owner: ClaimOwner, inSet index: Int, _ context: AddContext) throws(IPAMError)
        -> [ClaimedAddress]
    {
        var claimed: [ClaimedAddress] = []
        for address in context.state.claims[owner] ?? [] where eligibility.owner(of: address)?.index == index {
            guard let known = context.state.addresses[address], let record = known.reservation,
                let reservation = try reservation(of: address, for: owner, context)
            else { continue }
            _ = try eligibility.require(address)
            guard known.used?.value != request.attachment.containerID.text else { continue }
            claimed.append(
                ClaimedAddress(
                    address: address, used: known.used, reservation: record,
                    isForInterface: reservation.ifname != nil))
        }
        return claimed
    }

    // MARK: Rule 4: automatic

    /// Free addresses to be reserved for the pod or its workload: of the fixed range, or of the dynamic range if there
    /// is no fixed range.
    private func automaticSource(
        inSet index: Int, excluding freed: [IPAddress], _ context: inout AddContext, _ memory: inout AddMemory
    ) async throws(IPAMError) -> AllocationPlan.Source {
        let claimant = context.claimant
        let set = sets[index]
        let space = AllocationRules.automaticSpace(of: set)
        guard !space.isEmpty else { throw exhausted(index, set.summary, size: 0) }
        let guesses = automaticGuesses(of: set).filter { address in
            context.state.addresses[address].map { $0.used == nil && $0.reservation == nil } ?? false
        }
        var (candidates, refusal) = try await unreported(guesses.filter { !freed.contains($0) }, context, &memory)
        if candidates.isEmpty {
            // Enough for a whole fixed range of usual size, so that racing nodes begin at different addresses of it.
            let search = FreeSpaceSearch(pool: pool, space: space, start: space[0], wanted: 256)
            var free = try await search.run().filter { !freed.contains($0) }
            let spread = SpreadSequence(seed: request.attachment.containerID.text)
            free.sort { spread.rank($0) < spread.rank($1) }
            (candidates, refusal) = try await unreported(free, context, &memory)
        }
        guard !candidates.isEmpty else {
            if let refusal { throw refusal }
            throw try await exhausted(index, space, space.summary)
        }
        try await readHistories(candidates, &context.state)
        let reservation = Reservation(
            for: claimant.reservationHolder, by: Reservation.automaticAuthor, note: "kube-ipam.ip: auto",
            since: request.now, ifname: request.attachment.ifname)
        return .automatic(candidates: candidates, reservation)
    }

    /// The addresses of a range set that `auto` tries before it searches for free ones. They are read with the rest of
    /// the network, so that a fixed range with room costs no further read.
    func automaticGuesses(of set: RangeSet) -> [IPAddress] {
        let space = AllocationRules.automaticSpace(of: set)
        guard !space.isEmpty else { return [] }
        let seed = request.attachment.containerID.text
        var spread = SpreadSequence(seed: seed)
        return Self.candidates(of: space, from: spread.next() % space.count, seed: seed, count: Self.guesses)
    }

    /// In a fixed range that is half full, at least one of these is free for 15 of 16 pods.
    private static let guesses = 4

    /// The first of `free` that no pod on a node with the Go plugin has, at most ``AllocationPlan/levels``; and the error
    /// for an address that one has.
    private func unreported(_ free: [IPAddress], _ context: AddContext, _ memory: inout AddMemory)
        async throws(IPAMError) -> (candidates: [IPAddress], refusal: IPAMError?)
    {
        var candidates: [IPAddress] = []
        var refusal: IPAMError?
        for address in free where candidates.count < AllocationPlan.levels {
            switch await reported(address, context, &memory) {
            case .success: candidates.append(address)
            case .failure(.held(let address, let holder, let reason)):
                refusal = .held(address, by: holder, because: reason)
            case .failure(.heldForNow): continue
            case .failure(let error): throw error
            }
        }
        return (candidates, refusal)
    }

    /// Checks that `count` more addresses may be reserved for the pods of the namespace.
    private func requireAutomatic(_ count: Int, _ context: inout AddContext) async throws(IPAMError) {
        let pod = try context.claimant.requireForAutomatic()
        guard let limit = request.autoLimit else { return }
        let namespace = pod.namespace
        let prefix = keys.claimsPrefix(of: namespace)
        let claims = try await pool.readAll(prefix, .keys, at: context.state.revision).records
        guard claims.count + count > limit else { return }
        // Reservations that operators made do not count.
        let addresses = Set(
            claims.compactMap { record in
                record.key.text.utf8.lastIndex(of: UInt8(ascii: "/")).flatMap { slash in
                    try? IPAddress(String(record.key.text[record.key.text.utf8.index(after: slash)...]))
                }
            })
        try await readAddresses(addresses.sorted(), &context.state)
        let automatic = addresses.count { address in
            let record = context.state.addresses[address]?.reservation
            return record.flatMap { try? Reservation(stored: $0.value) }?.by == Reservation.automaticAuthor
        }
        guard automatic + count <= limit else { throw .automaticLimit(namespace, limit) }
    }
}

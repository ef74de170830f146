import Store

/// Which rule gives a range set its address; the first that says something wins.
extension AddOperation {
    /// An address that is asked for by name.
    struct Named: Sendable {
        let address: IPAddress
        /// The pod's annotation that names it; nil where the runtime does.
        var annotation: String?
        /// Another address that the runtime asks for of the same range set.
        var requested: IPAddress?
    }

    /// The address asked for of each range set, by the pod and by the runtime; nil where none is.
    ///
    /// - Throws: ``IPAMError/notAllowed(_:_:)`` for one that no pod can have.
    func namedAddresses(_ demand: AddressDemand) throws(IPAMError) -> [Named?] {
        var named = [Named?](repeating: nil, count: sets.count)
        if case .addresses(let addresses) = demand.wish {
            for address in addresses {
                let index = try requireNameable(address, demand)
                try requireOnlyOne(address, beside: named[index])
                named[index] = Named(address: address, annotation: demand.key)
            }
        }
        guard demand.wish != .dynamic else { return named }
        var requested = [Named?](repeating: nil, count: sets.count)
        for address in request.requested {
            let index = try eligibility.require(address)
            try requireOnlyOne(address, beside: requested[index])
            requested[index] = Named(address: address)
        }
        for (index, other) in requested.enumerated() {
            if named[index] == nil {
                named[index] = other
            } else if let other, other.address != named[index]?.address {
                named[index]?.requested = other.address
            }
        }
        return named
    }

    /// What counts where the pod and the runtime ask for two addresses of one range set: if another interface of the container
    /// has the one that the pod asks for, the runtime speaks for this one.
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

    /// Refuses a pod that asks for an address of this network by the name of another one that does not exist: it would
    /// silently be given any other address.
    func requireDirected(_ demand: AddressDemand) async throws(IPAMError) {
        for entry in demand.others.entries {
            guard let address = entry.addresses.first(where: { eligibility.owner(of: $0) != nil }) else { continue }
            // Two networks may have the same subnet, and the other one be made by the ADD of a later interface.
            if demand.others.mayBeOfAnotherInterface(entry, than: request.attachment.ifname) { continue }
            if let other = try? NetworkName(entry.name), try await exists(other) { continue }
            throw .misdirected(request.holder.pod, key: entry.key, address, network: keys.network)
        }
    }

    private func exists(_ network: NetworkName) async throws(IPAMError) -> Bool {
        do throws(IPAMError) {
            return try await !pool.read([Read(KeyRange(Keyspace(network).document), .keys)]).results
                .allSatisfy(\.records.isEmpty)
        } catch .store(.denied) {
            // That cannot be told, so that nothing is refused for it.
            return true
        }
    }

    private func requireOnlyOne(_ address: IPAddress, beside other: Named?) throws(IPAMError) {
        guard let other else { return }
        throw .notAllowed(address, "was requested beside \(other.address): a range set gives one address")
    }

    private func requireNameable(_ address: IPAddress, _ demand: AddressDemand) throws(IPAMError) -> Int {
        if eligibility.owner(of: address) == nil, demand.key == "kube-ipam.ip" {
            throw .notInNetwork(address, network: keys.network, subnets: eligibility.subnets)
        }
        do throws(IPAMError) {
            return try eligibility.require(address)
        } catch .notAllowed(_, let problem) {
            throw .annotation(
                request.holder.pod, AnnotationError(key: demand.key, value: address.description, problem: problem))
        }
    }

    /// Where the address of each range set comes from.
    func sources(_ named: [Named?], _ context: inout AddContext, _ memory: inout AddMemory)
        async throws(IPAMError) -> [AllocationPlan.Source]
    {
        let wish = context.claimant.demand.wish
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
                // Waiting is of no use where another range set's address is refused for good.
                guard case .heldForNow = error, !memory.isOutOfDate else { throw error }
                refusal = refusal ?? error
                sources.append(nil)
            }
        }
        if let refusal { throw refusal }
        // What a takeover frees must not be a candidate in the same transaction.
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
        let expired = reservation.flatMap { $0.isExpired(at: request.now) ? $0 : nil }
        if let reservation, expired == nil, !context.claimant.isAdmitted(by: reservation.holder) {
            throw .reserved(address, for: reservation.holder)
        }
        if let annotation = name.annotation, reservation == nil || expired != nil,
            let dynamic = eligibility.dynamicRange(of: address)
        {
            throw .dynamicNotReserved(
                address, dynamic, for: reservationHolder(of: context.claimant), annotation: annotation)
        }
        var takeover: Takeover?
        if let used = known.used {
            takeover = try await contest(address, held: used, &context, &memory).get()
        }
        try await requireUnreported(address, context, &memory)
        if expired != nil, takeover == nil { try await readHistories([address], &context.state) }
        return .named(address, reservation: known.reservation, expired: expired, takeover: takeover)
    }

    /// For whom a pod's address would be reserved: for itself where it keeps its name, else for its workload.
    private func reservationHolder(of claimant: Claimant) -> ReservationHolder {
        guard let pod = claimant.holder.pod else { return .anyone }
        guard let workload = claimant.workload, workload.kind == .deployment else { return .pod(pod) }
        return .workload(pod.namespace, workload.kind, workload.name)
    }

    // MARK: Rule 3: reserved

    /// So many holders of a workload's addresses are judged at once: each may be a question to Kubernetes.
    private static let contestsAtOnce = 8
    /// So many are judged at all.
    private static let mostContests = 128

    /// A reserved address for the pod itself, else one of those for its workload; nil where none is reserved, or, for a
    /// pod that may have another one reserved, where all of its workload's are in use.
    private func reservedSource(inSet index: Int, _ context: inout AddContext, _ memory: inout AddMemory)
        async throws(IPAMError) -> AllocationPlan.Source?
    {
        let claimant = context.claimant
        // The replicas of a workload start together: each begins with another of its addresses. A pod's own are given in
        // their order, those first that are reserved for this very interface.
        let spread = SpreadSequence(seed: request.attachment.containerID.text)
        for owner in claimant.owners {
            var claimed = try claimedAddresses(of: owner, inSet: index, context)
            switch owner {
            case .workload: claimed.sort { spread.rank($0.address) < spread.rank($1.address) }
            case .pod where claimed.contains(where: \.isForInterface):
                // Also while its former sandbox still has it: another one is another interface's.
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
                    try await judgeTogether(contested.map { ($0.address, $0.used) }, context, &memory)
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
            // A look-up that failed must not be answered with another address.
            if let failed = refusals.first(where: \.isFailedLookup) { throw failed }
            if case .workload = owner, claimant.demand.wish == .automatic {
                // A replica that is about to go leaves its address: one more is reserved only when none does.
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

    /// An address that is reserved for an owner of the claimant, and counts.
    private struct ClaimedAddress {
        let address: IPAddress
        /// Nil where it is free.
        let used: Record?
        let reservation: Record
        /// The reservation names this very interface.
        let isForInterface: Bool
    }

    /// The addresses of a range set that are reserved for `owner`, less those that other interfaces of this container have.
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

    /// Free addresses of the fixed range, or of the dynamic one where there is no fixed range, to be reserved for the
    /// pod or its workload.
    private func automaticSource(
        inSet index: Int, excluding freed: [IPAddress], _ context: inout AddContext, _ memory: inout AddMemory
    ) async throws(IPAMError) -> AllocationPlan.Source {
        let claimant = context.claimant
        let set = sets[index]
        let space = set.fixedSpace.isEmpty ? set.dynamicSpace : set.fixedSpace
        guard !space.isEmpty else { throw exhausted(index, set.summary, size: 0) }
        // The whole of a usual fixed range: racing nodes then begin at different addresses of it.
        let search = FreeSpaceSearch(pool: pool, space: space, start: space[0], wanted: 256)
        var free = try await search.run().filter { !freed.contains($0) }
        let spread = SpreadSequence(seed: request.attachment.containerID.text)
        free.sort { spread.rank($0) < spread.rank($1) }
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
        guard !candidates.isEmpty else {
            if let refusal { throw refusal }
            throw try await exhausted(index, space, space.summary)
        }
        try await readHistories(candidates, &context.state)
        let reservation = Reservation(
            for: reservationHolder(of: claimant), by: Reservation.automaticAuthor, note: "kube-ipam.ip: auto",
            since: request.now, ifname: request.attachment.ifname)
        return .automatic(candidates: candidates, reservation)
    }

    /// Checks that the pod may have `count` more addresses reserved.
    private func requireAutomatic(_ count: Int, _ context: inout AddContext) async throws(IPAMError) {
        let claimant = context.claimant
        guard let pod = claimant.holder.pod, claimant.workload != nil else {
            throw .notForAutomatic(claimant.holder.pod, claimant.withoutWorkload, annotation: claimant.demand.key)
        }
        guard let limit = request.autoLimit else { return }
        let namespace = pod.namespace
        let prefix = keys.claimsPrefix(of: namespace)
        let claims = try await pool.readAll(prefix, .keys, at: context.state.revision).records
        guard claims.count + count > limit else { return }
        // Operators' own reservations do not count.
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

    // MARK: Rule 5: dynamic

    private func dynamicSource(
        inSet index: Int, cursor: Int, after last: IPAddress?, excluding freed: [IPAddress], _ hints: [IPAddress]?
    ) throws(IPAMError) -> AllocationPlan.Source {
        let set = sets[index]
        let space = set.dynamicSpace
        guard !space.isEmpty else { throw exhausted(index, set.summary, size: 0) }
        var candidates = hints ?? Self.candidates(of: space, after: last, seed: request.attachment.containerID.text)
        candidates.removeAll(where: freed.contains)
        guard !candidates.isEmpty else { throw exhausted(index, set.summary, size: space.count) }
        return .dynamic(cursor: cursor, candidates: candidates)
    }

    /// The address after the cursor, then others.
    private static func candidates(of space: DynamicSpace, after last: IPAddress?, seed: String) -> [IPAddress] {
        let start = index(after: last, in: space)
        var candidates = [space[start]]
        var spread = SpreadSequence(seed: seed)
        let wanted = Int(clamping: min(space.count, UInt128(AllocationPlan.levels)))
        while candidates.count < wanted {
            // A small space is tried in order, so that all of it is tried; a large one is spread by the container ID.
            let next =
                space.count <= UInt128(AllocationPlan.levels * 4)
                ? space[(start + UInt128(candidates.count)) % space.count] : space[spread.next() % space.count]
            if !candidates.contains(next) { candidates.append(next) }
        }
        return candidates
    }

    private static func index(after cursor: IPAddress?, in space: DynamicSpace) -> UInt128 {
        cursor.map { space.index(after: $0) } ?? 0
    }

    /// Free addresses for each dynamic set of a plan whose candidates were all taken.
    func findFree(for plan: AllocationPlan, _ neighbourhood: [ReadResult]) async throws(IPAMError)
        -> [[IPAddress]?]
    {
        var neighbourhood = neighbourhood[...]
        var found = [[IPAddress]?](repeating: nil, count: sets.count)
        for (index, source) in plan.sources.enumerated() {
            guard case .dynamic(_, let candidates) = source else { continue }
            let set = sets[index]
            let space = set.dynamicSpace
            let start = space[Self.index(after: plan.state.cursors[index], in: space)]
            let search = FreeSpaceSearch(pool: pool, space: space, start: start, wanted: 256)
            let around = Neighbourhood(of: candidates)
            var free = around.free(search, Array(neighbourhood.prefix(around.readCount)))
            neighbourhood = neighbourhood.dropFirst(around.readCount)
            if free.isEmpty { free = try await search.run() }
            guard let best = free.first else { throw try await exhausted(index, space, set.summary) }
            // The one after the cursor first; the others spread, so that racing nodes do not meet again.
            let spread = SpreadSequence(seed: request.attachment.containerID.text)
            let rest = free.dropFirst().sorted { spread.rank($0) < spread.rank($1) }
            found[index] = Array(([best] + rest).prefix(AllocationPlan.levels))
        }
        return found
    }

    private func exhausted(_ index: Int, _ space: DynamicSpace, _ ranges: String) async throws(IPAMError) -> IPAMError {
        let reserved = try await pool.readAll(keys.reservationsPrefix, .keys).records
            .compactMap { Keyspace.address(of: $0.key, in: keys.reservationsPrefix) }
            .count { space.contains($0) }
        return exhausted(index, ranges, size: space.count, reserved: reserved)
    }

    /// Which range set has no address, where there are several.
    private func exhausted(_ index: Int, _ ranges: String, size: UInt128, reserved: Int = 0) -> IPAMError {
        var place: RangeSetPlace?
        if sets.count > 1 {
            let number = request.numberedRangeSets[index].cursor
            // ipamctl does not know those of the runtime.
            place = RangeSetPlace(
                family: sets[index].family, index: number < request.rangeSets.count ? number : nil)
        }
        return .exhausted(network: keys.network, ranges: ranges, size: size, reserved: reserved, in: place)
    }
}

extension DynamicSpace {
    fileprivate var summary: String { intervals.map(\.description).joined(separator: ",") }
}

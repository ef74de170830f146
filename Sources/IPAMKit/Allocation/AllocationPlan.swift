import Store

/// The transaction of an ADD: a pure function of the request and of what was read.
struct AllocationPlan {
    /// The source of one range set's address.
    enum Source {
        /// This address. A reservation that admits the pod, or has expired, is guarded by its revision.
        case named(IPAddress, reservation: Record?, expired: Reservation?, takeover: Takeover?)
        /// The first of these that is free; it is reserved as given.
        case automatic(candidates: [IPAddress], Reservation)
        /// The first of these that is free.
        case dynamic(cursor: Int, candidates: [IPAddress])
    }

    let request: AddRequest
    let claimant: Claimant
    let state: AllocationState
    let keys: Keyspace
    /// One for each of the request's numbered range sets.
    let sources: [Source]
    let settings: NetworkSettings?
    /// The change of the network's ranges that the transaction makes; nil for nearly every ADD.
    private(set) var rangesChange: NetworkSettings.RangesChange?
    /// The addresses that each level tries, one for each source.
    private var levels: [[IPAddress]] = []
    /// The candidates are tried level by level, each nested in the `else` of the level before: level i tests the i-th
    /// candidate of every range set at once, and puts all or nothing. Every put is inside a level, because a nested
    /// failure does not undo what its parent has put.
    private(set) var transaction = Transaction(if: [], then: [])

    /// The most candidates that are tried within one transaction; etcd's limit allows fewer for many range sets.
    static let levels = 3

    /// - Throws: ``IPAMError/tooManyOperations(network:rangeSets:takeovers:width:)`` if etcd's limit does not allow
    ///   even one level.
    init(
        request: AddRequest, claimant: Claimant, state: AllocationState, keys: Keyspace, sources: [Source],
        settings: NetworkSettings?
    ) throws(IPAMError) {
        self.request = request
        self.claimant = claimant
        self.state = state
        self.keys = keys
        self.sources = sources
        self.settings = settings
        rangesChange = findRangesChange()
        try fit()
    }

    // MARK: Transaction

    /// Chooses as many levels as etcd accepts in one transaction, measured with ``Transaction/width``. The puts and
    /// deletes of a level are nested as deep as necessary before a level is given up.
    private mutating func fit() throws(IPAMError) {
        var candidates: [[IPAddress]] = []
        while candidates.count < (hasCandidates ? Self.levels : 1), let next = addresses(at: candidates.count) {
            candidates.append(next)
        }
        let guards = rootGuards
        let document = documentUpdate
        let steps = candidates.map { (guards: levelGuards($0), puts: puts($0) + document) }
        let reads = neighbourhood.map(Operation.read)
        var width = Int.max
        for count in stride(from: steps.count, through: min(1, steps.count), by: -1) {
            for rounds in 0...[Operation].mostRounds {
                var operations = reads.nested(rounds)
                for step in steps.prefix(count).reversed() {
                    operations = [
                        .transaction(Transaction(if: step.guards, then: step.puts.nested(rounds), else: operations))
                    ]
                }
                transaction = Transaction(if: guards, then: operations)
                width = min(width, transaction.width)
                if transaction.width <= Transaction.maximumWidth {
                    levels = Array(candidates.prefix(count))
                    return
                }
            }
        }
        throw .tooManyOperations(
            network: keys.network, rangeSets: sources.count, takeovers: takeoverGroups.count, width: width)
    }

    private var rootGuards: [Guard] {
        var guards: [Guard] = [.absent(keys.lock), .absent(keys.attachment(request.attachment))]
        guards.append(.unchanged(keys.settings, state.settings))
        for owner in claimant.owners {
            // The replicas of a workload reserve at the same time, one each.
            if case .workload = owner, hasAutomatic { continue }
            guards.append(.noneNewer(KeyRange(prefix: keys.claimsPrefix(of: owner)), than: state.revision))
        }
        for case .named(let address, let reservation, let expired, let takeover) in sources {
            guards.append(.unchanged(keys.used(address), takeover?.used))
            guards.append(.unchanged(keys.reservation(address), reservation))
            if let suspect = takeover?.suspect { guards.append(.unchanged(suspect)) }
            if expired != nil || takeover != nil { guards += state.histories.unchanged(address, keys) }
        }
        for group in takeoverGroups {
            if let record = group.tenancy.record { guards.append(.unchanged(record)) }
        }
        if hasAutomatic, request.autoLimit != nil, let namespace = claimant.holder.pod?.namespace {
            // If the number of automatic addresses is limited, nobody else may reserve one at the same time.
            guards.append(.noneNewer(KeyRange(prefix: keys.claimsPrefix(of: namespace)), than: state.revision))
        }
        return guards
    }

    private var hasAutomatic: Bool {
        sources.contains { if case .automatic = $0 { true } else { false } }
    }

    private func levelGuards(_ addresses: [IPAddress]) -> [Guard] {
        var guards: [Guard] = []
        for (source, address) in zip(sources, addresses) {
            switch source {
            case .named: break
            case .automatic:
                guards += [.absent(keys.used(address)), .absent(keys.reservation(address))]
                guards += state.histories.unchanged(address, keys)
            case .dynamic: guards += [.absent(keys.used(address)), .absent(keys.reservation(address))]
            }
        }
        return guards
    }

    /// The addresses that level `index` tries, one for each source; nil after the last level.
    func addresses(level index: Int) -> [IPAddress]? {
        index < levels.count ? levels[index] : nil
    }

    /// The addresses at one index of the sources' lists; nil if a source has fewer.
    private func addresses(at index: Int) -> [IPAddress]? {
        var addresses: [IPAddress] = []
        for source in sources {
            switch source {
            case .named(let address, _, _, _): addresses.append(address)
            case .automatic(let candidates, _), .dynamic(_, let candidates):
                guard index < candidates.count else { return nil }
                addresses.append(candidates[index])
            }
        }
        return addresses
    }

    private var hasCandidates: Bool {
        sources.contains { if case .named = $0 { false } else { true } }
    }

    /// What a level changes if its candidates are free, except for the network's document.
    private func puts(_ addresses: [IPAddress]) -> [Operation] {
        let container = request.attachment.containerID.text
        var operations: [Operation] = []
        for (source, address) in zip(sources, addresses) {
            operations.append(.put(keys.used(address), container))
            switch source {
            case .dynamic(let cursor, _):
                operations.append(.put(keys.cursor(rangeSet: cursor), address.description))
            case .automatic(_, let reservation):
                operations.append(.put(keys.reservation(address), reservation.json.serialized()))
                if let owner = reservation.holder.claimOwner {
                    operations.append(.put(keys.claim(owner, address), ""))
                }
                operations += history(
                    of: address, [.init(.reserved, at: request.now, by: author, reservation: reservation)])
            case .named(_, let reservation, let expired, let takeover):
                operations += puts(address, reservation, expired, takeover)
            }
        }
        let attachment = Attachment(
            addresses: addresses, holder: claimant.holder, since: request.now, isFixed: isFixed)
        operations.append(.put(keys.attachment(request.attachment), attachment.json.serialized()))
        for group in takeoverGroups { operations += removal(of: group) }
        return operations
    }

    /// What a named address changes in addition to its used key.
    private func puts(_ address: IPAddress, _ reservation: Record?, _ expired: Reservation?, _ takeover: Takeover?)
        -> [Operation]
    {
        var operations: [Operation] = []
        var entries: [HistoryEntry] = []
        if let reservation, let expired {
            operations.append(.delete(KeyRange(reservation.key)))
            if let owner = expired.holder.claimOwner {
                operations.append(.delete(KeyRange(keys.claim(owner, address))))
            }
            entries.append(.init(.expired, at: request.now, by: author, reservation: expired))
        }
        if let takeover {
            operations.append(.delete(KeyRange(keys.suspect(address))))
            entries.append(takenOver(takeover))
        }
        return operations + history(of: address, entries)
    }

    private var isFixed: Bool {
        sources.contains { if case .dynamic = $0 { false } else { true } }
    }

    // MARK: Takeover

    /// A former attachment, and its addresses that are freed with it.
    private struct TakeoverGroup {
        let takeover: Takeover
        let others: [IPAddress]
        var tenancy: Tenancy { takeover.tenancy }
    }

    /// The takeovers, grouped by the attachment that they end. Each address is in one group only: etcd refuses a key
    /// that is changed twice.
    private var takeoverGroups: [TakeoverGroup] {
        var seen: [IPAddress] = []
        var takeovers: [Takeover] = []
        for case .named(let address, _, _, let takeover) in sources {
            seen.append(address)
            if let takeover { takeovers.append(takeover) }
        }
        var groups: [TakeoverGroup] = []
        for takeover in takeovers where !groups.contains(where: { $0.tenancy.record == takeover.tenancy.record }) {
            let others = takeover.tenancy.addresses.filter { !seen.contains($0) }
            seen += others
            groups.append(TakeoverGroup(takeover: takeover, others: others))
        }
        return groups
    }

    /// Deletes the former attachment and its other addresses, each if it still is the former holder's, and adds to
    /// their histories if nobody has written there since.
    private func removal(of group: TakeoverGroup) -> [Operation] {
        (group.tenancy.record.map { [.delete(KeyRange($0.key))] } ?? [])
            + group.others.map { other in
                .transaction(
                    Transaction(
                        if: [.value(keys.used(other), equals: group.tenancy.containerID)],
                        then: [
                            .delete(KeyRange(keys.used(other))), .delete(KeyRange(keys.suspect(other))),
                            .transaction(
                                Transaction(
                                    if: state.histories.unchanged(other, keys),
                                    then: history(of: other, [takenOver(group.takeover)]))),
                        ]))
            }
    }

    private func takenOver(_ takeover: Takeover) -> HistoryEntry {
        HistoryEntry(
            .takenOver, at: request.now, by: author, evidence: takeover.evidence.description,
            tenancy: takeover.tenancy)
    }

    private func history(of address: IPAddress, _ entries: [HistoryEntry]) -> [Operation] {
        state.histories.adding(entries, to: address, keys)
    }

    /// Who makes the change, for the history.
    var author: String {
        let who = claimant.holder.phrase ?? "container \(request.attachment.containerID)"
        return who + (claimant.holder.node.map { " on \($0)" } ?? "")
    }

    // MARK: Outcome

    /// What the transaction has done.
    enum Outcome {
        case assigned([IPAddress])
        /// A guard of the root did not hold: something has changed since the read.
        case changed
        /// Every candidate was taken. The keys around the first candidates were read in the same transaction.
        case taken([ReadResult])
    }

    func outcome(of commit: Commit) -> Outcome {
        guard commit.succeeded else { return .changed }
        var level = 0
        var results = commit.results
        while case .transaction(let nested)? = results.first, let addresses = addresses(level: level) {
            if nested.succeeded { return .assigned(addresses) }
            results = nested.results
            level += 1
        }
        return .taken(Self.reads(in: results))
    }

    private static func reads(in results: [OperationResult]) -> [ReadResult] {
        var reads: [ReadResult] = []
        for result in results {
            switch result {
            case .read(let read): reads.append(read)
            case .transaction(let nested): reads += Self.reads(in: nested.results)
            case .put, .deleted: break
            }
        }
        return reads
    }

    /// The `else` of the last level: reads the addresses around the candidates for the next round.
    private var neighbourhood: [Read] {
        var reads: [Read] = []
        for case .dynamic(_, let candidates) in sources { reads += Neighbourhood(of: candidates).reads(keys) }
        return reads
    }
}

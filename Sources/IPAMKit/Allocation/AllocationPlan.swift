import Store

/// The transaction of an ADD: a pure function of what was asked and what was read.
struct AllocationPlan {
    /// Where the address of one range set comes from.
    enum Source {
        /// This very address. A reservation that admits the pod, or has expired, is guarded by its revision.
        case named(IPAddress, reservation: Record?, expired: Reservation?, takeover: Takeover?)
        /// One of these, in this order, which is reserved so.
        case automatic(candidates: [IPAddress], Reservation)
        /// One of these, in this order.
        case dynamic(cursor: Int, candidates: [IPAddress])
    }

    let request: AddRequest
    let claimant: Claimant
    let state: AllocationState
    let keys: Keyspace
    /// One for each of the request's numbered range sets.
    let sources: [Source]
    let settings: NetworkSettings?
    let historyDepth: Int
    /// How many levels the plan has: all candidates that every set has, within etcd's limit of operations.
    private let levelCount: Int
    private let documentUpdate: [Operation]

    /// So many candidates are tried within one transaction, at most; what etcd's limit allows is less for many sets.
    static let levels = 3

    init(
        request: AddRequest, claimant: Claimant, state: AllocationState, keys: Keyspace, sources: [Source],
        settings: NetworkSettings?, historyDepth: Int
    ) {
        self.historyDepth = historyDepth
        self.request = request
        self.claimant = claimant
        self.state = state
        self.keys = keys
        self.sources = sources
        self.settings = settings
        documentUpdate = Self.documentUpdate(request, state, keys, settings)
        var levels = 1
        while levels < Self.levels, Self.hasCandidates(sources), Self.candidates(sources, levels) != nil { levels += 1 }
        // Of each set used, cursor or reservation, claim and history; of a takeover what is deleted; then attachment,
        // document and settings. The guards of a level are fewer; what is nested in it has three operations at most.
        let takeovers = Self.takeoverGroups(sources)
        let width = max(
            4 * sources.count + 1 + documentUpdate.count + takeovers.reduce(0) { $0 + 1 + $1.others.count } + 3,
            Self.neighbourhood(sources, keys).count)
        let fitting = (Transaction.maximumWidth - 4 - 6 * sources.count - width) / width
        levelCount = min(levels, max(1, fitting))
    }

    // MARK: Transaction

    /// The candidates are tried level by level, each nested in the else of the one before: level i tests the i-th
    /// candidate of every set at once, and puts all or nothing. Everything that is put is put inside a level, because
    /// a nested failure does not undo what its parent has put.
    var transaction: Transaction {
        Transaction(if: rootGuards, then: level(0))
    }

    private var rootGuards: [Guard] {
        var guards: [Guard] = [.absent(keys.lock), .absent(keys.attachment(request.attachment))]
        guards.append(state.settings.map { .unchanged($0.key, $0.modified) } ?? .absent(keys.settings))
        for owner in claimant.owners {
            // The replicas of a workload reserve at the same time, one each.
            if case .workload = owner, hasAutomatic { continue }
            guards.append(.noneNewer(KeyRange(prefix: keys.claimsPrefix(of: owner)), than: state.revision))
        }
        for case .named(let address, let reservation, let expired, let takeover) in sources {
            guards.append(takeover.map { .unchanged($0.used.key, $0.used.modified) } ?? .absent(keys.used(address)))
            guards.append(unchanged(reservation, keys.reservation(address)))
            if let suspect = takeover?.suspect { guards.append(.unchanged(suspect.key, suspect.modified)) }
            if expired != nil || takeover != nil { guards.append(historyUnchanged(address)) }
        }
        for group in Self.takeoverGroups(sources) {
            guards.append(.unchanged(group.record.key, group.record.modified))
        }
        if hasAutomatic, request.autoLimit != nil, let namespace = claimant.holder.pod?.namespace {
            // Where automatic addresses are limited, nobody else may reserve one at the same time.
            guards.append(.noneNewer(KeyRange(prefix: keys.claimsPrefix(of: namespace)), than: state.revision))
        }
        return guards
    }

    private var hasAutomatic: Bool {
        sources.contains { if case .automatic = $0 { true } else { false } }
    }

    private func unchanged(_ record: Record?, _ key: Key) -> Guard {
        record.map { .unchanged(key, $0.modified) } ?? .absent(key)
    }

    private func historyUnchanged(_ address: IPAddress) -> Guard {
        update(address).unchanged
    }

    private func level(_ index: Int) -> [Operation] {
        guard let addresses = addresses(level: index) else {
            return Self.neighbourhood(sources, keys).map(Operation.read)
        }
        var guards: [Guard] = []
        for (source, address) in zip(sources, addresses) {
            switch source {
            case .named: break
            case .automatic:
                guards += [
                    .absent(keys.used(address)), .absent(keys.reservation(address)), historyUnchanged(address),
                ]
            case .dynamic: guards += [.absent(keys.used(address)), .absent(keys.reservation(address))]
            }
        }
        return [.transaction(Transaction(if: guards, then: puts(addresses), else: level(index + 1)))]
    }

    /// The addresses that level `index` tries, one for each source; nil behind the last level.
    func addresses(level index: Int) -> [IPAddress]? {
        index < levelCount ? Self.candidates(sources, index) : nil
    }

    /// The addresses at one place in the sources' lists; nil where a source has no more.
    private static func candidates(_ sources: [Source], _ index: Int) -> [IPAddress]? {
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

    private static func hasCandidates(_ sources: [Source]) -> Bool {
        sources.contains { if case .named = $0 { false } else { true } }
    }

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
        for group in Self.takeoverGroups(sources) { operations += removal(of: group) }
        return operations + documentUpdate
    }

    /// What a named address changes besides its used key.
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

    /// A former attachment, and those of its addresses that go with it.
    private struct TakeoverGroup {
        let record: Record
        let takeover: Takeover
        let others: [IPAddress]
    }

    /// The takeovers by the attachment that they end. An address stands in one place only: etcd takes no key that is
    /// changed twice.
    private static func takeoverGroups(_ sources: [Source]) -> [TakeoverGroup] {
        var seen: [IPAddress] = []
        var takeovers: [Takeover] = []
        for case .named(let address, _, _, let takeover) in sources {
            seen.append(address)
            if let takeover { takeovers.append(takeover) }
        }
        var groups: [TakeoverGroup] = []
        for takeover in takeovers where !groups.contains(where: { $0.record.key == takeover.record.key }) {
            let others = takeover.attachment.addresses.filter { !seen.contains($0) }
            seen += others
            groups.append(TakeoverGroup(record: takeover.record, takeover: takeover, others: others))
        }
        return groups
    }

    /// The former attachment goes, and with it its other addresses, each if it still is the holder's; their histories, if
    /// nobody has written there meanwhile.
    private func removal(of group: TakeoverGroup) -> [Operation] {
        [.delete(KeyRange(group.record.key))]
            + group.others.map { other in
                .transaction(
                    Transaction(
                        if: [.value(keys.used(other), equals: group.takeover.container.text)],
                        then: [
                            .delete(KeyRange(keys.used(other))), .delete(KeyRange(keys.suspect(other))),
                            .transaction(
                                Transaction(
                                    if: [historyUnchanged(other)],
                                    then: history(of: other, [takenOver(group.takeover)]))),
                        ]))
            }
    }

    private func takenOver(_ takeover: Takeover) -> HistoryEntry {
        HistoryEntry(
            .takenOver, at: request.now, by: author, evidence: takeover.evidence.description,
            attachment: takeover.usage.json)
    }

    private func history(of address: IPAddress, _ entries: [HistoryEntry]) -> [Operation] {
        update(address, entries).operations
    }

    private func update(_ address: IPAddress, _ entries: [HistoryEntry] = []) -> HistoryUpdate {
        HistoryUpdate(
            key: keys.history(address), record: state.histories[address] ?? nil, entries: entries, depth: historyDepth)
    }

    /// Who makes this change, for the history.
    private var author: String {
        let who = claimant.holder.phrase ?? "container \(request.attachment.containerID)"
        return who + (claimant.holder.node.map { " on \($0)" } ?? "")
    }

    // MARK: Document

    /// Makes the network's document and settings, or brings them up to date when they differ in meaning. The document
    /// is never a guard of the ADD itself: Go nodes rewrite it all the time.
    private static func documentUpdate(
        _ request: AddRequest, _ state: AllocationState, _ keys: Keyspace, _ settings: NetworkSettings?
    ) -> [Operation] {
        guard !request.rangeSets.isEmpty else { return [] }
        let fixed = request.rangeSets.flatMap { $0.ranges.compactMap(\.fixed) }
        let put = Operation.put(keys.document, NetworkDocument.serialize(request.rangeSets))
        var operations: [Operation] = []
        if let document = state.document {
            let stored = (try? NetworkDocument.parse(document.value)) ?? []
            if NetworkDocument.serialize(stored) != NetworkDocument.serialize(request.rangeSets) {
                operations.append(put)
            }
            if var settings, settings.fixed != fixed {
                settings.fixed = fixed
                operations.append(.put(keys.settings, settings.serialized()))
            }
        } else if settings == nil {
            // First made here: no Go node has written the document before this very transaction.
            let made = NetworkSettings(hasGoNodes: false, fixed: fixed).serialized()
            operations.append(
                .transaction(
                    Transaction(if: [.absent(keys.document)], then: [put, .put(keys.settings, made)])))
        } else {
            operations.append(put)
        }
        return operations
    }

    // MARK: Outcome

    /// What became of the transaction.
    enum Outcome {
        case assigned([IPAddress])
        /// A guard of the root did not hold: something changed since the read.
        case changed
        /// Every candidate was taken. The keys around the first candidates were read along with it.
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
        return .taken(
            results.compactMap { if case .read(let result) = $0 { result } else { nil } })
    }

    /// The last level's else: what is held around the candidates, so that the next try knows.
    private static func neighbourhood(_ sources: [Source], _ keys: Keyspace) -> [Read] {
        var reads: [Read] = []
        for case .dynamic(_, let candidates) in sources { reads += Neighbourhood(of: candidates).reads(keys) }
        return reads
    }
}

import Store

/// What is known of an address by a read.
struct AddressState {
    var used: Record?
    var reservation: Record?
    /// That of the container that uses it, where it was asked for.
    var attachment: Record?
}

/// What an ADD has read of its network, as of one revision.
struct AllocationState {
    var revision: Revision
    var document: Record?
    var settings: Record?
    var lock: Record?
    var attachment: Record?
    /// One for each of the request's numbered range sets; nil where no address was given yet.
    var cursors: [IPAddress?] = []
    /// The addresses claimed for the pod, then those for its workload.
    var claims: [ClaimOwner: [IPAddress]] = [:]
    /// The addresses that were asked for by name, and those claimed.
    var addresses: [IPAddress: AddressState] = [:]
}

/// The transaction of an ADD: a pure function of what was asked and what was read.
struct AllocationPlan {
    /// Where the address of one range set comes from.
    enum Source {
        /// This very address; a reservation that admits the pod, or has expired, is guarded by its revision.
        case named(IPAddress, reservation: Record?, expired: Reservation?)
        /// One of these, in this order.
        case dynamic(cursor: Int, candidates: [IPAddress])
    }

    let request: AddRequest
    let state: AllocationState
    let keys: Keyspace
    /// One for each of the request's numbered range sets.
    let sources: [Source]
    let settings: NetworkSettings?

    /// So many candidates are tried within one transaction, at most; what etcd's limit allows is less for many sets.
    static let levels = 3

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
        for owner in request.claimOwners {
            guards.append(.noneNewer(KeyRange(prefix: keys.claimsPrefix(of: owner)), than: state.revision))
        }
        for case .named(let address, let reservation, _) in sources {
            guards.append(.absent(keys.used(address)))
            let key = keys.reservation(address)
            guards.append(reservation.map { .unchanged(key, $0.modified) } ?? .absent(key))
        }
        return guards
    }

    private func level(_ index: Int) -> [Operation] {
        guard let addresses = addresses(level: index) else { return neighbourhood.map(Operation.read) }
        var guards: [Guard] = []
        for (source, address) in zip(sources, addresses) {
            guard case .dynamic = source else { continue }
            guards += [.absent(keys.used(address)), .absent(keys.reservation(address))]
        }
        return [.transaction(Transaction(if: guards, then: puts(addresses), else: level(index + 1)))]
    }

    /// The addresses that level `index` tries, one for each source; nil behind the last level.
    func addresses(level index: Int) -> [IPAddress]? {
        guard index < levelCount else { return nil }
        return sources.map { source in
            switch source {
            case .named(let address, _, _): address
            case .dynamic(_, let candidates): candidates[index]
            }
        }
    }

    /// How many levels the plan has: all candidates that every set has, within etcd's limit of operations.
    private var levelCount: Int {
        var count = 1
        var isDynamic = false
        for case .dynamic(_, let candidates) in sources {
            count = isDynamic ? min(count, candidates.count) : min(Self.levels, candidates.count)
            isDynamic = true
        }
        guard isDynamic else { return 1 }
        // A level's width is that of its puts: at most three for each set, then attachment, document and settings.
        let width = max(3 * sources.count + 4, neighbourhood.count)
        return min(count, max(1, (Transaction.maximumWidth - rootGuards.count - width) / width))
    }

    private func puts(_ addresses: [IPAddress]) -> [Operation] {
        let container = request.attachment.containerID.text
        var operations: [Operation] = []
        for (source, address) in zip(sources, addresses) {
            operations.append(.put(keys.used(address), container))
            switch source {
            case .dynamic(let cursor, _):
                operations.append(.put(keys.cursor(rangeSet: cursor), address.description))
            case .named(_, let record?, let expired?):
                operations.append(.delete(KeyRange(record.key)))
                if let owner = expired.holder.claimOwner {
                    operations.append(.delete(KeyRange(keys.claim(owner, address))))
                }
            case .named: break
            }
        }
        let attachment = Attachment(
            addresses: addresses, holder: request.holder, since: request.now, isFixed: isFixed)
        operations.append(.put(keys.attachment(request.attachment), attachment.json.serialized()))
        return operations + documentUpdate
    }

    private var isFixed: Bool {
        sources.contains { if case .named = $0 { true } else { false } }
    }

    /// Makes the network's document and settings, or brings them up to date when they differ in meaning. The document
    /// is never a guard of the ADD itself: Go nodes rewrite it all the time.
    private var documentUpdate: [Operation] {
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
    private var neighbourhood: [Read] {
        var reads: [Read] = []
        for case .dynamic(_, let candidates) in sources { reads += Neighbourhood(of: candidates).reads(keys) }
        return reads
    }
}

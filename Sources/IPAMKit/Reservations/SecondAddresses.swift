extension AddressPool {
    /// Notes on the pods for which a plan reserves an address, and that have another one of the same range set reserved.
    ///
    /// Only the pods' own reservations are read; those of a few pods are a part of the plan already.
    ///
    /// - Throws: ``IPAMError``, `store`.
    public func notesOnSecondAddresses(of plan: ReservePlan, rangeSets: [RangeSet], now: Timestamp)
        async throws(IPAMError) -> [String]
    {
        guard let second = SecondAddresses(plan.changes, network: keys.network, rangeSets: rangeSets) else { return [] }
        let owners = second.owners
        let known = plan.snapshot.claims
        let claimed =
            owners.flatMap { known[$0] ?? [] }
            + (try await renewed.addresses(claimedBy: owners.filter { known[$0] == nil }))
        let others = Set(claimed).subtracting(plan.snapshot.entries.map(\.address)).sorted()
        let read = others.isEmpty ? [] : try await renewed.entries(of: others).entries
        return second.notes(on: (plan.snapshot.entries + read).sorted { $0.address < $1.address }, now: now)
    }
}

/// Pods for which an address is reserved newly, and that have another one of the same range set reserved: a pod gets one
/// address of a range set.
struct SecondAddresses {
    /// A pod on a range set.
    private struct Place: Hashable {
        let holder: ReservationHolder
        let rangeSet: Int
    }

    /// The new addresses.
    private let new: [Place: [IPAddress]]
    /// The changes that are planned, by their addresses.
    private let planned: [IPAddress: ReservationChange]
    private let eligibility: AddressEligibility

    /// The most pods that are told one by one.
    private static let mostLines = 5

    /// Makes the question whether there are such pods. Nil if no address is reserved newly for a single pod.
    init?(_ changes: [ReservationChange], network: NetworkName, rangeSets: [RangeSet]) {
        let eligibility = AddressEligibility(network: network, sets: rangeSets)
        var new: [Place: [IPAddress]] = [:]
        for change in changes where change.kind == .reserved || change.previous?.holder != change.reservation.holder {
            guard change.kind == .reserved || change.kind == .updated, case .pod = change.reservation.holder,
                let rangeSet = eligibility.owner(of: change.address)?.index
            else { continue }
            new[Place(holder: change.reservation.holder, rangeSet: rangeSet), default: []].append(change.address)
        }
        guard !new.isEmpty else { return nil }
        self.new = new
        planned = Dictionary(changes.map { ($0.address, $0) }) { first, _ in first }
        self.eligibility = eligibility
    }

    /// The pods, each once.
    var owners: [ClaimOwner] { new.keys.map(\.holder).podOwners }

    /// A line for each pod that has another address: which one it gets from now on.
    ///
    /// - Parameter entries: the planned addresses as they were, and all others that are reserved for the pods, ascending.
    func notes(on entries: [AddressEntry], now: Timestamp) -> [String] {
        var others: [Place: [AddressEntry]] = [:]
        var used: Set<IPAddress> = []
        for entry in entries {
            if entry.tenancy != nil { used.insert(entry.address) }
            guard planned[entry.address].map(Self.isKept) ?? true, let reservation = entry.reservation,
                !reservation.isExpired(at: now), let rangeSet = eligibility.owner(of: entry.address)?.index
            else { continue }
            let place = Place(holder: reservation.holder, rangeSet: rangeSet)
            if new[place] != nil { others[place, default: []].append(entry) }
        }
        let all = others.sorted { ($0.value[0].address, $0.key.rangeSet) < ($1.value[0].address, $1.key.rangeSet) }
        var notes = all.prefix(Self.mostLines).map { line($0.key, $0.value, used) }
        if all.count > Self.mostLines {
            notes.append("note: so have \(all.count - Self.mostLines) more")
        }
        return notes
    }

    /// Whether the pod has the address before and after the change.
    private static func isKept(_ change: ReservationChange) -> Bool {
        switch change.kind {
        case .unchanged: true
        case .updated: change.previous?.holder == change.reservation.holder
        case .reserved, .dropped: false
        }
    }

    /// A pod gets its addresses in their order; those that are reserved for its interface, before all others.
    private func line(_ place: Place, _ others: [AddressEntry], _ used: Set<IPAddress>) -> String {
        let list = others.map(\.address.description).joined(separator: ", ")
        let ofInterface = others.filter { $0.reservation?.ifname != nil }.map(\.address)
        let candidates = ofInterface.isEmpty ? others.map(\.address) + (new[place] ?? []) : ofInterface
        let first = candidates.filter { !used.contains($0) }.min()
        let what = ofInterface.isEmpty ? "the lowest of its addresses that is free" : "the one of its interface"
        return "note: \(place.holder.phrase) also has \(list) reserved, and gets \(what)"
            + (first.map { ": \($0)" } ?? "")
    }
}

import IPAMKit

/// The addresses that `list` prints: those for which everything that is given is true.
struct ListQuery: Sendable {
    let holders: HolderOptions
    /// Empty for addresses that are used or reserved.
    let states: [AddressEntry.State]
    /// nil for all addresses.
    let addresses: AddressFilter?
    let workload: WorkloadArgument?
    /// Only reservations of this plan; nil for all addresses.
    var plan: PlanName?
    /// nil for all ranges, and for addresses outside of them.
    let range: RangeKind?
    /// Only reservations that expire at this time or earlier, also those that have expired; nil for all addresses.
    var expiresBy: Timestamp?

    /// The most free addresses of a network: an IPv6 subnet has more than anyone can read.
    static let mostFree = 65_536

    /// Reads the networks, one after the other.
    ///
    /// - Parameter body: is called with each address that is meant and with the number of its network, from 0; within a
    ///   network in any order.
    func forEachEntry(_ connection: Connection, _ body: @escaping (UInt16, AddressEntry) -> Void) async throws {
        var number: UInt16 = 0
        try await connection.forEachEntry { overview, rangeSets in
            defer { if number < .max { number += 1 } }
            return Selection(query: self, network: overview.network, rangeSets: rangeSets) { [number] in
                body(number, $0)
            }
        }
    }

    /// What the query selects of one network.
    private struct Selection: EntryVisitor {
        let query: ListQuery
        let network: NetworkName
        let rangeSets: [RangeSet]
        let body: (AddressEntry) -> Void
        private let spaces: [DynamicSpace]?
        private let hasHolders: Bool
        /// The addresses that are not free, if free ones are meant.
        private var taken: [IPAddress] = []

        init(
            query: ListQuery, network: NetworkName, rangeSets: [RangeSet], body: @escaping (AddressEntry) -> Void
        ) {
            self.query = query
            self.network = network
            self.rangeSets = rangeSets
            self.body = body
            spaces = query.range.map { range in rangeSets.map(range.space) }
            hasHolders = query.holders.isGiven
        }

        /// No pod, namespace, node, workload or plan has free addresses.
        private var wantsFree: Bool {
            query.states.contains(.free) && !hasHolders && query.workload == nil && query.plan == nil
        }

        mutating func visit(_ entry: AddressEntry) {
            if wantsFree { taken.append(entry.address) }
            guard query.admits(entry), !hasHolders || query.holders.admits(entry),
                spaces.map({ $0.contains { $0.contains(entry.address) } }) ?? true
            else { return }
            body(entry)
        }

        func finish() {
            guard wantsFree else { return }
            let kinds = query.range.map { [$0] } ?? [.fixed, .dynamic]
            let intervals = rangeSets.flatMap { set in kinds.flatMap { $0.space(of: set).intervals } }
            let free = AddressRange.addresses(
                of: query.addresses.map { $0.parts(of: intervals) } ?? intervals, without: taken.sorted(),
                limit: ListQuery.mostFree + 1)
            if free.count > ListQuery.mostFree {
                Terminal.note("network \(network): only the first \(ListQuery.mostFree) free addresses are listed")
            }
            for address in free.prefix(ListQuery.mostFree) {
                body(AddressEntry(network: network, address: address, tenancy: nil, reservation: nil))
            }
        }
    }

    /// Whether an address is meant, apart from ``holders`` and ``range``.
    private func admits(_ entry: AddressEntry) -> Bool {
        (states.isEmpty || states.contains(entry.state)) && (workload?.admits(entry) ?? true)
            && (addresses?.contains(entry.address) ?? true) && (plan == nil || entry.reservation?.plan == plan)
            && (expiresBy.map { end in entry.reservation?.expires.map { $0 <= end } ?? false } ?? true)
    }
}

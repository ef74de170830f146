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

    func entries(_ connection: Connection) async throws -> [AddressEntry] {
        try await connection.inventories().flatMap { entries(of: $0.inventory, $0.rangeSets ?? []) }
    }

    private func entries(of inventory: NetworkInventory, _ rangeSets: [RangeSet]) -> [AddressEntry] {
        let spaces = range.map { range in rangeSets.map(range.space) }
        let entries = inventory.entries.filter { entry in
            (states.isEmpty || states.contains(entry.state)) && holders.admits(entry)
                && (workload?.admits(entry) ?? true) && (addresses?.contains(entry.address) ?? true)
                && (plan == nil || entry.reservation?.plan == plan)
                && (spaces.map { $0.contains { $0.contains(entry.address) } } ?? true)
                && (expiresBy.map { end in entry.reservation?.expires.map { $0 <= end } ?? false } ?? true)
        }
        // No pod, namespace, node, workload or plan has free addresses.
        guard states.contains(.free), !holders.isGiven, workload == nil, plan == nil else { return entries }
        let free = freeAddresses(of: inventory, rangeSets)
        if free.count > Self.mostFree {
            Terminal.note("network \(inventory.network): only the first \(Self.mostFree) free addresses are listed")
        }
        let others = free.prefix(Self.mostFree).map {
            AddressEntry(network: inventory.network, address: $0, tenancy: nil, reservation: nil)
        }
        return (entries + others).sorted { $0.address < $1.address }
    }

    private func freeAddresses(of inventory: NetworkInventory, _ rangeSets: [RangeSet]) -> [IPAddress] {
        let kinds = range.map { [$0] } ?? [.fixed, .dynamic]
        let intervals = rangeSets.flatMap { set in kinds.flatMap { $0.space(of: set).intervals } }
        return inventory.freeAddresses(
            in: addresses.map { $0.parts(of: intervals) } ?? intervals, limit: Self.mostFree + 1)
    }
}

import IPAMKit

/// The free addresses that `reserve --next` takes: of the fixed range if there is one, else of the dynamic range.
struct FreeAddressChoice: Sendable {
    let count: Int
    /// Whether the addresses must be successive.
    let isContiguous: Bool
    let rangeSets: RangeSetChoice

    /// The orders for the addresses, and what is to be said about the choice.
    ///
    /// - Parameter order: makes the orders for the addresses.
    /// - Throws: ``Failure`` if there are not enough.
    func orders(
        in pool: AddressPool, _ network: SelectedNetwork, _ order: ([IPAddress]) throws -> [ReservationOrder]
    ) async throws -> ReservationPlan.Orders {
        let chosen = try rangeSets.rangeSets(of: network)
        let occupancy = try await pool.occupancy()
        let addresses: [IPAddress]
        if isContiguous {
            let found = occupancy.freeRun(of: chosen, count: count)
            guard let run = found.run else {
                throw tooFew(
                    "network \(network.name) has no \(count) successive free \(family(chosen, network))addresses; "
                        + "the longest run is \(found.longest)", network,
                    hint: "see 'ipamctl map'; without --contiguous, the addresses need not be successive")
            }
            addresses = AddressSelection(ranges: [run]).addresses(in: []).addresses
        } else {
            addresses = occupancy.freeAddresses(of: chosen, limit: count)
            guard addresses.count == count else {
                throw tooFew(
                    "network \(network.name) has \(addresses.count) free \(family(chosen, network))addresses, "
                        + "not \(count)", network, hint: "see 'ipamctl networks'")
            }
        }
        let orders = try order(addresses)
        let notes = [note(on: addresses, of: chosen, network)].compactMap(\.self)
        return ReservationPlan.Orders(all: orders, notes: notes)
    }

    private func family(_ chosen: [RangeSet], _ network: SelectedNetwork) -> String {
        network.rangeSets.count > 1 ? chosen.first.map { "\($0.family) " } ?? "" : ""
    }

    private func tooFew(_ problem: String, _ network: SelectedNetwork, hint: String) -> Failure {
        let others = rangeSets.isOpen && network.rangeSets.count > 1
        return Failure(
            .conflict, problem, hint: hint + (others ? "; --family or --range-set chooses another range set" : ""))
    }

    /// Pods get dynamic addresses in order, so whoever keeps a fixed range wants to know that it has no room left.
    private func note(on addresses: [IPAddress], of chosen: [RangeSet], _ network: SelectedNetwork) -> String? {
        let fixed = chosen.flatMap { $0.ranges.compactMap(\.fixed) }
        let spaces = chosen.map(\.fixedSpace)
        let dynamic = addresses.filter { address in !spaces.contains { $0.contains(address) } }
        guard !fixed.isEmpty, let first = dynamic.first else { return nil }
        let ranges = fixed.map(\.description).joined(separator: ", ")
        let room =
            isContiguous
            ? "no \(count) successive addresses of the fixed range \(ranges) are free"
            : "the fixed range \(ranges) has only \((count - dynamic.count).counted("free address"))"
        let range = network.range(containing: first)?.range.description ?? network.name.text
        let them = dynamic.count == 1 ? "\(first) is" : "\(dynamic.count) addresses from \(first) on are"
        return "note: \(room); \(them) of the dynamic range \(range)"
    }
}

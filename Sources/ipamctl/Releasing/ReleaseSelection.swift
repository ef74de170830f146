import IPAMKit

/// The addresses that `release` is about: named ones, or all that belong to a holder or to a plan.
struct ReleaseSelection: Sendable {
    /// Empty if the addresses are selected by their holder.
    let ranges: [AddressRange]
    let holders: HolderOptions
    let container: ContainerPrefix?
    /// The plan whose reservations are dropped. What is in use stays in use.
    let plan: PlanName?

    /// The addresses that are named singly: each of them must be used or reserved.
    private var single: [IPAddress] { ranges.filter { $0.count == 1 }.map(\.start) }

    /// Whether an address belongs to the selection as it is now: another pod may have got it since it was found.
    func admits(_ entry: AddressEntry) -> Bool {
        if !ranges.isEmpty { return entry.state != .free && ranges.contains { $0.contains(entry.address) } }
        if let plan { return entry.reservation?.plan == plan }
        if let container { return entry.tenancy.map { container.matches($0.containerID) } ?? false }
        return holders.admits(entry)
    }

    /// Whether a reservation of a selected address is dropped, and not only the use of the address.
    private func drops(_ reservation: Reservation) -> Bool {
        if let plan { return reservation.plan == plan }
        return !ranges.isEmpty || (container == nil && holders.admits(reservation.holder))
    }

    /// Whether a tenancy of a selected address may be ended. An address that was selected because it is reserved for a holder
    /// may be in use by somebody else.
    private func frees(_ tenancy: Tenancy) -> Bool {
        plan == nil && (!ranges.isEmpty || container != nil || holders.admits([tenancy.holder], reservedFor: nil))
    }

    /// - Throws: ``Failure`` if nothing of the selection is used or reserved, or something is in use and `force` is false.
    func plan(in pool: AddressPool, force: Bool) async throws -> ReleasePlan {
        let isSingle = !ranges.isEmpty && ranges.count == single.count
        if !isSingle { Progress.describe("reading network \(pool.keys.network) from etcd ...") }
        let found = isSingle ? [] : try await pool.inventory().entries.filter(admits).map(\.address)
        let named = single.filter { !found.contains($0) }
        do throws(IPAMError) {
            let plan = try await pool.planRelease(
                of: found + named, force: force, where: { named.contains($0.address) || admits($0) }, drops: drops,
                frees: frees)
            if !plan.addresses.isEmpty { return plan }
        } catch {
            guard case .conflicts = error else { throw error }
            throw Failure(
                error,
                hint:
                    "make sure that the pod is gone; 'ipamctl audit --repair' frees its address then, and --force frees it unchecked"
            )
        }
        throw Failure(
            .notFound, "network \(pool.keys.network) has no matching address that is used or reserved",
            hint: "see 'ipamctl list'")
    }
}

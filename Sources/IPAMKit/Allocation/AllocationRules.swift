/// The rules of an ADD that depend on values only: a pod's demand, the ranges and the reservations. ``AddOperation`` applies
/// them to what it has just read, and ``Preflight`` to the pods of a manifest.
struct AllocationRules: Sendable {
    let eligibility: AddressEligibility
    /// The time by which reservations expire.
    let now: Timestamp

    /// An address that is requested by name.
    struct Named: Sendable {
        let address: IPAddress
        /// The pod's annotation that names it; nil if the runtime does.
        var annotation: String?
        /// Another address of the same range set that the runtime requests.
        var requested: IPAddress?
    }

    private var network: NetworkName { eligibility.network }

    // MARK: Rules 1 and 2: named

    /// The requested address of each range set; nil for a range set of which none is requested.
    ///
    /// - Parameters:
    ///   - demand: what the pod's annotations request.
    ///   - runtime: what the runtime requests.
    ///   - pod: for the error message.
    /// - Throws: ``IPAMError`` for an address that no pod can have.
    func named(by demand: AddressDemand, runtime: [IPAddress], of pod: PodReference?) throws(IPAMError) -> [Named?] {
        var named = [Named?](repeating: nil, count: eligibility.sets.count)
        if case .addresses(let addresses) = demand.wish {
            for address in addresses {
                let index = try requireNameable(address, demand, of: pod)
                try requireOnlyOne(address, beside: named[index])
                named[index] = Named(address: address, annotation: demand.key)
            }
        }
        guard demand.wish != .dynamic else { return named }
        var requested = [Named?](repeating: nil, count: eligibility.sets.count)
        for address in runtime {
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

    private func requireOnlyOne(_ address: IPAddress, beside other: Named?) throws(IPAMError) {
        guard let other else { return }
        throw .notAllowed(address, "was requested beside \(other.address): a range set gives one address")
    }

    private func requireNameable(_ address: IPAddress, _ demand: AddressDemand, of pod: PodReference?)
        throws(IPAMError) -> Int
    {
        if eligibility.owner(of: address) == nil, demand.key == "kube-ipam.ip" {
            throw .notInNetwork(address, network: network, subnets: eligibility.subnets)
        }
        do throws(IPAMError) {
            return try eligibility.require(address)
        } catch .notAllowed(_, let problem) {
            throw .annotation(pod, AnnotationError(key: demand.key, value: address.description, problem: problem))
        }
    }

    /// Checks that a pod may have an address that is requested by name.
    ///
    /// - Parameter reservation: of the address.
    /// - Returns: the reservation if it has expired, so that an ADD removes it.
    /// - Throws: ``IPAMError/reserved(_:for:)``, ``IPAMError/fenced(_:note:)``, or
    ///   ``IPAMError/dynamicNotReserved(_:_:for:annotation:)``.
    func requireAdmitted(_ name: Named, _ reservation: Reservation?, _ claimant: Claimant) throws(IPAMError)
        -> Reservation?
    {
        let address = name.address
        let expired = reservation.flatMap { $0.isExpired(at: now) ? $0 : nil }
        if let reservation, expired == nil, !claimant.isAdmitted(by: reservation.holder) {
            throw reservation.holder == .nobody
                ? .fenced(address, note: reservation.note) : .reserved(address, for: reservation.holder)
        }
        if let annotation = name.annotation, reservation == nil || expired != nil,
            let dynamic = eligibility.dynamicRange(of: address)
        {
            throw .dynamicNotReserved(address, dynamic, for: claimant.reservationHolder, annotation: annotation)
        }
        return expired
    }

    /// The annotations for other networks that request an address of this one: each is refused if the network that it names
    /// does not exist, because the pod would silently get some other address.
    ///
    /// Two networks may have the same subnet, and the ADD of a later interface may create the other one. Therefore an
    /// annotation that may be meant for another interface is left out.
    func misdirected(_ demand: AddressDemand, on ifname: InterfaceName)
        -> [(key: String, name: String, address: IPAddress)]
    {
        var found: [(key: String, name: String, address: IPAddress)] = []
        for entry in demand.others.entries {
            guard let address = entry.addresses.first(where: { eligibility.owner(of: $0) != nil }),
                !demand.others.mayBeOfAnotherInterface(entry, than: ifname)
            else { continue }
            found.append((entry.key, entry.name, address))
        }
        return found
    }

    // MARK: Rule 3: reserved

    /// Whether a reservation gives its address to this interface of a pod of `owner` without being asked.
    func gives(_ reservation: Reservation, to claimant: Claimant, of owner: ClaimOwner, on ifname: InterfaceName)
        -> Bool
    {
        !reservation.isExpired(at: now) && reservation.holder.claimOwner == owner
            && (reservation.ifname == nil || reservation.ifname == ifname)
            && claimant.isAdmitted(by: reservation.holder)
    }

    // MARK: Rule 4: automatic

    /// The addresses that `auto` chooses from: the fixed range, or the dynamic range if there is no fixed range.
    static func automaticSpace(of set: RangeSet) -> DynamicSpace {
        let fixed = set.fixedSpace
        return fixed.isEmpty ? set.dynamicSpace : fixed
    }
}

extension Claimant {
    /// The holder to reserve the pod's address for: the pod if it keeps its name, else its workload.
    var reservationHolder: ReservationHolder {
        holder.pod.map { ReservationHolder(for: $0, of: workload) } ?? .anyone
    }

    /// Checks that the pod may have addresses by `auto`.
    ///
    /// - Throws: ``IPAMError/notForAutomatic(_:_:annotation:)``.
    func requireForAutomatic() throws(IPAMError) -> PodReference {
        guard let pod = holder.pod, workload != nil else {
            throw .notForAutomatic(holder.pod, withoutWorkload, annotation: demand.key)
        }
        return pod
    }
}

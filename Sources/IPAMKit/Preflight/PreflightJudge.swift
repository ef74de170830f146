/// The state of a network while the pods of manifests are given their addresses one after the other.
struct PreflightJudge {
    let input: Preflight
    let rules: AllocationRules
    /// Who has an address.
    private(set) var occupants: [IPAddress: Occupant] = [:]
    /// The present holders that the pods of the same object replace.
    private(set) var own: [IPAddress: Tenancy] = [:]
    private(set) var reservations: [IPAddress: Reservation] = [:]
    private var claims: [ClaimOwner: [IPAddress]] = [:]
    /// The number of addresses by `auto` of each namespace.
    private var automatic: [Namespace: Int] = [:]
    var pods: [PlannedPod] = []

    /// Who has an address.
    enum Occupant {
        case tenancy(Tenancy)
        /// A pod of the object with this index.
        case planned(Int)
    }

    /// Why a pod is refused.
    enum Refusal: Error {
        case rule(IPAMError, PreflightCode)
        case finding(PlannedFinding)
    }

    var network: NetworkName { input.inventory.overview.network }
    var objects: [PlannedObject] { input.objects }
    /// For option `-n` of a command in a hint; nil if there is only one network.
    var hintNetwork: NetworkName? { input.networks.count > 1 ? network : nil }
    /// Whether a pod gets an address that is named or reserved.
    var hasFixed: Bool { pods.contains { $0.sources.contains { $0.isFixed || $0 == .automatic } } }

    init(_ input: Preflight) {
        self.input = input
        rules = AllocationRules(
            eligibility: AddressEligibility(network: input.inventory.overview.network, sets: input.rangeSets),
            now: input.now)
        // A lookup by namespace, so that many entries and many objects are not compared one by one.
        let byNamespace = Dictionary(grouping: input.objects, by: \.namespace)
        for entry in input.inventory.entries {
            if let tenancy = entry.tenancy {
                let candidates = tenancy.holder.pod.flatMap { byNamespace[$0.namespace] } ?? []
                if candidates.contains(where: { $0.owns(tenancy.holder) }) {
                    own[entry.address] = tenancy
                } else {
                    occupants[entry.address] = .tenancy(tenancy)
                }
            }
            guard let reservation = entry.reservation else { continue }
            reservations[entry.address] = reservation
            if let owner = reservation.holder.claimOwner { claims[owner, default: []].append(entry.address) }
            if reservation.by == Reservation.automaticAuthor, let namespace = reservation.holder.namespace {
                automatic[namespace, default: 0] += 1
            }
        }
    }

    // MARK: Named and reserved addresses

    /// Judges every pod, except for the number of free addresses that are needed.
    mutating func claimAll() {
        for (number, object) in objects.enumerated() {
            let ifname = object.interface(on: network)
            var claimant: Claimant?
            for index in 0..<(object.replicas ?? 1) {
                var pod = PlannedPod(object: number, index: index)
                // What was refused to one of pods that are all alike is refused to the next.
                if index > 0, !object.namesItsPods, let last = pods.last, last.isRefused {
                    pod.finding = last.finding
                    pods.append(pod)
                    continue
                }
                do throws(Refusal) {
                    // The pods of a StatefulSet have names of their own.
                    if claimant == nil || object.kind == .statefulSet {
                        claimant = try self.claimant(object, index)
                    }
                    guard let claimant else { continue }
                    pod.sources = try sources(of: claimant, number, ifname)
                    for case .named(let address) in pod.sources { occupants[address] = .planned(number) }
                    for case .reserved(let address, _) in pod.sources { occupants[address] = .planned(number) }
                    for case .shared(let addresses, _) in pod.sources {
                        guard let free = addresses.first(where: { occupants[$0] == nil }) else { continue }
                        occupants[free] = .planned(number)
                    }
                } catch {
                    switch error {
                    case .rule(let error, let code): pod.finding = finding(error, code, object)
                    case .finding(let finding): pod.finding = finding
                    }
                }
                pods.append(pod)
            }
        }
    }

    private func claimant(_ object: PlannedObject, _ index: Int) throws(Refusal) -> Claimant {
        let wrong = object.annotations.filter { $0.value.value == nil }.min { $0.key < $1.key }
        if let (key, annotation) = wrong {
            throw .finding(
                PlannedFinding(
                    code: .annotationInvalid,
                    reason: "annotation \(key) must be a string, not \(annotation.kind): the API server refuses it",
                    hint: "put the value in quotes", place: annotation.place))
        }
        do {
            let pod = try object.pod(index)
            return try Claimant(
                Holder(pod: pod.reference), pod, named: pod.reference, on: nil, network: network)
        } catch let error as IPAMError {
            throw .rule(error, .annotationInvalid)
        } catch {
            throw .finding(PlannedFinding(code: .addressNotAllowed, reason: "\(error)"))
        }
    }

    private mutating func sources(of claimant: Claimant, _ number: Int, _ ifname: InterfaceName)
        throws(Refusal) -> [PlannedSource]
    {
        let demand = claimant.demand
        let named = try ruled(.addressNotAllowed) { () throws(IPAMError) in
            for found in rules.misdirected(demand, on: ifname) {
                if let other = try? NetworkName(found.name), input.networks.contains(other) { continue }
                throw .misdirected(nil, key: found.key, found.address, network: network)
            }
            return try rules.named(by: demand, runtime: [], of: nil)
        }
        var sources: [PlannedSource] = []
        for (index, name) in named.enumerated() {
            if let name {
                let reservation = reservations[name.address]
                _ = try ruled(.addressNotAllowed) { () throws(IPAMError) in
                    try rules.requireAdmitted(name, reservation, claimant)
                }
                try requireFree(name.address, number, key: demand.key)
                sources.append(.named(name.address))
            } else if demand.wish != .dynamic, let reserved = try reserved(inSet: index, claimant, number, ifname) {
                sources.append(reserved)
            } else {
                sources.append(demand.wish == .automatic ? .automatic : .dynamic)
            }
        }
        try requirePresentable(sources, demand)
        let count = sources.count { $0 == .automatic }
        if count > 0 {
            let namespace = try ruled(.autoRefused) { () throws(IPAMError) in
                try claimant.requireForAutomatic().namespace
            }
            let sum = automatic[namespace, default: 0] + count
            if let limit = input.autoLimit, sum > limit { throw .rule(.automaticLimit(namespace, limit), .autoLimit) }
            automatic[namespace] = sum
        }
        return sources
    }

    private func ruled<Value>(_ code: PreflightCode, _ body: () throws(IPAMError) -> Value) throws(Refusal) -> Value {
        do throws(IPAMError) {
            return try body()
        } catch {
            throw .rule(error, code)
        }
    }

    /// Checks that an address that pods name is not in use, and not needed by another pod of the manifests.
    private func requireFree(_ address: IPAddress, _ number: Int, key: String) throws(Refusal) {
        let object = objects[number]
        switch occupants[address] {
        case nil: return
        case .tenancy(let tenancy)?: throw .rule(.inUse(address, by: tenancy.phrase), .addressInUse)
        case .planned(number)?: throw .finding(object.sharing(address, key: key))
        case .planned(let other)?:
            throw .finding(
                PlannedFinding(
                    code: .addressWantedTwice,
                    reason: "\(address) is also requested by \(objects[other]) (\(objects[other].place))",
                    hint: "give one of them another address: 'ipamctl list --state free' lists free ones",
                    place: object.annotations[key]?.place, addresses: [address]))
        }
    }

    /// Checks the requested netmask and gateway. For an address that is not known yet, the first of its range set is used.
    private func requirePresentable(_ sources: [PlannedSource], _ demand: AddressDemand) throws(Refusal) {
        guard demand.asksForPresentation else { return }
        for (index, source) in sources.enumerated() {
            let addresses: [IPAddress]
            switch source {
            case .named(let address), .reserved(let address, _): addresses = [address]
            case .shared(let shared, _): addresses = shared
            case .automatic:
                addresses = AllocationRules.automaticSpace(of: input.rangeSets[index]).intervals.prefix(1).map(\.start)
            case .dynamic: addresses = input.rangeSets[index].dynamicSpace.intervals.prefix(1).map(\.start)
            }
            for address in addresses {
                guard let range = rules.eligibility.owner(of: address)?.range else { continue }
                do throws(AnnotationError) {
                    _ = try demand.assignment(of: address, in: range)
                } catch {
                    throw .rule(.annotation(nil, error), .annotationInvalid)
                }
            }
        }
    }

    /// The address of a range set that is reserved for the pod, or those that are reserved for its workload; nil if there is
    /// none.
    private func reserved(inSet index: Int, _ claimant: Claimant, _ number: Int, _ ifname: InterfaceName)
        throws(Refusal) -> PlannedSource?
    {
        for owner in claimant.owners {
            var claimed: [(address: IPAddress, reservation: Reservation)] = []
            for address in claims[owner] ?? [] where rules.eligibility.owner(of: address)?.index == index {
                guard let reservation = reservations[address],
                    rules.gives(reservation, to: claimant, of: owner, on: ifname)
                else { continue }
                _ = try ruled(.addressNotAllowed) { () throws(IPAMError) in try rules.eligibility.require(address) }
                claimed.append((address, reservation))
            }
            let isPod = if case .pod = owner { true } else { false }
            if isPod, claimed.contains(where: { $0.reservation.ifname != nil }) {
                claimed.removeAll { $0.reservation.ifname == nil }
            }
            guard let holder = claimed.first?.reservation.holder else { continue }
            let addresses = claimed.map(\.address)
            if let free = addresses.first(where: { occupants[$0] == nil }) {
                if isPod || addresses.count == 1 { return .reserved(free, for: holder) }
                return .shared(addresses.filter { !isHeldByAnother($0, than: number) }, for: holder)
            }
            if !isPod, claimant.demand.wish == .automatic { return nil }
            throw shortage(owner, holder, claimant, addresses, number, inSet: index)
        }
        return nil
    }

    private func isHeldByAnother(_ address: IPAddress, than number: Int) -> Bool {
        switch occupants[address] {
        case nil, .planned(number)?: false
        case .planned?, .tenancy?: true
        }
    }

    /// The refusal of a pod whose reserved addresses are all taken.
    private func shortage(
        _ owner: ClaimOwner, _ holder: ReservationHolder, _ claimant: Claimant, _ addresses: [IPAddress], _ number: Int,
        inSet index: Int
    ) -> Refusal {
        let object = objects[number]
        let rangeSet = input.rangeSets.count > 1 ? index : nil
        var refusals: [IPAMError] = []
        for address in addresses {
            switch occupants[address] {
            case .tenancy(let tenancy)?:
                let since = tenancy.since.map { "it is recorded since \($0)" } ?? "it is recorded"
                refusals.append(.held(address, by: tenancy.phrase, because: since))
            case .planned(let other)? where other != number:
                refusals.append(
                    .held(address, by: objects[other].description, because: "the manifests give it the address, too"))
            case .planned?, nil: break
            }
        }
        guard refusals.isEmpty else {
            let shortage = ReservationShortage(owner, claimant.workload, addresses, refusals, rangeSet: rangeSet)
            return .rule(.reservationsInUse(shortage), .addressInUse)
        }
        let rollout = object.rollout ?? Rollout(replicas: object.replicas ?? 1, strategy: .recreate)
        let shortage = rollout.shortage(withAddresses: addresses.count, for: holder, rangeSet: rangeSet)
        return .finding(
            PlannedFinding(
                code: .tooFewAddresses, reason: shortage?.problem ?? "\(holder) has too few reserved addresses",
                hint: shortage.map { onNetwork($0.remedy) }))
    }

    /// A hint that ends in a command, with the network if there are several.
    func onNetwork(_ hint: String) -> String { hint + (hintNetwork.map { " -n \($0)" } ?? "") }
}

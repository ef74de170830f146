/// The addresses that pods get from what is free, and the findings that depend on all pods of an object.
extension PreflightJudge {
    /// The lines of all objects.
    mutating func lines() -> [PreflightLine] {
        claimAll()
        let room = supply()
        refuseByHold()
        var lines: [PreflightLine] = []
        let byObject = Dictionary(grouping: pods, by: \.object)
        for number in objects.indices {
            let own = noted(byObject[number] ?? [])
            for pod in own {
                let line = line(of: pod)
                if let last = lines.last, last.object == line.object, last.isLike(line) {
                    lines[lines.count - 1].pods = last.pods.map { $0 + 1 }
                } else {
                    lines.append(line)
                }
            }
            lines += findings(about: number, own, room).map { PreflightLine(objects[number], $0, on: network) }
        }
        return lines
    }

    // MARK: Supply

    /// The number of free addresses of a range set.
    struct Room {
        var fixed: Int
        var dynamic: Int
        /// How many of them only the present pods of the objects make free.
        var freedByPods: Int
    }

    /// Gives the pods that need any free address one each, those with `auto` first, and refuses the rest.
    ///
    /// - Returns: what is left of each range set.
    private mutating func supply() -> [Room] {
        let taken = Set(occupants.keys).union(reservations.keys)
        var rooms = input.rangeSets.map { set in
            let (fixed, dynamic) = (set.fixedSpace, set.dynamicSpace)
            func free(_ space: DynamicSpace) -> Int {
                Int(clamping: space.count) - taken.count { space.contains($0) }
            }
            let freed = own.keys.count { reservations[$0] == nil && occupants[$0] == nil && dynamic.contains($0) }
            return Room(fixed: free(fixed), dynamic: free(dynamic), freedByPods: freed)
        }
        let hasFixed = input.rangeSets.map { !$0.fixedSpace.isEmpty }
        let needs = input.rangeSets.indices.map { index in
            (
                fixed: pods.count { !$0.isRefused && $0.sources[index] == .automatic && hasFixed[index] },
                dynamic: pods.count { pod in
                    guard !pod.isRefused else { return false }
                    return pod.sources[index] == .dynamic || (pod.sources[index] == .automatic && !hasFixed[index])
                }
            )
        }
        let before = rooms
        for wanted in [PlannedSource.automatic, .dynamic] {
            for number in pods.indices where !pods[number].isRefused && pods[number].sources.contains(wanted) {
                // A pod that has both is counted with its automatic addresses.
                if wanted == .dynamic, pods[number].sources.contains(.automatic) { continue }
                var left = rooms
                var short: (index: Int, isFixed: Bool)?
                for (index, source) in pods[number].sources.enumerated() where !source.isFixed {
                    let isFixed = source == .automatic && hasFixed[index]
                    if isFixed { left[index].fixed -= 1 } else { left[index].dynamic -= 1 }
                    if left[index].fixed < 0 || left[index].dynamic < 0 { short = short ?? (index, isFixed) }
                }
                guard let short else {
                    rooms = left
                    continue
                }
                let room = short.isFixed ? before[short.index].fixed : before[short.index].dynamic
                let need = short.isFixed ? needs[short.index].fixed : needs[short.index].dynamic
                pods[number].finding = exhausted(short.index, isFixed: short.isFixed, room: max(0, room), need: need)
                pods[number].sources = []
            }
        }
        return rooms
    }

    private func exhausted(_ index: Int, isFixed: Bool, room: Int, need: Int) -> PlannedFinding {
        let place = input.rangeSets.count > 1 ? " of range set \(index)" : ""
        let kind = isFixed ? "fixed" : "dynamic"
        let count = room == 1 ? "1 free \(kind) address" : "\(room == 0 ? "no" : "\(room)") free \(kind) addresses"
        let pods = need == 1 ? "1 pod of the manifests needs one" : "\(need) pods of the manifests need one each"
        return PlannedFinding(
            code: .poolExhausted, reason: "network \(network) has \(count)\(place), and \(pods)",
            hint: "see 'ipamctl networks'; 'ipamctl audit" + (hintNetwork.map { " -n \($0)" } ?? "")
                + "' finds addresses that have leaked")
    }

    private mutating func refuseByHold() {
        guard let hold = input.inventory.overview.settings?.hold else { return }
        for number in pods.indices where !pods[number].isRefused {
            pods[number].finding = PlannedFinding(
                code: .networkOnHold, reason: IPAMError.onHold(network: network, hold).description,
                hint: "'ipamctl unhold \(network)' lifts the hold")
        }
    }

    // MARK: Lines

    private func line(of pod: PlannedPod) -> PreflightLine {
        let object = objects[pod.object]
        var addresses: [IPAddress] = []
        var choices: [IPAddress] = []
        for source in pod.sources {
            switch source {
            case .named(let address), .reserved(let address, _): addresses.append(address)
            case .shared(let shared, _): choices += shared
            case .automatic, .dynamic: break
            }
        }
        if let finding = pod.finding { addresses = finding.addresses }
        let reason = pod.finding?.reason ?? pod.sources.map { phrase($0, object) }.uniqued.joined(separator: "; ")
        return PreflightLine(
            object: object, place: pod.finding?.place ?? object.place, pod: object.podPhrase(pod.index),
            pods: object.replicas == nil ? nil : 1, network: network, addresses: addresses, choices: choices,
            code: pod.finding?.code, reason: reason, hint: pod.finding?.hint, isOfPods: true)
    }

    private func phrase(_ source: PlannedSource, _ object: PlannedObject) -> String {
        switch source {
        case .named(let address): "requested by annotation" + present(address)
        case .reserved(let address, let holder): "reserved for \(holder)" + present(address)
        case .shared(let addresses, let holder):
            "one of \(addresses.count) addresses reserved for \(holder): "
                + addresses.prefix(3).map(\.description).joined(separator: ", ")
                + (addresses.count > 3 ? " and \(addresses.count - 3) more" : "")
        case .automatic: "auto: any free address, which is then reserved"
        case .dynamic: object.replicas == nil ? "a dynamic address on each node" : "a dynamic address"
        }
    }

    /// What is to be said about an address that a present pod of the same object has.
    private func present(_ address: IPAddress) -> String {
        own[address].map { "; \($0.phrase) has it now, and gives it up when it is replaced" } ?? ""
    }

    // MARK: Findings

    /// The pods of an object, with the findings that depend on the other pods of the object.
    private func noted(_ pods: [PlannedPod]) -> [PlannedPod] {
        guard let first = pods.first else { return pods }
        let object = objects[first.object]
        var pods = pods
        if object.kind == .daemonSet {
            for index in pods.indices where !pods[index].isRefused {
                for case .named(let address) in pods[index].sources {
                    pods[index].finding = object.sharing(address, key: "kube-ipam.ip")
                }
            }
        }
        guard object.kind == .statefulSet else { return pods }
        for set in input.rangeSets.indices {
            let reserved = pods.first { pod in
                guard !pod.isRefused, case .reserved(_, .pod) = pod.sources[set] else { return false }
                return true
            }
            guard let reserved else { continue }
            for index in pods.indices where !pods[index].isRefused && pods[index].sources[set] == .dynamic {
                let name = object.podPhrase(pods[index].index)
                let option = input.rangeSets.count > 1 ? " --range-set \(set)" : ""
                pods[index].finding = PlannedFinding(
                    code: .ordinalUnreserved,
                    reason: "a dynamic address: unlike \(object.podPhrase(reserved.index)), \(name) has no reservation",
                    hint: onNetwork("ipamctl reserve --next 1\(option) --for \(name)"))
            }
        }
        return pods
    }

    /// The findings about an object whose pods get their addresses.
    private func findings(about number: Int, _ pods: [PlannedPod], _ rooms: [Room]) -> [PlannedFinding] {
        let object = objects[number]
        guard let pod = pods.first, !pods.contains(where: \.isRefused) else { return [] }
        var findings: [PlannedFinding] = []
        for (index, source) in pod.sources.enumerated() {
            if object.mayOverlap, source.isFixed {
                findings.append(
                    PlannedFinding(
                        code: .runsOverlap,
                        reason: "two runs at the same time would need the same address, and the second gets none",
                        hint: "set concurrencyPolicy: Forbid, or Replace"))
            }
            if let rollout = object.rollout, let finding = stuck(rollout, source, object, rooms, index) {
                findings.append(finding)
            }
        }
        return findings.uniqued
    }

    /// The finding if a rolling update of a Deployment cannot finish.
    private func stuck(
        _ rollout: Rollout, _ source: PlannedSource, _ object: PlannedObject, _ rooms: [Room], _ set: Int
    )
        -> PlannedFinding?
    {
        guard rollout.needsSpareAddress else { return nil }
        switch source {
        case .named(let address):
            return PlannedFinding(
                code: .rolloutStuck,
                reason: "with maxUnavailable 0, a rolling update starts a new pod before the old one ends, and the new "
                    + "pod does not get \(address)",
                hint: "set maxUnavailable: 1 or strategy type Recreate in the Deployment")
        case .reserved(_, let holder), .shared(_, let holder):
            var count = 1
            if case .shared(let addresses, _) = source { count = addresses.count }
            let shortage = rollout.shortage(
                withAddresses: count, for: holder, rangeSet: input.rangeSets.count > 1 ? set : nil)
            return shortage.map {
                PlannedFinding(code: .rolloutStuck, reason: $0.problem, hint: onNetwork($0.remedy))
            }
        case .automatic, .dynamic:
            // The pods fit only because the present ones go; the additional pod of the update comes before that.
            let room = rooms[set]
            guard source == .dynamic, room.freedByPods > 0, room.dynamic == 0 else { return nil }
            return PlannedFinding(
                code: .rolloutStuck,
                reason: "network \(network) has no free dynamic address left: with maxUnavailable 0, a rolling update "
                    + "starts a new pod before an old one ends, and that pod gets no address",
                hint: "set maxUnavailable: 1 or strategy type Recreate in the Deployment, or free an address")
        }
    }
}

extension Array where Element: Hashable {
    /// Each element once, in the order of the first ones.
    fileprivate var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}

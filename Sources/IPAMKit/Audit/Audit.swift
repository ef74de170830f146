import Store

/// Judges a network: a pure function of what the store contained and of the evidence that was gathered after it.
///
/// The store is read first, and pods after it: a pod that came, moved or was rebuilt in between is seen alive. An
/// address that any live pod reports is never freed, whatever other evidence says.
public struct Audit {
    let snapshot: NetworkSnapshot
    let evidence: AuditEvidence
    /// What the CNI file says, if there is one.
    let configured: [RangeSet]?
    /// The other networks of the store.
    let others: [NetworkPlace]
    let now: Timestamp

    private let judge: AuditJudge
    /// The tenancy of each used address, by its used key and an attachment that can be read.
    private let holderByAddress: [IPAddress: Tenancy]
    /// The tenancies that list an address without having its used key: the address is dangling.
    private let listed: [IPAddress: [Tenancy]]

    /// An audit of what `snapshot` contains, judged by `evidence`.
    public init(
        _ snapshot: NetworkSnapshot, evidence: AuditEvidence, configured: [RangeSet]? = nil,
        beside others: [NetworkPlace] = [], now: Timestamp
    ) {
        self.snapshot = snapshot
        self.evidence = evidence
        self.configured = configured
        self.others = others
        self.now = now
        judge = AuditJudge(snapshot, evidence)
        var holders: [IPAddress: Tenancy] = [:]
        var listed: [IPAddress: [Tenancy]] = [:]
        for held in snapshot.tenancies {
            for address in held.addresses {
                if snapshot.used[address]?.value == held.containerID {
                    holders[address] = held
                } else {
                    listed[address, default: []].append(held)
                }
            }
        }
        holderByAddress = holders
        self.listed = listed
    }

    /// The report, with the findings sorted by address.
    public func report() -> AuditReport {
        var unjudged: [UnverifiableReason: Int] = [:]
        var findings: [AuditFinding] = []
        for held in snapshot.tenancies {
            let judgement = judge.judge(held)
            if case .unverifiable(let reason) = judgement { unjudged[reason, default: 0] += 1 }
            findings += tenancyFindings(held, judgement)
        }
        findings += unattachedFindings() + reportedFindings() + reservationFindings() + placeFindings() + nodeFindings()
        if let lock = staleLock() { findings.append(lock) }
        if let drift = configDrift() { findings.append(drift) }
        findings.sort { left, right in
            switch (left.address, right.address) {
            case (let left?, let right?) where left != right: left < right
            case (nil, _?): true
            case (_?, nil): false
            default: left.code.rawValue < right.code.rawValue
            }
        }
        let (cluster, node): (String?, String?) =
            switch evidence {
            case .kubernetes(let seen): (seen.cluster, nil)
            case .node(let seen): (nil, seen.view.identity.name)
            }
        return AuditReport(
            snapshot, at: now, cluster: cluster, node: node, pods: judge.cluster.pods.count, unjudged: unjudged,
            warnings: warnings, findings: findings)
    }

    /// What an operator should know in addition to the findings.
    private var warnings: [String] {
        let own = NetworkPlace(snapshot.network, snapshot.rangeSets ?? configured ?? [])
        return judge.warnings + others.compactMap { NetworkOverlap(own, $0)?.description }
    }

    // MARK: Holders

    private func tenancyFindings(_ held: Tenancy, _ judgement: AuditJudge.Judgement) -> [AuditFinding] {
        let container = held.containerID
        let missing = held.addresses.filter { snapshot.used[$0]?.value != container }
        let present = held.addresses.filter { snapshot.used[$0]?.value == container }
        func findings(
            _ code: AuditCode, _ addresses: [IPAddress], _ evidence: String, _ repair: AuditRepair = .none,
            confirm: Bool = false
        ) -> [AuditFinding] {
            addresses.map {
                AuditFinding(
                    code, $0, evidence, repair: repair, mustBeConfirmed: confirm, holder: held, seen: held.record)
            }
        }
        switch judgement {
        case .live:
            return missing.flatMap { address in
                let other = snapshot.used[address]?.value
                return findings(
                    .dangling, [address],
                    "\(held.phrase) has it by its attachment, and "
                        + (other.map { "the used key is container \($0)'s" } ?? "there is no used key"),
                    // A holder that only shares an address with a live pod is not restored.
                    other == nil && judge.isLive(held) ? .restore : .none)
            }
        case .superseded(let newer, let proof):
            let evidence =
                "\(held.phrase) has a newer sandbox on \(held.ifname?.text ?? "its interface"): container \(newer)"
            switch proof {
            case .proven, .sameNode:
                return findings(.superseded, present, evidence, .free, confirm: proof == .sameNode)
                    + findings(.dangling, missing, evidence, .dropAttachment, confirm: proof == .sameNode)
            case .none: return findings(.superseded, present, evidence) + findings(.dangling, missing, evidence)
            case .contradicted(let netns):
                let evidence = "\(evidence), but \(leftover(held, netns))"
                return findings(.superseded, present, evidence) + findings(.dangling, missing, evidence)
            }
        case .gone(let clause, let mustBeConfirmed):
            let evidence = "\(held.phrase): \(clause)"
            let confirm = mustBeConfirmed && !present.contains(where: isConfirmedSuspect)
            return findings(.leaked, present, evidence, .free, confirm: confirm)
                + findings(
                    .dangling, missing, "\(evidence), and there is no used key", .dropAttachment, confirm: confirm)
        case .nodeGone(let clause):
            let evidence = "\(held.phrase): \(clause)"
            // The node may belong to another cluster that has pods on the network.
            let mayFree = !judge.hasForeigners
            return findings(.nodeGone, present, evidence, mayFree ? .free : .none, confirm: mayFree)
                + findings(.dangling, missing, "\(evidence), and there is no used key")
        case .leftBehind(let netns):
            let evidence = "\(held.phrase): \(HolderEvidence.PodState.absent.phrase), but \(leftover(held, netns))"
            return findings(.leaked, present, evidence) + findings(.dangling, missing, evidence)
        case .outOfSight: return []
        case .unverifiable(let reason):
            return findings(.dangling, missing, "\(held.phrase): no used key, and \(reason)")
        }
    }

    /// A clause about a network namespace that outlives its holder, with the remedy.
    private func leftover(_ held: Tenancy, _ netns: String) -> String {
        let remedy = ReleaseRemedy.removeSandbox(netns: netns, node: held.holder.node)
        return "\(NodeEvidence.present(netns).phrase); \(remedy.message(container: held.containerID))"
    }

    /// Whether an ADD has recorded, long enough ago, that the holder appears to be gone.
    private func isConfirmedSuspect(_ address: IPAddress) -> Bool {
        guard let suspect = snapshot.suspects[address], suspect.counts(for: snapshot.used[address]?.modified, at: now)
        else { return false }
        return now >= suspect.confirmed(on: nil)
    }

    /// Used keys without an attachment that can be read.
    private func unattachedFindings() -> [AuditFinding] {
        // A node knows only its own containers.
        guard case .kubernetes = evidence else { return [] }
        let doubt = judge.doubt
        return snapshot.used.compactMap { address, record in
            guard holderByAddress[address] == nil, !judge.isReported(address),
                // A pod may report only one of its container's two addresses; and containers whose attachments cannot
                // be read are not judged.
                !judge.reportedContainers.contains(record.value), !snapshot.damagedContainers.contains(record.value)
            else { return nil }
            return AuditFinding(
                doubt == nil ? .unverified : .doubtful, address,
                "container \(record.value) has it without an attachment, and no live pod reports it"
                    + (doubt.map { "; but \($0)" } ?? ""), repair: .free,
                mustBeConfirmed: true, holder: Tenancy(containerID: record.value, addresses: [address]), seen: record)
        }
    }

    // MARK: What live pods report

    private func reportedFindings() -> [AuditFinding] {
        var findings: [AuditFinding] = []
        for (address, pods) in judge.reporters where isOurs(address) {
            // Annotations do not count here: a tenant may have written them.
            let running = pods.filter { !$0.isTerminating && $0.addresses.contains(address) }
            if running.count > 1 {
                findings.append(
                    AuditFinding(
                        .duplicate, address,
                        "\(running.map(\.phrase).sorted().joined(separator: " and ")) have it",
                        holder: holderByAddress[address]))
                continue
            }
            guard let pod = running.first, let finding = untracked(address, pod) else { continue }
            findings.append(finding)
        }
        return findings
    }

    private func untracked(_ address: IPAddress, _ pod: Pod) -> AuditFinding? {
        if let held = holderByAddress[address] {
            let holder = held.holder
            if holder.uid.map(pod.isMeant) ?? (holder.pod == pod.reference) { return nil }
            // The address is recorded for somebody else, who may be gone: the live pod keeps it, and nobody may free
            // it.
            guard holder.uid != nil || holder.name != nil else { return nil }
            // The address has come to this pod since the store was read.
            if let now = snapshot.usedNow[address], now != snapshot.used[address]?.modified { return nil }
            return AuditFinding(
                .untracked, address, "\(pod.phrase) has it, and it is recorded for \(held.phrase)",
                holder: held)
        }
        // The pod's own attachment has the address: only the used key is missing.
        let isDangling = listed[address]?.contains { $0.holder.uid.map(pod.isMeant) ?? false } ?? false
        guard !isDangling, snapshot.used[address] == nil, snapshot.usedNow[address] == nil,
            !snapshot.usedElsewhere.contains(address)
        else { return nil }
        // Reserved for this pod alone: otherwise another pod of its workload would get the address.
        let fence = ReservationHolder.pod(pod.reference)
        if let known = snapshot.reservations[address] {
            // If the address is reserved for somebody else, an operator has to look at that.
            let isExpired = known.reservation.isExpired(at: now)
            if !isExpired, known.reservation.holder.admits(pod.reference, of: pod.workload) { return nil }
            return AuditFinding(
                .untracked, address,
                "\(pod.phrase) has it, it is not recorded, and it \(isExpired ? "was" : "is") reserved for "
                    + known.reservation.holder.phrase, fenceFor: fence)
        }
        return AuditFinding(
            .untracked, address, "\(pod.phrase) \(Reservation.untracked)", repair: .fence, fenceFor: fence)
    }

    private func isOurs(_ address: IPAddress) -> Bool {
        (snapshot.rangeSets ?? configured ?? []).contains { $0.range(containing: address) != nil }
    }

    // MARK: Reservations

    private func reservationFindings() -> [AuditFinding] {
        var findings: [AuditFinding] = []
        for (address, known) in snapshot.reservations {
            let reservation = known.reservation
            if reservation.isExpired(at: now) {
                findings.append(
                    AuditFinding(
                        .reservationExpired, address,
                        "its reservation for \(reservation.holder.phrase) ended at "
                            + (reservation.expires?.description ?? ""), repair: .dropReservation, seen: known.record))
                continue
            }
            if snapshot.used[address] == nil, let (message, isCertain) = judge.orphaned(reservation) {
                findings.append(
                    AuditFinding(
                        .reservationOrphaned, address, message, repair: isCertain ? .dropReservation : .none,
                        mustBeConfirmed: isCertain, seen: known.record))
            }
            if let used = snapshot.used[address] {
                let held = holderByAddress[address]
                // A record of the Go plugin names no pod; the pod that reports the address counts.
                let reporter = judge.reporters[address]?.first
                let isAdmitted =
                    held.map { admits(reservation.holder, $0.holder) }
                    ?? reservation.holder.admits(reporter?.reference, of: reporter?.workload)
                let isFenced = reservation.holder == .nobody
                if !isAdmitted, held != nil || reporter != nil || isFenced {
                    findings.append(
                        AuditFinding(
                            .reservationViolated, address,
                            (isFenced ? "fenced" : "reserved for \(reservation.holder.phrase)") + ", used by "
                                + (held?.phrase ?? reporter?.phrase ?? "container \(used.value)"),
                            holder: held))
                }
            }
        }
        return findings
    }

    /// If Kubernetes has the holder's pod, its workload counts, not the one that the pod's name suggests.
    private func admits(_ reserved: ReservationHolder, _ holder: Holder) -> Bool {
        judge.pod(of: holder).map { reserved.admits($0.reference, of: $0.workload) } ?? reserved.admits(holder)
    }

    // MARK: The network

    private func placeFindings() -> [AuditFinding] {
        guard let sets = snapshot.rangeSets, !sets.isEmpty else { return [] }
        let eligibility = AddressEligibility(network: snapshot.network, sets: sets)
        // The reason why many addresses are out of range at once, if it is known.
        let change = snapshot.settings?.rangesChange.map { "; \($0.message)" } ?? ""
        return snapshot.used.compactMap { address, record in
            let holder = holderByAddress[address]
            let who = holder?.phrase ?? "container \(record.value)"
            if let range = eligibility.owner(of: address)?.range, let role = range.role(of: address) {
                return AuditFinding(
                    .gatewayInUse, address, "the \(role) of \(range.subnet) is held by \(who)", holder: holder)
            }
            do throws(IPAMError) {
                _ = try eligibility.require(address)
                return nil
            } catch {
                return AuditFinding(
                    .outOfRange, address, "\(error); it is held by \(who)\(change)", holder: holder)
            }
        }
    }

    /// Addresses that a node has, and that a pod may get.
    private func nodeFindings() -> [AuditFinding] {
        let eligibility = AddressEligibility(
            network: snapshot.network, sets: snapshot.rangeSets ?? configured ?? [])
        var findings: [AuditFinding] = []
        for node in judge.cluster.nodes {
            for address in Set(node.addresses) {
                guard let range = eligibility.owner(of: address)?.range else { continue }
                if let used = snapshot.used[address] {
                    let held = holderByAddress[address]
                    let who = held?.phrase ?? "container \(used.value)"
                    findings.append(
                        AuditFinding(
                            .nodeAddress, address, "it is the address of node \(node.name), and \(who) has it",
                            holder: held))
                    continue
                }
                // Outside the ranges, nodes commonly have addresses of the subnet.
                guard range.mayBeAPods(address), range.role(of: address) == nil,
                    snapshot.reservations[address]?.reservation.isExpired(at: now) ?? true
                else { continue }
                findings.append(
                    AuditFinding(
                        .nodeAddress, address,
                        "it is the address of node \(node.name), and a pod may be given it: 'ipamctl reserve \(address) --fence "
                            + "--note \"node \(node.name)\" -n \(snapshot.network)' keeps it from that"))
            }
        }
        return findings
    }

    private func staleLock() -> AuditFinding? {
        guard let lock = snapshot.lock, lock.lease == 0 else { return nil }
        return AuditFinding(
            .staleLock, nil,
            "the Go plugin's lock (\(lock.value)) has no lease that would end it: no pod gets an address",
            repair: .removeLock, mustBeConfirmed: true, seen: lock)
    }

    private func configDrift() -> AuditFinding? {
        guard let configured, let stored = snapshot.rangeSets else { return nil }
        return ConfigurationDrift(configured, stored: stored, snapshot.settings).map {
            AuditFinding(.configDrift, nil, $0.description)
        }
    }
}

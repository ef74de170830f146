import Store

/// Plans the step for each address that live pods report.
struct AdoptionPlanner {
    let snapshot: NetworkSnapshot
    let rangeSets: [RangeSet]
    let cluster: String?
    let now: Timestamp

    private(set) var steps: [AdoptionStep] = []
    private(set) var obstacles: [String] = []
    private(set) var recorded = 0
    /// Live pods with an interface whose address is not known.
    private(set) var silent: [Pod] = []

    /// The interface whose addresses Kubernetes reports.
    private static let ifname = try? InterfaceName("eth0")

    private let attachments: [IPAddress: [Tenancy]]
    /// Containers that have an attachment, readable or not.
    private let attached: Set<String>

    init(snapshot: NetworkSnapshot, rangeSets: [RangeSet], cluster: String?, now: Timestamp) {
        self.snapshot = snapshot
        self.rangeSets = rangeSets
        self.cluster = cluster
        self.now = now
        var attachments: [IPAddress: [Tenancy]] = [:]
        var attached = Set(snapshot.tenancies.map(\.containerID))
        for held in snapshot.tenancies {
            for address in held.addresses { attachments[address, default: []].append(held) }
        }
        let keys = Keyspace(snapshot.network)
        for case .damaged(let key, _) in snapshot.problems {
            if let reference = keys.attachmentReference(of: key) { attached.insert(reference.containerID.text) }
        }
        self.attachments = attachments
        self.attached = attached
    }

    mutating func plan(_ pods: [Pod]) {
        var reporters: [IPAddress: [Pod]] = [:]
        // Additional interfaces of Multus are not in a pod's status.
        for pod in pods where pod.isLive {
            for address in Set(pod.addresses + pod.networkStatusAddresses) where isOurs(address) {
                reporters[address, default: []].append(pod)
            }
        }
        // The addresses of containers without an attachment, each with the only pod that reports it.
        var unattached: [String: [(address: IPAddress, pod: Pod, used: Record)]] = [:]
        for (address, pods) in reporters.sorted(by: { $0.key < $1.key }) {
            // The status in Kubernetes takes precedence over annotations, which tenants can write.
            let reporting = pods.filter { $0.addresses.contains(address) }
            let pods = (reporting.isEmpty ? pods : reporting).sorted { $0.phrase < $1.phrase }
            guard let pod = pods.first else { continue }
            if pods.count > 1 {
                let others = pods.dropFirst().map(\.phrase).joined(separator: " and ")
                conflict(address, pod, "\(others) also \(pods.count == 2 ? "has" : "have") it")
                continue
            }
            let isByAnnotation = !pod.addresses.contains(address)
            guard let used = snapshot.used[address] else {
                planUnused(address, pod, isByAnnotation: isByAnnotation)
                continue
            }
            if let held = attachments[address]?.first(where: { $0.containerID == used.value }) {
                planHeld(address, pod, held)
            } else if attached.contains(used.value) {
                conflict(address, pod, "the attachment of its container \(used.value) does not contain it")
            } else if isByAnnotation {
                // If it were recorded for this pod and the annotation is wrong, it would be freed with the pod.
                obstacles.append(
                    "\(address) is held by container \(used.value) without an attachment, and \(pod.phrase) reports it only "
                        + "in \(Pod.networkStatus): if the network has no Go nodes, a DEL may not find it")
            } else {
                unattached[used.value, default: []].append((address, pod, used))
            }
        }
        for (container, found) in unattached { planRecord(container, found) }
        for (address, used) in snapshot.used.sorted(by: { $0.key < $1.key }) {
            let isHeld = attachments[address]?.contains { $0.containerID == used.value } ?? false
            if !isHeld, reporters[address] == nil {
                obstacles.append(
                    "\(address) is held by container \(used.value) without an attachment, and no pod reports it: if the "
                        + "network has no Go nodes, a DEL may not find it")
            }
        }
        silent = snapshot.silentPods(among: pods)
        for pod in silent { planSilent(pod) }
    }

    /// A pod that cannot be read may have any address.
    mutating func note(_ unreadable: [UnreadableObject]) {
        obstacles += unreadable.map { "\($0); its addresses are not known" }
    }

    /// The Go plugin does not record fixed addresses. The pod may have the address that it requests by annotation on an
    /// interface that reports no address.
    private mutating func planSilent(_ pod: Pod) {
        for address in Self.namedForGo(by: pod) where isOurs(address) {
            if pod.addresses.contains(address) || pod.networkStatusAddresses.contains(address) { continue }
            let isRecorded =
                attachments[address]?.contains { $0.holder.uid.map(pod.isMeant) ?? false } ?? false
            guard !isRecorded else { continue }
            obstacles.append(
                "\(address) is requested by annotation kube-ipam.ip of \(pod.phrase), which may have it on an interface that "
                    + "reports no address")
        }
    }

    /// The addresses in the annotation `kube-ipam.ip`, the only one that the Go plugin reads.
    private static func namedForGo(by pod: Pod) -> [IPAddress] {
        let words = pod.annotations["kube-ipam.ip"]?.split { ", \t\n".contains($0) } ?? []
        return words.compactMap { try? IPAddress(String($0)) }
    }

    private func isOurs(_ address: IPAddress) -> Bool {
        rangeSets.contains { $0.range(containing: address) != nil }
    }

    private mutating func conflict(_ address: IPAddress, _ pod: Pod, _ reason: String) {
        steps.append(AdoptionStep([address], pod, .conflict(reason: reason)))
        obstacles.append("\(address) of \(pod.phrase): \(reason)")
    }

    /// An address whose used key and attachment agree.
    private mutating func planHeld(_ address: IPAddress, _ pod: Pod, _ held: Tenancy) {
        let holder = held.holder
        // A holder without UID and name counts as this pod.
        if holder.uid.map(pod.isMeant) ?? (holder.name == nil || holder.isCalled(pod.reference)) {
            recorded += 1
        } else {
            conflict(address, pod, "it is recorded for \(held.phrase)")
        }
    }

    /// A container that the Go plugin recorded.
    private mutating func planRecord(
        _ container: String, _ found: [(address: IPAddress, pod: Pod, used: Record)]
    ) {
        guard let pod = found.first?.pod, found.allSatisfy({ $0.pod == pod }) else {
            for (address, pod, _) in found {
                conflict(address, pod, "other pods report other addresses of its container \(container)")
            }
            return
        }
        guard let ifname = Self.ifname, let containerID = try? ContainerID(container) else {
            for (address, pod, _) in found {
                conflict(
                    address, pod,
                    "the value of its used key, \(JSONValue.string(container).serialized()), is not a valid container ID"
                )
            }
            return
        }
        var holder = Holder(pod: pod.reference, uid: pod.staticUID ?? pod.uid, node: pod.node, cluster: cluster)
        holder.owner = Holder.Owner(of: pod)
        steps.append(
            AdoptionStep(
                found.map(\.address), pod, .record(AttachmentReference(containerID: containerID, ifname: ifname)),
                attachment: Attachment(addresses: found.map(\.address), holder: holder, since: now, isFixed: false),
                used: found.map(\.used)))
    }

    /// An address without a used key.
    private mutating func planUnused(_ address: IPAddress, _ pod: Pod, isByAnnotation: Bool) {
        if let held = attachments[address]?.first {
            return conflict(address, pod, "the attachment of \(held.phrase) has it without a used key")
        }
        // Tenants can write the annotation. It reserves no address that the Go plugin cannot have given without recording it: an
        // address of the dynamic range that the pod does not request, or an address that no pod can have.
        if isByAnnotation, snapshot.reservations[address] == nil, !Self.namedForGo(by: pod).contains(address),
            rangeSets.contains(where: { $0.dynamicSpace.contains(address) })
                || rangeSets.contains(where: { $0.range(containing: address)?.isWithheld(address) == true })
        {
            return
        }
        // Nor does it give its pod the address: an address that is reserved for a namespace must be requested.
        let fence = isByAnnotation ? ReservationHolder.namespace(pod.reference.namespace) : pod.reservationHolder
        if let known = snapshot.reservations[address]?.reservation {
            if known.isExpired(at: now) {
                return conflict(address, pod, "it is not recorded, and its reservation has expired")
            }
            guard known.holder.admits(pod.reference, of: pod.workload) else {
                return conflict(address, pod, "it is not recorded, and it is reserved for \(known.holder.phrase)")
            }
            recorded += 1
            note(address, pod, reservedFor: known.holder)
            return
        }
        if pod.isTerminating {
            // The address may just have been freed, and a reservation would remain after the pod is gone.
            obstacles.append("\(address) of \(pod.phrase): it is not recorded, and the pod is being deleted")
            return
        }
        guard snapshot.usedNow[address] == nil else { return }
        steps.append(AdoptionStep([address], pod, .fence(fence)))
        note(address, pod, reservedFor: fence)
    }

    /// With a reservation but without a used key, another pod of the same holder can get the address. As long as the network
    /// may have Go nodes, an ADD asks Kubernetes whether a pod has the address.
    private mutating func note(_ address: IPAddress, _ pod: Pod, reservedFor holder: ReservationHolder) {
        guard holder != .pod(pod.reference) else { return }
        obstacles.append(
            "\(address) of \(pod.phrase) is reserved for \(holder.phrase) and has no used key: if the network has no Go nodes, "
                + "no ADD checks whether a pod still has it, and another pod could get it")
    }
}

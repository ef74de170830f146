import Store

/// Goes through the addresses that live pods report, one by one.
struct AdoptionPlanner {
    let snapshot: NetworkSnapshot
    let rangeSets: [RangeSet]
    let cluster: String?
    let now: Timestamp

    private(set) var steps: [AdoptionStep] = []
    private(set) var obstacles: [String] = []
    private(set) var recorded = 0
    /// Pods with interfaces of which nobody sees the address.
    private(set) var silent: [Pod] = []

    /// The interface that Kubernetes reports: a pod's first one.
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
        // Multus' further interfaces are not in a pod's status.
        for pod in pods where pod.isLive {
            for address in Set(pod.addresses + pod.networkStatusAddresses) where isOurs(address) {
                reporters[address, default: []].append(pod)
            }
        }
        // The addresses of containers without an attachment, each with the one pod that reports it.
        var unattached: [String: [(address: IPAddress, pod: Pod, used: Record)]] = [:]
        for (address, pods) in reporters.sorted(by: { $0.key < $1.key }) {
            // What a tenant writes into an annotation does not contradict what Kubernetes reports.
            let reporting = pods.filter { $0.addresses.contains(address) }
            let pods = (reporting.isEmpty ? pods : reporting).sorted { $0.phrase < $1.phrase }
            guard let pod = pods.first else { continue }
            if pods.count > 1 {
                let others = pods.dropFirst().map(\.phrase).joined(separator: " and ")
                conflict(address, pod, "\(others) \(pods.count == 2 ? "has" : "have") it, too")
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
                conflict(address, pod, "its container \(used.value) has an attachment that does not tell of it")
            } else if isByAnnotation {
                // To record it for a pod that only says so would free it with that pod.
                obstacles.append(
                    "\(address) is held by container \(used.value) without an attachment, and \(pod.phrase) reports it only "
                        + "by its \(Pod.networkStatus): without Go nodes a DEL may not find it")
            } else {
                unattached[used.value, default: []].append((address, pod, used))
            }
        }
        for (container, found) in unattached { planRecord(container, found) }
        for (address, used) in snapshot.used.sorted(by: { $0.key < $1.key }) {
            let isHeld = attachments[address]?.contains { $0.containerID == used.value } ?? false
            if !isHeld, reporters[address] == nil {
                obstacles.append(
                    "\(address) is held by container \(used.value) without an attachment, and no pod reports it: without Go "
                        + "nodes a DEL may not find it")
            }
        }
        silent = snapshot.silentPods(among: pods)
        for pod in silent { planSilent(pod) }
    }

    /// What nobody can read may have any address, recorded or not.
    mutating func note(_ unreadable: [UnreadableObject]) {
        obstacles += unreadable.map { "\($0): what it has cannot be told" }
    }

    /// The Go plugin records no fixed address, and takes it from one annotation only: what a pod asks for there it may have
    /// on an interface that reports nothing.
    private mutating func planSilent(_ pod: Pod) {
        // The Go plugin reads the unqualified annotation alone, whatever stands beside it.
        for address in Self.namedForGo(by: pod) where isOurs(address) {
            if pod.addresses.contains(address) || pod.networkStatusAddresses.contains(address) { continue }
            let isRecorded =
                attachments[address]?.contains { $0.holder.uid.map(pod.isMeant) ?? false } ?? false
            guard !isRecorded else { continue }
            obstacles.append(
                "\(address) is what \(pod.phrase) asks for by kube-ipam.ip, and it may have it on an interface that reports no "
                    + "address")
        }
    }

    /// The addresses that the annotation `kube-ipam.ip` names.
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
        // What names no pod is not another's.
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
                    "its used key is \(JSONValue.string(container).serialized()), which is no container ID")
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
        // An annotation that tenants can write reserves no address that the Go plugin cannot have given unrecorded: one of the
        // dynamic range, unless the pod asks for it, or one that no pod can have.
        if isByAnnotation, snapshot.reservations[address] == nil, !Self.namedForGo(by: pod).contains(address),
            rangeSets.contains(where: { $0.dynamicSpace.contains(address) })
                || rangeSets.contains(where: { $0.range(containing: address)?.role(of: address) != nil })
        {
            return
        }
        // Nor does it get its pod an address: a reservation for a namespace is never given unasked.
        let fence = isByAnnotation ? ReservationHolder.namespace(pod.reference.namespace) : pod.reservationHolder
        if let known = snapshot.reservations[address]?.reservation {
            if known.isExpired(at: now) {
                return conflict(address, pod, "nobody recorded it, and its reservation is over")
            }
            guard known.holder.admits(pod.reference, of: pod.workload) else {
                return conflict(address, pod, "nobody recorded it, and it is reserved for \(known.holder.phrase)")
            }
            recorded += 1
            note(address, pod, reservedFor: known.holder)
            return
        }
        if pod.isTerminating {
            // It may have been freed a moment ago; a reservation would outlast the pod.
            obstacles.append("\(address) of \(pod.phrase): nobody recorded it, and the pod is being deleted")
            return
        }
        guard snapshot.usedNow[address] == nil else { return }
        steps.append(AdoptionStep([address], pod, .fence(fence)))
        note(address, pod, reservedFor: fence)
    }

    /// A reservation alone keeps off all pods but those that it is for; among these may be another one. As long as Go nodes
    /// are taken into account, Kubernetes is asked who has the address.
    private mutating func note(_ address: IPAddress, _ pod: Pod, reservedFor holder: ReservationHolder) {
        guard holder != .pod(pod.reference) else { return }
        obstacles.append(
            "\(address) of \(pod.phrase) is reserved for \(holder.phrase) and has no used key: without Go nodes nobody would "
                + "look whether a pod still has it, and another one could get it")
    }
}

/// Judges a network's holders by an audit's evidence, and knows which addresses live pods have.
struct AuditJudge {
    /// The verdict on a holder.
    enum Judgement: Hashable {
        /// The holder has its addresses; it may be about to go.
        case live
        /// The same pod has a newer sandbox there.
        case superseded(by: String, SupersededProof)
        /// The holder is gone; if it only appears to be gone, a second check must confirm it.
        case gone(String, mustBeConfirmed: Bool)
        /// Its node is unknown to Kubernetes, and no cluster is recorded.
        case nodeGone(String)
        /// Its pod is gone, and its network namespace still exists on the machine where the audit runs.
        case leftBehind(netns: String)
        /// The holder is on another node than the one that judges alone.
        case outOfSight
        case unverifiable(UnverifiableReason)
    }

    /// The proof that the older of a pod's two sandboxes is gone.
    enum SupersededProof: Hashable {
        /// Its node shows it.
        case proven
        /// Both were recorded on one node, where a pod has one sandbox at a time: a second check must confirm it.
        case sameNode
        /// The older one's network namespace still exists on the machine where the audit runs.
        case contradicted(netns: String)
        case none
    }

    /// Live pods by the addresses that they, or Multus for them, report: none of these is ever freed.
    let reporters: [IPAddress: [Pod]]
    /// The containers of addresses that live pods report.
    let reportedContainers: Set<String>
    /// Pods and nodes as Kubernetes has listed them; empty if a node judges by itself.
    let cluster: ClusterSnapshot
    /// Whether pods of another cluster certainly are recorded on the network.
    let hasForeigners: Bool

    /// What this node shows, if it judges by itself, and the runtime's result cache.
    private let local: (evidence: LocalEvidence, cached: [NodeSnapshot.Cached])?
    /// The addresses of pods that cannot be read.
    private let unreadableAddresses: Set<IPAddress>
    private let podsByReference: [PodReference: Pod]
    private let podsByUID: [String: Pod]
    private let nodes: [String: Node]
    /// Whether a node that is not listed is absent. False if Kubernetes knows no recorded node by its name, or lists one
    /// whose name cannot be read.
    private let provesAbsence: Bool
    /// The names under which holders of live pods are recorded: such a node is not absent, but has another name in
    /// Kubernetes.
    private let livingNodes: Set<String>
    /// Many holders of this cluster are recorded, and Kubernetes knows none of their pods: it is another cluster.
    private let isStranger: Bool
    /// The newest sandbox of each pod and interface.
    private let newest: [String: Tenancy]
    /// Whether pods are recorded on the network that are, or may be, of another cluster.
    private let isShared: Bool
    /// Live pods with interfaces whose addresses nobody reports, while nodes may run the Go plugin, which records no pod.
    private let silentPods: [Pod]

    init(_ snapshot: NetworkSnapshot, _ evidence: AuditEvidence) {
        let tenancies = snapshot.tenancies
        let cluster: ClusterSnapshot
        switch evidence {
        case .kubernetes(let seen): (cluster, local) = (seen, nil)
        case .node(let seen):
            cluster = ClusterSnapshot(cluster: nil, pods: [], nodes: [])
            local = (LocalEvidence(seen.view, among: tenancies), seen.cached)
        }
        self.cluster = cluster
        let unreadableAddresses = Set(cluster.unreadable.flatMap(\.addresses))
        self.unreadableAddresses = unreadableAddresses
        podsByReference = Dictionary(cluster.pods.map { ($0.reference, $0) }) { first, _ in first }
        let byUID = Dictionary(
            cluster.pods.map { ($0.uid, $0) } + cluster.pods.compactMap { pod in pod.staticUID.map { ($0, pod) } }
        ) { first, _ in first }
        podsByUID = byUID
        let nodes = Dictionary(cluster.nodes.map { ($0.name, $0) }) { first, _ in first }
        self.nodes = nodes
        provesAbsence =
            tenancies.contains { $0.holder.node.map { nodes[$0] != nil } ?? false }
            && cluster.unreadable.allSatisfy { $0.kind != .node || $0.isIdentified }
        var reporters: [IPAddress: [Pod]] = [:]
        for pod in cluster.pods where pod.isLive {
            for address in Set(pod.addresses + pod.networkStatusAddresses) {
                reporters[address, default: []].append(pod)
            }
        }
        self.reporters = reporters
        reportedContainers = Set(
            unreadableAddresses.union(reporters.keys).compactMap { snapshot.used[$0]?.value })
        func isAlive(_ holder: Holder) -> Bool { holder.uid.map { byUID[$0]?.isLive ?? false } ?? false }
        livingNodes = Set(tenancies.lazy.filter { isAlive($0.holder) }.compactMap(\.holder.node))
        let own = tenancies.filter {
            $0.holder.uid != nil && $0.holder.cluster != nil && $0.holder.cluster == cluster.cluster
        }
        isStranger =
            own.count >= Self.strangerCount
            && !own.contains { held in
                isAlive(held.holder) || cluster.unreadable.contains { $0.mayBePod(of: held.holder) }
                    || held.addresses.contains { reporters[$0] != nil || unreadableAddresses.contains($0) }
            }
        hasForeigners = tenancies.contains { $0.holder.foreignness(to: cluster.cluster) != nil }
        // A pod that was recorded without its cluster, and is not alive here, may be another cluster's.
        isShared =
            hasForeigners || cluster.cluster == nil
            || tenancies.contains { $0.holder.cluster == nil && $0.holder.pod != nil && !isAlive($0.holder) }
        silentPods = snapshot.silentPods(among: cluster.pods)
        var newest: [String: Tenancy] = [:]
        for held in tenancies {
            guard let key = Self.sandboxKey(held) else { continue }
            if let other = newest[key], (other.record?.created ?? 0) >= (held.record?.created ?? 0) { continue }
            newest[key] = held
        }
        self.newest = newest
    }

    /// So many holders whose pods are all unknown are no coincidence.
    private static let strangerCount = 10

    /// The pod and the interface of a sandbox.
    private static func sandboxKey(_ held: Tenancy) -> String? {
        let holder = held.holder
        return holder.uid.map { "\($0)/\(holder.pod?.description ?? "")/\(held.ifname?.text ?? "")" }
    }

    /// Whether a live pod reports the address, or a pod that cannot be read.
    func isReported(_ address: IPAddress) -> Bool {
        reporters[address] != nil || unreadableAddresses.contains(address)
    }

    /// A message for each pod and node that cannot be read.
    var warnings: [String] {
        let pods = cluster.pods.filter { $0.isLive && !$0.unreadableAddresses.isEmpty }
        return pods.sorted { $0.phrase < $1.phrase }.map { pod in
            let texts = pod.unreadableAddresses.map { $0.quotedForPeople }.joined(separator: ", ")
            return "Kubernetes reports an address of pod \(pod.phrase) that is none: \(texts)"
        } + cluster.unreadable.map(\.description).sorted()
    }

    /// Whether the holder's own pod is alive. A node that judges by itself does not know pods: there, every holder is.
    func isLive(_ held: Tenancy) -> Bool {
        local != nil || held.holder.uid.map { podsByUID[$0]?.isLive ?? false } ?? false
    }

    /// The holder's own pod as Kubernetes has it; nil if it has none, or was not asked.
    func pod(of holder: Holder) -> Pod? {
        holder.uid.flatMap { podsByUID[$0] }.flatMap { $0.reference == holder.pod ? $0 : nil }
    }

    // MARK: Judging

    func judge(_ held: Tenancy) -> Judgement {
        // Reported addresses are never freed, whatever other evidence says.
        if held.addresses.contains(where: isReported) { return .live }
        return local.map { judge(held, by: $0.evidence, $0.cached) } ?? judgeByKubernetes(held)
    }

    private func judgeByKubernetes(_ held: Tenancy) -> Judgement {
        let holder = held.holder
        // A runtime beside Kubernetes, perhaps on a machine that is no node.
        guard holder.pod != nil || holder.uid != nil else { return .unverifiable(.noPod) }
        // A static pod's UID may be set in its manifest, and be the same on every node; then only the names differ.
        if let uid = holder.uid, let pod = podsByUID[uid], pod.isLive, pod.uid == uid || pod.reference == holder.pod {
            return newerSandbox(held).map { .superseded(by: $0.containerID, supersededProof(held, $0)) } ?? .live
        }
        if cluster.unreadable.contains(where: { $0.mayBePod(of: holder) }) { return .live }
        if let reason = holder.foreignness(to: cluster.cluster) { return .unverifiable(reason) }
        if isStranger { return .unverifiable(.unknownPods) }
        guard cluster.unreadable.allSatisfy({ $0.kind != .pod || $0.isIdentified }) else {
            return .unverifiable(.unreadablePod)
        }
        let pod = holder.uid.flatMap { uid in
            holder.pod.map { HolderEvidence.PodState(podsByReference[$0], uid: uid) }
        }
        let evidence = HolderEvidence(
            holder: holder, pod: pod ?? .unavailable, node: nodeState(holder.node, of: pod ?? .unavailable))
        guard holder.cluster != nil else {
            guard evidence.node == .absent, let name = holder.node, leftBehind(held) == nil else {
                return .unverifiable(.noCluster)
            }
            return .nodeGone("its node \(name) is not in this cluster, and \(UnverifiableReason.noCluster)")
        }
        switch try? evidence.verdict() {
        case .live, .passing: return .live
        case .gone(let evidence): return leftBehind(held) ?? .gone(evidence.description, mustBeConfirmed: false)
        case .seenGone(let clause): return leftBehind(held) ?? .gone(clause, mustBeConfirmed: true)
        case .unverifiable(let reason): return .unverifiable(reason)
        case nil: return .unverifiable(.noKubernetes)
        }
    }

    private func nodeState(_ name: String?, of pod: HolderEvidence.PodState) -> HolderEvidence.NodeState {
        guard let name else { return .unknown }
        if let node = nodes[name] { return HolderEvidence.NodeState(node, of: pod) }
        return provesAbsence && !livingNodes.contains(name) ? .absent : .unknown
    }

    /// A holder whose pod is gone, if it was recorded on this machine and its network namespace exists: the kernel still
    /// answers for its addresses.
    private func leftBehind(_ held: Tenancy) -> Judgement? {
        cluster.local?.namespace(of: held).map { .leftBehind(netns: $0) }
    }

    /// A commit inside a frozen etcd may land after later ones: the newer sandbox must also be newer by its time.
    private func supersededProof(_ held: Tenancy, _ newer: Tenancy) -> SupersededProof {
        if let netns = cluster.local?.namespace(of: held) { return .contradicted(netns: netns) }
        let (holder, other) = (held.holder, newer.holder)
        guard holder.node != nil, holder.node == other.node, holder.machine == other.machine,
            let since = held.since, let later = newer.since, since <= later
        else { return .none }
        return .sameNode
    }

    private func judge(_ held: Tenancy, by node: LocalEvidence, _ cached: [NodeSnapshot.Cached]) -> Judgement {
        switch node.evidence(on: held) {
        case nil: return .outOfSight
        case .gone(let clause):
            return newerSandbox(held).map { .superseded(by: $0.containerID, .proven) }
                ?? .gone(clause, mustBeConfirmed: false)
        case .present: return .live
        case .unproven(.clonedMachine): return .unverifiable(.clonedMachine)
        case .unproven(let reason):
            // What the runtime has attached is alive until more is known; it may know the container by other interfaces.
            let isCached = cached.contains { entry in
                entry.attachment.containerID.text == held.containerID
                    || entry.addresses.contains(where: held.addresses.contains)
            }
            return isCached ? .live : .unverifiable(reason)
        }
    }

    private func newerSandbox(_ held: Tenancy) -> Tenancy? {
        guard let key = Self.sandboxKey(held), let newer = newest[key], newer.reference != held.reference else {
            return nil
        }
        return newer
    }

    // MARK: What nobody sees

    /// Why an address that no attachment has, and no live pod reports, may be in use all the same, as a clause; nil if
    /// nothing suggests it.
    var doubt: String? {
        var clauses: [String] = []
        if !silentPods.isEmpty { clauses.append(silentPods.silencePhrase) }
        let pods = cluster.unreadable.filter { $0.kind == .pod }.map(\.phrase).sorted()
        if let first = pods.first {
            clauses.append(
                "Kubernetes lists \(first)" + (pods.count > 1 ? " and \(pods.count - 1) more" : "")
                    + " in a way that cannot be read")
        }
        if isShared { clauses.append(Self.sharing) }
        return clauses.isEmpty ? nil : clauses.joined(separator: ", and ")
    }

    private static let sharing = "pods that are not certainly of this cluster are recorded on the network"

    // MARK: Reservations

    /// Why a reservation that `auto` made, or that the audit made of an untracked address, has no pod any more, and
    /// whether that is certain; nil if it has one. A reservation does not name the cluster of its pods.
    func orphaned(_ reservation: Reservation) -> (message: String, isCertain: Bool)? {
        guard local == nil, reservation.by == Reservation.automaticAuthor || reservation.isOfUntrackedAddress else {
            return nil
        }
        let whom: String
        switch reservation.holder {
        case .pod(let reference):
            guard podsByReference[reference] == nil, !mayHaveUnreadablePod(in: reference.namespace) else { return nil }
            whom = "pod \(reference)"
        case .workload(let namespace, let kind, let name):
            let workload = Workload(kind: kind, name: name)
            let has = cluster.pods.contains { $0.reference.namespace == namespace && $0.workload == workload }
            guard !has, !mayHaveUnreadablePod(in: namespace) else { return nil }
            whom = "pod of \(namespace)/\(workload)"
        case .anyone, .namespace, .nobody, .unreadable: return nil
        }
        let message = "Kubernetes has no \(whom) any more"
        return isShared ? ("\(message); but \(Self.sharing)", false) : (message, true)
    }

    private func mayHaveUnreadablePod(in namespace: Namespace) -> Bool {
        cluster.unreadable.contains { $0.kind == .pod && ($0.namespace == nil || $0.namespace == namespace.text) }
    }
}

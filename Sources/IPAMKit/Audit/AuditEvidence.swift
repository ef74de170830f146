/// What an audit's witness has seen, indexed for the judge.
struct AuditEvidence {
    /// What is thought of a holder.
    enum Judgement: Hashable {
        case live
        /// About to go by itself.
        case passing
        /// The same pod has a newer sandbox there.
        case superseded(by: String, SupersededProof)
        /// Gone; to be confirmed by a second look where it is only seen so.
        case gone(String, mustBeConfirmed: Bool)
        case nodeGone(String)
        /// Its pod is gone, and its network namespace is still there, on the machine where the audit runs.
        case leftBehind(netns: String)
        /// On another node than the one that judges by itself.
        case outOfSight
        case unverifiable(Unjudged)
    }

    /// How sure it is that the older one of a pod's two sandboxes is gone.
    enum SupersededProof: Hashable {
        /// Its node shows it.
        case proven
        /// Both were recorded on one node, where a pod has one sandbox at a time: to be confirmed by a second look.
        case sameNode
        /// The older one's network namespace is still there, on the machine where the audit runs.
        case contradicted(netns: String)
        case none
    }

    /// Live pods by the addresses that they, or Multus for them, report: none of these is ever freed.
    let reporters: [IPAddress: [Pod]]
    /// Live pods by `status.podIPs` alone.
    let podAddresses: [IPAddress: [Pod]]
    let podCount: Int
    /// The containers of addresses that live pods report.
    let reportedContainers: Set<String>
    /// Kubernetes' nodes.
    let nodeList: [Node]
    /// Pods and nodes that cannot be read: nothing that one of them may hold is free.
    private let unreadable: [UnreadableObject]
    private let unreadableAddresses: Set<IPAddress>
    /// Live pods with an address that cannot be read.
    private let unreadablePods: [Pod]

    private let snapshot: NetworkSnapshot
    private let witness: AuditWitness
    private let podsByReference: [PodReference: Pod]
    private let podsByUID: [String: Pod]
    private let nodes: [String: Node]
    /// False where no recorded node is known to Kubernetes by its name: then absence says nothing.
    private let knowsNodes: Bool
    /// The names under which holders of live pods are recorded: such a node is not absent, but has another name there.
    private let livingNodes: Set<String>
    /// Many holders of this cluster are recorded, and Kubernetes knows none of their pods: it is another one.
    private let isStranger: Bool
    /// The names of this node of which a container's namespace can be seen; in a container none: then absence says nothing.
    private let visibleNodes: Set<String>
    /// Another machine has this one's name and ID: then a former boot says nothing.
    private let hasClone: Bool
    /// The newest sandbox of each pod and interface.
    private let newest: [String: Tenancy]
    /// Whether other clusters' pods, or those of which that cannot be told, are recorded on the network.
    private let isShared: Bool
    /// Whether another cluster's pods certainly are.
    let hasForeigners: Bool
    /// Live pods with interfaces of which nobody sees the address, while nodes may run the Go plugin, which records no
    /// pod.
    private let silentPods: [Pod]
    private let cached: Set<AttachmentReference>
    private let cachedContainers: Set<String>
    private let cachedAddresses: Set<IPAddress>

    init(_ snapshot: NetworkSnapshot, _ witness: AuditWitness) {
        self.snapshot = snapshot
        self.witness = witness
        var pods: [Pod] = []
        var known: [Node] = []
        var cache: [NodeSnapshot.Cached] = []
        switch witness {
        case .kubernetes(let seen):
            pods = seen.pods
            known = seen.nodes
            unreadable = seen.unreadable
        case .node(let seen):
            cache = seen.cached
            unreadable = []
        }
        nodeList = known
        let unreadableAddresses = Set(unreadable.flatMap(\.addresses))
        self.unreadableAddresses = unreadableAddresses
        unreadablePods = pods.filter { $0.isLive && !$0.unreadableAddresses.isEmpty }
        podCount = pods.count
        podsByReference = Dictionary(pods.map { ($0.reference, $0) }) { first, _ in first }
        var byUID = Dictionary(pods.map { ($0.uid, $0) }) { first, _ in first }
        for pod in pods {
            if let uid = pod.staticUID { byUID[uid] = byUID[uid] ?? pod }
        }
        podsByUID = byUID
        let nodes = Dictionary(known.map { ($0.name, $0) }) { first, _ in first }
        self.nodes = nodes
        knowsNodes = snapshot.tenancies.contains { $0.holder.node.map { nodes[$0] != nil } ?? false }
        var reporters: [IPAddress: [Pod]] = [:]
        var podAddresses: [IPAddress: [Pod]] = [:]
        for pod in pods where pod.isLive {
            for address in Set(pod.addresses) { podAddresses[address, default: []].append(pod) }
            for address in Set(pod.addresses + pod.networkStatusAddresses) {
                reporters[address, default: []].append(pod)
            }
        }
        self.reporters = reporters
        self.podAddresses = podAddresses
        reportedContainers = Set(
            unreadableAddresses.union(reporters.keys).compactMap { snapshot.used[$0]?.value })
        var livingNodes: Set<String> = []
        var mine = 0
        var isKnown = false
        for held in snapshot.tenancies {
            let holder = held.holder
            let isLive = holder.uid.map { byUID[$0]?.isLive ?? false } ?? false
            if isLive, let node = holder.node { livingNodes.insert(node) }
            guard case .kubernetes(let seen) = witness, holder.uid != nil, holder.cluster != nil,
                holder.cluster == seen.cluster
            else { continue }
            mine += 1
            isKnown =
                isKnown || isLive || unreadable.contains { $0.mayBePod(of: holder) }
                || held.addresses.contains { reporters[$0] != nil || unreadableAddresses.contains($0) }
        }
        if case .kubernetes(let seen) = witness {
            hasForeigners = snapshot.tenancies.contains {
                $0.holder.foreignness(to: seen.cluster) != nil
            }
            // A pod that was recorded without its cluster, and is not alive here, may be another's.
            isShared =
                hasForeigners || seen.cluster == nil
                || snapshot.tenancies.contains { held in
                    let holder = held.holder
                    return holder.cluster == nil && holder.pod != nil
                        && !(holder.uid.map { byUID[$0]?.isLive ?? false } ?? false)
                }
        } else {
            (isShared, hasForeigners) = (false, false)
        }
        silentPods = snapshot.silentPods(among: pods)
        self.livingNodes = livingNodes
        isStranger = mine >= Self.strangerCount && !isKnown
        switch witness {
        case .kubernetes: (visibleNodes, hasClone) = ([], false)
        case .node(let seen):
            visibleNodes = seen.view.visibleNodes(among: snapshot.tenancies)
            hasClone = seen.view.hasClone(among: snapshot.tenancies)
        }
        var newest: [String: Tenancy] = [:]
        for held in snapshot.tenancies {
            guard let key = Self.sandboxKey(held) else { continue }
            if let other = newest[key], (other.record?.created ?? 0) >= (held.record?.created ?? 0) { continue }
            newest[key] = held
        }
        self.newest = newest
        cached = Set(cache.map(\.attachment))
        cachedContainers = Set(cache.map(\.attachment.containerID.text))
        cachedAddresses = Set(cache.flatMap(\.addresses))
    }

    /// So many holders whose pods are all unknown are no coincidence.
    private static let strangerCount = 10

    /// The pod and the interface of a sandbox.
    private static func sandboxKey(_ held: Tenancy) -> String? {
        let holder = held.holder
        return holder.uid.map { "\($0)/\(holder.pod?.description ?? "")/\(held.ifname?.text ?? "")" }
    }

    /// Whether a live pod reports the address, or one that cannot be read.
    func isReported(_ address: IPAddress) -> Bool {
        reporters[address] != nil || unreadableAddresses.contains(address)
    }

    /// What could not be read, each as a sentence.
    var warnings: [String] {
        unreadablePods.sorted { $0.phrase < $1.phrase }.map { pod in
            let texts = pod.unreadableAddresses.map { $0.quotedForPeople }.joined(separator: ", ")
            return "Kubernetes reports an address of pod \(pod.phrase) that is none: \(texts)"
        } + unreadable.map(\.description).sorted()
    }

    /// Whether the holder's own pod is alive.
    func isLive(_ held: Tenancy) -> Bool {
        if case .node = witness { return true }
        return held.holder.uid.map { podsByUID[$0]?.isLive ?? false } ?? false
    }

    /// The holder's own pod as Kubernetes has it; nil where it has none, or was not asked.
    func pod(of holder: Holder) -> Pod? {
        holder.uid.flatMap { podsByUID[$0] }.flatMap { $0.reference == holder.pod ? $0 : nil }
    }

    // MARK: Judging

    func judge(_ held: Tenancy) -> Judgement {
        // Whatever else disagrees.
        if held.addresses.contains(where: isReported) { return .live }
        switch witness {
        case .kubernetes(let seen): return judge(held, by: seen)
        case .node(let seen): return judge(held, by: seen)
        }
    }

    private func judge(_ held: Tenancy, by seen: ClusterSnapshot) -> Judgement {
        let holder = held.holder
        // A runtime beside Kubernetes, perhaps on a machine that is no node.
        guard holder.pod != nil || holder.uid != nil else {
            return .unverifiable(.noPod)
        }
        // A static pod's UID may stand in its manifest, and be the same on every node, where only the names differ.
        if let uid = holder.uid, let pod = podsByUID[uid], pod.isLive, pod.uid == uid || pod.reference == holder.pod {
            if let newer = newerSandbox(held) {
                return .superseded(by: newer.containerID, supersededProof(held, newer, seen.local))
            }
            return pod.isTerminating ? .passing : .live
        }
        if unreadable.contains(where: { $0.mayBePod(of: holder) }) { return .live }
        if let reason = holder.foreignness(to: seen.cluster) {
            return .unverifiable(.foreign(reason, knowsCluster: seen.cluster != nil))
        }
        guard !isStranger else { return .unverifiable(.stranger) }
        guard unreadable.allSatisfy({ $0.kind != .pod || $0.isIdentified }) else {
            return .unverifiable(.unreadablePod)
        }
        guard holder.cluster != nil else {
            if let name = holder.node, nodes[name] == nil, knowsNodes, knowsAllNodes, !livingNodes.contains(name),
                leftBehind(held, seen.local) == nil
            {
                return .nodeGone("its node \(name) is not in this cluster, and no cluster is recorded for it")
            }
            return .unverifiable(.noCluster)
        }
        guard let uid = holder.uid, let reference = holder.pod else {
            return .unverifiable(.noUID)
        }
        var state = holder.node.map { HolderVerdict.NodeState(nodes[$0]) }
        if state == .absent, !knowsNodes || !knowsAllNodes || livingNodes.contains(holder.node ?? "") { state = nil }
        switch HolderVerdict.elsewhere(uid, pod: podsByReference[reference], node: state, named: holder.node) {
        case .live: return .live
        case .passing: return .passing
        case .gone(let evidence):
            return leftBehind(held, seen.local) ?? .gone(evidence.description, mustBeConfirmed: false)
        case .seenGone(let sentence): return leftBehind(held, seen.local) ?? .gone(sentence, mustBeConfirmed: true)
        case .unverifiable(let reason): return .unverifiable(.byItsNode(reason))
        }
    }

    /// False where a node cannot be read, not even its name.
    private var knowsAllNodes: Bool { unreadable.allSatisfy { $0.kind != .node || $0.isIdentified } }

    /// A holder whose pod is gone, if it was recorded on this machine and its network namespace is there: the kernel still
    /// answers for its addresses.
    private func leftBehind(_ held: Tenancy, _ local: NodeView?) -> Judgement? {
        guard let local, local.shows(held), let netns = held.holder.netns else { return nil }
        return .leftBehind(netns: netns)
    }

    /// A commit inside a frozen etcd may land after later ones: the newer sandbox must be so by its time, too.
    private func supersededProof(
        _ held: Tenancy, _ newer: Tenancy, _ local: NodeView?
    ) -> SupersededProof {
        if case .leftBehind(let netns)? = leftBehind(held, local) { return .contradicted(netns: netns) }
        let (holder, other) = (held.holder, newer.holder)
        guard holder.node != nil, holder.node == other.node, holder.machine == other.machine,
            let since = held.since, let later = newer.since, since <= later
        else { return .none }
        return .sameNode
    }

    private func judge(_ held: Tenancy, by seen: NodeSnapshot) -> Judgement {
        let holder = held.holder
        let place = seen.view.identity.certainPlace(of: holder, since: held.since)
        guard place != .elsewhere else { return .outOfSight }
        guard place == .here || !hasClone else {
            return .unverifiable(.clone)
        }
        let isVisible = holder.node.map(visibleNodes.contains) ?? false
        switch seen.view.evidence(on: holder, at: place, seesNamespaces: isVisible) {
        case .gone(let reason):
            if let newer = newerSandbox(held) { return .superseded(by: newer.containerID, .proven) }
            return .gone(reason, mustBeConfirmed: false)
        case .present: return .live
        // What the runtime believes to be attached is alive until more is known; it may know the container by other
        // interfaces.
        case .unproven(let reason):
            return isCached(held) ? .live : .unverifiable(.unproven(reason, hasNamespace: holder.netns != nil))
        }
    }

    private func isCached(_ held: Tenancy) -> Bool {
        held.reference.map(cached.contains) ?? false || cachedContainers.contains(held.containerID)
            || held.addresses.contains(where: cachedAddresses.contains)
    }

    private func newerSandbox(_ held: Tenancy) -> Tenancy? {
        guard let key = Self.sandboxKey(held), let newer = newest[key], newer.reference != held.reference else {
            return nil
        }
        return newer
    }

    // MARK: What nobody sees

    /// Why an address that no attachment has, and no live pod reports, may be in use all the same, as a clause; nil where
    /// nothing hints at it.
    var doubt: String? {
        var clauses: [String] = []
        if !silentPods.isEmpty { clauses.append(silentPods.silencePhrase) }
        let pods = unreadable.filter { $0.kind == .pod }.map(\.phrase).sorted()
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

    /// Why a reservation that `auto` made has nobody any more, and whether that is certain; nil where it has. A
    /// reservation does not tell of which cluster its pods are.
    func orphaned(_ reservation: Reservation) -> (sentence: String, isCertain: Bool)? {
        guard case .kubernetes(let seen) = witness, reservation.by == Reservation.automaticAuthor else { return nil }
        let whom: String
        switch reservation.holder {
        case .pod(let reference):
            guard podsByReference[reference] == nil, !mayHaveUnreadablePod(in: reference.namespace) else { return nil }
            whom = "pod \(reference)"
        case .workload(let namespace, let kind, let name):
            let workload = Workload(kind: kind, name: name)
            let has = seen.pods.contains { $0.reference.namespace == namespace && $0.workload == workload }
            guard !has, !mayHaveUnreadablePod(in: namespace) else { return nil }
            whom = "pod of \(namespace)/\(workload)"
        case .anyone, .namespace, .unreadable: return nil
        }
        let sentence = "Kubernetes has no \(whom) any more"
        return isShared ? ("\(sentence); but \(Self.sharing)", false) : (sentence, true)
    }

    private func mayHaveUnreadablePod(in namespace: Namespace) -> Bool {
        unreadable.contains { $0.kind == .pod && ($0.namespace == nil || $0.namespace == namespace.text) }
    }
}

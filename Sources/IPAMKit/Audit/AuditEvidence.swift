/// What an audit's witness has seen, indexed for the judge.
struct AuditEvidence {
    /// What is thought of a holder.
    enum Judgement: Hashable {
        case live
        /// About to go by itself.
        case passing
        /// The same pod has a newer sandbox there; proven when this node shows that the older one is gone.
        case superseded(by: ContainerID, isProven: Bool)
        /// Gone; to be confirmed by a second look where it is only seen so.
        case gone(String, mustBeConfirmed: Bool)
        case nodeGone(String)
        /// On another node than the one that judges by itself.
        case outOfSight
        case unverifiable(String)
    }

    /// Live pods by the addresses that they, or Multus for them, report: none of these is ever freed.
    let reporters: [IPAddress: [Pod]]
    /// Live pods by `status.podIPs` alone.
    let podAddresses: [IPAddress: [Pod]]
    let podCount: Int
    /// The containers of addresses that live pods report.
    let reportedContainers: Set<String>

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
    /// False where nothing of this node's containers is to be seen, as in a container: then absence says nothing.
    private let seesNamespaces: Bool
    /// The newest sandbox of each pod and interface.
    private let newest: [String: AttachmentReference]
    /// Whether other clusters' pods, or those of which that cannot be told, are recorded on the network.
    private let isShared: Bool
    /// Live pods with interfaces of which nobody sees the address, while nodes may run the Go plugin, which records no
    /// pod.
    private let silentPods: [Pod]
    private let cached: Set<AttachmentReference>
    private let cachedContainers: Set<ContainerID>
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
        case .node(let seen): cache = seen.cached
        }
        podCount = pods.count
        podsByReference = Dictionary(pods.map { ($0.reference, $0) }) { first, _ in first }
        var byUID = Dictionary(pods.map { ($0.uid, $0) }) { first, _ in first }
        for pod in pods {
            if let hash = pod.annotations["kubernetes.io/config.hash"] { byUID[hash] = byUID[hash] ?? pod }
        }
        podsByUID = byUID
        let nodes = Dictionary(known.map { ($0.name, $0) }) { first, _ in first }
        self.nodes = nodes
        knowsNodes = snapshot.attachments.contains { $0.attachment.holder.node.map { nodes[$0] != nil } ?? false }
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
        reportedContainers = Set(reporters.keys.compactMap { snapshot.used[$0]?.value })
        var livingNodes: Set<String> = []
        var mine = 0
        var isKnown = false
        var seesNamespaces = false
        for held in snapshot.attachments {
            let holder = held.attachment.holder
            let isLive = holder.uid.map { byUID[$0]?.isLive ?? false } ?? false
            if isLive, let node = holder.node { livingNodes.insert(node) }
            switch witness {
            case .kubernetes(let seen):
                guard holder.uid != nil, holder.cluster != nil, holder.cluster == seen.cluster else { continue }
                mine += 1
                isKnown = isKnown || isLive || held.attachment.addresses.contains { reporters[$0] != nil }
            case .node(let seen):
                guard seen.identity.certainlyIsWhere(holder), let netns = holder.netns else { continue }
                seesNamespaces = seesNamespaces || seen.namespaceExists(netns)
            }
        }
        if case .kubernetes(let seen) = witness {
            isShared = snapshot.attachments.contains { $0.attachment.holder.foreignness(to: seen.cluster) != nil }
        } else {
            isShared = false
        }
        silentPods = snapshot.silentPods(among: pods)
        self.livingNodes = livingNodes
        isStranger = mine >= Self.strangerCount && !isKnown
        self.seesNamespaces = seesNamespaces || !cache.isEmpty
        var newest: [String: NetworkSnapshot.Held] = [:]
        for held in snapshot.attachments {
            guard let key = Self.sandboxKey(held) else { continue }
            if let other = newest[key], other.record.created >= held.record.created { continue }
            newest[key] = held
        }
        self.newest = newest.mapValues(\.reference)
        cached = Set(cache.map(\.attachment))
        cachedContainers = Set(cache.map(\.attachment.containerID))
        cachedAddresses = Set(cache.flatMap(\.addresses))
    }

    /// So many holders whose pods are all unknown are no coincidence.
    private static let strangerCount = 10

    /// The pod and the interface of a sandbox.
    private static func sandboxKey(_ held: NetworkSnapshot.Held) -> String? {
        let holder = held.attachment.holder
        return holder.uid.map { "\($0)/\(holder.pod?.description ?? "")/\(held.reference.ifname)" }
    }

    /// Whether the holder's own pod is alive.
    func isLive(_ held: NetworkSnapshot.Held) -> Bool {
        if case .node = witness { return true }
        return held.attachment.holder.uid.map { podsByUID[$0]?.isLive ?? false } ?? false
    }

    // MARK: Judging

    func judge(_ held: NetworkSnapshot.Held) -> Judgement {
        // Whatever else disagrees.
        if held.attachment.addresses.contains(where: { reporters[$0] != nil }) { return .live }
        switch witness {
        case .kubernetes(let seen): return judge(held, by: seen)
        case .node(let seen): return judge(held, by: seen)
        }
    }

    private func judge(_ held: NetworkSnapshot.Held, by seen: ClusterSnapshot) -> Judgement {
        let holder = held.attachment.holder
        if let uid = holder.uid, let pod = podsByUID[uid], pod.isLive {
            if let newer = newerSandbox(held) { return .superseded(by: newer, isProven: false) }
            return pod.isTerminating ? .passing : .live
        }
        if let reason = holder.foreignness(to: seen.cluster) { return .unverifiable(reason) }
        guard !isStranger else { return .unverifiable("Kubernetes knows none of the pods recorded for this cluster") }
        guard holder.cluster != nil else {
            if let name = holder.node, nodes[name] == nil, knowsNodes, !livingNodes.contains(name) {
                return .nodeGone("its node \(name) is not in this cluster, and no cluster is recorded for it")
            }
            return .unverifiable("no cluster is recorded for it")
        }
        guard let uid = holder.uid, let reference = holder.pod else {
            return .unverifiable("no pod UID is recorded for it")
        }
        var state = holder.node.map { HolderVerdict.NodeState(nodes[$0]) }
        if state == .absent, !knowsNodes || livingNodes.contains(holder.node ?? "") { state = nil }
        switch HolderVerdict.elsewhere(uid, pod: podsByReference[reference], node: state, named: holder.node) {
        case .live: return .live
        case .passing: return .passing
        case .gone(let evidence): return .gone(evidence.description, mustBeConfirmed: false)
        case .seenGone(let sentence): return .gone(sentence, mustBeConfirmed: true)
        case .unverifiable(let reason): return .unverifiable(reason)
        }
    }

    private func judge(_ held: NetworkSnapshot.Held, by seen: NodeSnapshot) -> Judgement {
        let holder = held.attachment.holder
        guard seen.identity.certainlyIsWhere(holder) else { return .outOfSight }
        // What the runtime believes to be attached is not freed, and it may know the container by other interfaces.
        let isCached =
            cached.contains(held.reference) || cachedContainers.contains(held.reference.containerID)
            || held.attachment.addresses.contains(where: cachedAddresses.contains)
        let verdict = HolderVerdict.onItsNode(
            holder, node: seen.identity, namespaceExists: seen.namespaceExists)
        switch verdict {
        case .gone(let evidence):
            guard !isCached else { return .live }
            let isFormerBoot = seen.identity.boot != nil && holder.boot != nil && holder.boot != seen.identity.boot
            guard isFormerBoot || seesNamespaces else {
                return .unverifiable("none of this node's network namespaces is to be seen from here")
            }
            if let newer = newerSandbox(held) { return .superseded(by: newer, isProven: true) }
            return .gone(evidence.description, mustBeConfirmed: false)
        case .live, .passing: return .live
        case .seenGone, .unverifiable, nil: return .unverifiable("this node cannot tell")
        }
    }

    private func newerSandbox(_ held: NetworkSnapshot.Held) -> ContainerID? {
        guard let key = Self.sandboxKey(held), let newer = newest[key], newer != held.reference else { return nil }
        return newer.containerID
    }

    // MARK: What nobody sees

    /// Why an address that no attachment has, and no live pod reports, may be in use all the same, as a clause; nil where
    /// nothing hints at it.
    var doubt: String? {
        var clauses: [String] = []
        if !silentPods.isEmpty { clauses.append(silentPods.silencePhrase) }
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
            guard podsByReference[reference] == nil else { return nil }
            whom = "pod \(reference)"
        case .workload(let namespace, let kind, let name):
            let workload = Workload(kind: kind, name: name)
            let has = seen.pods.contains { $0.reference.namespace == namespace && $0.workload == workload }
            guard !has else { return nil }
            whom = "pod of \(namespace)/\(workload)"
        case .anyone, .namespace, .unreadable: return nil
        }
        let sentence = "Kubernetes has no \(whom) any more"
        return isShared ? ("\(sentence); but \(Self.sharing)", false) : (sentence, true)
    }
}

/// What can be seen of an address's holder from this machine: its own network namespaces, and Kubernetes.
public struct Observer: Sendable {
    /// This machine.
    public let node: NodeIdentity?
    /// Kubernetes; nil where there is none.
    public let pods: (any PodSource)?
    /// Whether a path is a mounted network namespace now.
    public let namespaceExists: @Sendable (String) -> Bool
    /// Asks Kubernetes which cluster this is now; nil where the configuration says it, or there is no Kubernetes.
    public let identify: Identify?
    /// The time of this machine: when a holder is looked at may be long after an operation began.
    public let now: @Sendable () -> Timestamp

    /// Takes the deadline.
    public typealias Identify =
        @Sendable (ContinuousClock.Instant) async throws(PodSourceError) -> ClusterIdentity

    public init(
        node: NodeIdentity, pods: (any PodSource)?, identify: Identify? = nil,
        namespaceExists: @escaping @Sendable (String) -> Bool, now: @escaping @Sendable () -> Timestamp
    ) {
        self.node = node
        self.pods = pods
        self.identify = identify
        self.namespaceExists = namespaceExists
        self.now = now
    }

    /// An observer that sees nothing: no holder is ever found gone.
    public init() {
        node = nil
        pods = nil
        identify = nil
        namespaceExists = { _ in true }
        now = { Timestamp(seconds: 0) }
    }

    /// Judges the holder of an address that `claimant` asks for. Kubernetes is asked only where this node does not tell.
    ///
    /// - Throws: ``PodSourceError`` when Kubernetes could not be asked.
    func verdict(on holder: Holder, for claimant: Holder, deadline: ContinuousClock.Instant)
        async throws(PodSourceError) -> HolderVerdict
    {
        var cluster = claimant.cluster
        if cluster == nil, holder.cluster != nil,
            case .known(let now) = try await self.cluster(of: claimant, deadline).get()
        {
            cluster = now
        }
        let isOfOtherCluster = cluster != nil && holder.foreignness(to: cluster) != nil
        if !isOfOtherCluster, let verdict = onThisNode(holder, for: claimant) {
            guard case .gone(let evidence) = verdict, !holder.isOfSamePod(as: claimant), let uid = holder.uid,
                let reference = holder.pod, holder.cluster != nil, let pods
            else { return verdict }
            // A namespace may be out of sight from here, and a pod outlives its node's reboot: another pod does not get the
            // address of one that Kubernetes has.
            guard let pod = try await pods.pod(reference, deadline: deadline), pod.isMeant(byUID: uid), !pod.isTerminal
            else { return verdict }
            return pod.isTerminating
                ? .passing("its pod is being deleted") : .live("its pod is alive, although \(evidence)")
        }
        guard let uid = holder.uid, let reference = holder.pod else {
            return .unverifiable("no pod UID is recorded for it")
        }
        if let reason = holder.foreignness(to: cluster), isOfOtherCluster { return .unverifiable(reason) }
        guard holder.cluster != nil else { return .unverifiable("no cluster is recorded for it") }
        guard let pods else { return .unverifiable("no kubeconfig says where to look its pod up") }
        // Its namespace is out of sight; no DEL of it will come when its node is another machine by now.
        if holder.isOfSamePod(as: claimant), holder.node == claimant.node {
            return .seenGone("it is a former sandbox of this very pod")
        }
        // What a node remembers may be the identity of a former cluster at the same address.
        async let asked = self.cluster(of: claimant, deadline)
        let pod = try await pods.pod(reference, deadline: deadline)
        switch try await asked.get() {
        case .withheld(let reason): return .unverifiable("nothing says which cluster this is: \(reason)")
        case .known(let now): if let reason = holder.foreignness(to: now) { return .unverifiable(reason) }
        }
        guard pod?.isMeant(byUID: uid) != true || pod?.isTerminal == true, let name = holder.node else {
            return .elsewhere(uid, pod: pod, node: nil, named: holder.node)
        }
        let state = HolderVerdict.NodeState(try await pods.node(name, deadline: deadline))
        // An absent node frees at once: nodes must be known here by the names that Kubernetes has for them.
        // Also by the name that this one goes by where its runtime passes the annotations, as the holder's may have done.
        if state == .absent {
            var names: [String] = []
            for own in [claimant.node, node?.name].compactMap({ $0 }) where !names.contains(own) { names.append(own) }
            for own in names where try await pods.node(own, deadline: deadline) == nil {
                return .unverifiable(
                    "its node \(name) is unknown to Kubernetes, and so is this one as \(own): set ipam.nodeName")
            }
        }
        return .elsewhere(uid, pod: pod, node: state, named: name)
    }

    /// Which cluster this is now: as the configuration says, else as Kubernetes does.
    private func cluster(of claimant: Holder, _ deadline: ContinuousClock.Instant)
        async -> Result<ClusterIdentity, PodSourceError>
    {
        guard let identify else {
            return .success(claimant.cluster.map(ClusterIdentity.known) ?? .withheld("set ipam.cluster"))
        }
        do throws(PodSourceError) {
            return .success(try await identify(deadline))
        } catch {
            return .failure(error)
        }
    }

    /// By what this node shows, if the holder is, or was, on it.
    func onThisNode(_ holder: Holder, for claimant: Holder) -> HolderVerdict? {
        guard var node else { return nil }
        // Kubernetes' own name of this node, where the pod was looked up.
        if let name = claimant.node { node.name = name }
        // A pod never moves to another node: an earlier sandbox of this very pod was here, whatever the names.
        guard holder.isOfSamePod(as: claimant) || node.isWhere(holder) else { return nil }
        // A plugin that does not even see the namespace that it was called for sees none of the node's.
        let isBlind = claimant.netns == nil
        return HolderVerdict.onItsNode(
            holder, node: node, namespaceExists: { path in isBlind || namespaceExists(path) })
    }
}

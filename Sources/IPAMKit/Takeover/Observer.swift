/// What can be seen of an address's holder from this machine: its own network namespaces, and Kubernetes.
public struct Observer: Sendable {
    /// This machine; nil where nothing of it is to be seen.
    public let node: NodeView?
    /// Kubernetes; nil where there is none.
    public let pods: (any PodSource)?
    /// Asks Kubernetes which cluster this is now; nil where the configuration says it, or there is no Kubernetes.
    public let identify: Identify?
    /// The time of this machine: when a holder is looked at may be long after an operation began.
    public let now: @Sendable () -> Timestamp

    /// Takes the deadline.
    public typealias Identify =
        @Sendable (ContinuousClock.Instant) async throws(PodSourceError) -> ClusterIdentity

    public init(
        node: NodeView, pods: (any PodSource)?, identify: Identify? = nil, now: @escaping @Sendable () -> Timestamp
    ) {
        self.node = node
        self.pods = pods
        self.identify = identify
        self.now = now
    }

    /// An observer that sees nothing: no holder is ever found gone.
    public init() {
        node = nil
        pods = nil
        identify = nil
        now = { Timestamp(seconds: 0) }
    }

    /// Judges the holder of an address that `claimant` asks for. Kubernetes is asked only where this node does not tell.
    ///
    /// - Parameter since: when the holder was recorded.
    /// - Throws: ``PodSourceError`` when Kubernetes could not be asked.
    func verdict(on holder: Holder, since: Timestamp?, for claimant: Holder, deadline: ContinuousClock.Instant)
        async throws(PodSourceError) -> HolderVerdict
    {
        var cluster = claimant.cluster
        if cluster == nil, holder.cluster != nil,
            case .known(let now) = try await self.cluster(of: claimant, deadline).get()
        {
            cluster = now
        }
        let isOfOtherCluster = cluster != nil && holder.foreignness(to: cluster) != nil
        if !isOfOtherCluster || node?.identity.isSameBoot(as: holder) == true {
            switch evidence(on: holder, since: since, for: claimant) {
            case .gone(let reason): return try await verdict(onGone: holder, reason, for: claimant, deadline: deadline)
            case .present(let netns):
                return await verdict(
                    onPresent: holder, netns, for: claimant, isOfOtherCluster: isOfOtherCluster, deadline: deadline)
            case .unproven, nil: break
            }
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
        guard let name = holder.node else { return .elsewhere(uid, pod: pod, node: nil, named: nil) }
        if let pod, pod.isMeant(byUID: uid), !pod.isTerminal {
            // The pod alone says that it is there; its node only, whether it goes by itself.
            let node = pod.isTerminating ? try? await pods.node(name, deadline: deadline) : nil
            return .elsewhere(
                uid, pod: pod, node: node.map(HolderVerdict.NodeState.init(ofTerminatingPod:)), named: name)
        }
        let state = HolderVerdict.NodeState(try await pods.node(name, deadline: deadline))
        // An absent node frees at once: nodes must be known here by the names that Kubernetes has for them.
        // Also by the name that this one goes by where its runtime passes the annotations, as the holder's may have done.
        if state == .absent {
            var names: [String] = []
            for own in [claimant.node, node?.identity.name].compactMap({ $0 }) where !names.contains(own) {
                names.append(own)
            }
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

    // MARK: A holder on this node

    /// What this node shows of `holder`, if it is, or was, on it.
    func evidence(on holder: Holder, since: Timestamp?, for claimant: Holder) -> NodeEvidence? {
        guard var node else { return nil }
        let names = [node.identity.name, claimant.node]
        // Kubernetes' own name of this node, where the pod was looked up.
        if let name = claimant.node { node.identity.name = name }
        var place = node.identity.place(of: holder, since: since)
        if place == .elsewhere {
            // A pod never moves to another node: an earlier sandbox of this very pod was here, whatever the names.
            guard holder.isOfSamePod(as: claimant) else { return nil }
            let boot = node.identity.boot
            place = boot != nil && holder.boot != nil && holder.boot != boot ? .formerBoot : .here
        }
        // A plugin that does not even see the namespace that it was called for sees none of the node's; and what it sees is
        // of this node alone, see ``NodeView/visibleNodes(among:)``.
        let isOfThisNode = holder.isOfSamePod(as: claimant) || names.contains(holder.node)
        return node.evidence(on: holder, at: place, seesNamespaces: claimant.netns != nil && isOfThisNode)
    }

    /// A namespace may be out of sight from here, and a pod outlives its node's reboot: another pod does not get the address
    /// of one that Kubernetes has.
    private func verdict(
        onGone holder: Holder, _ reason: String, for claimant: Holder, deadline: ContinuousClock.Instant
    ) async throws(PodSourceError) -> HolderVerdict {
        let gone = HolderVerdict.gone(.proven(reason))
        guard !holder.isOfSamePod(as: claimant), let uid = holder.uid, let reference = holder.pod,
            holder.cluster != nil, let pods,
            let pod = try await pods.pod(reference, deadline: deadline), pod.isMeant(byUID: uid), !pod.isTerminal
        else { return gone }
        return pod.isTerminating
            ? .passing("its pod is being deleted") : .live("its pod is alive, although \(reason)")
    }

    /// The kernel answers for the address as long as the namespace is there: it is never taken, whatever became of its pod.
    private func verdict(
        onPresent holder: Holder, _ netns: String, for claimant: Holder, isOfOtherCluster: Bool,
        deadline: ContinuousClock.Instant
    ) async -> HolderVerdict {
        let there = "its network namespace \(netns) still exists"
        let remedy = ReleaseRemedy.removeSandbox(netns: netns, node: holder.node ?? node?.identity.name)
        if holder.isOfSamePod(as: claimant) { return .passing(there, remedy: remedy) }
        guard let uid = holder.uid, let reference = holder.pod, holder.cluster != nil, let pods else {
            // Nobody can be asked whether it is to go. What is no pod is not deleted by a controller that makes another one.
            return .passing(there, remedy: remedy, isWaitedFor: holder.pod != nil)
        }
        let pod: Pod?
        do throws(PodSourceError) {
            pod = try await pods.pod(reference, deadline: deadline)
        } catch {
            return .passing("\(there), and its pod could not be looked up: \(error)", remedy: remedy)
        }
        if let pod, pod.isMeant(byUID: uid) {
            if pod.isTerminal { return .passing("its pod has ended, and \(there)", remedy: remedy) }
            return pod.isTerminating ? .passing("its pod is being deleted") : .live("its pod is alive")
        }
        // This Kubernetes says nothing of another cluster's pods.
        if isOfOtherCluster { return .passing("it is of another Kubernetes cluster, and \(there)", isWaitedFor: false) }
        return .passing("its pod is gone, but \(there)", remedy: remedy)
    }
}

/// Gathers what an ADD needs to know about the holder of an address: from this machine's network namespaces, and from
/// Kubernetes.
public struct Observer: Sendable {
    /// This machine; nil if nothing can be seen of it.
    public let node: NodeView?
    /// Kubernetes; nil if there is none.
    public let pods: (any PodSource)?
    /// Asks Kubernetes which cluster this is now; nil if the configuration says it, or there is no Kubernetes.
    public let identify: Identify?
    /// The time of this machine: a holder may be judged long after an operation began.
    public let now: @Sendable () -> Timestamp

    /// Takes the deadline.
    public typealias Identify =
        @Sendable (ContinuousClock.Instant) async throws(PodSourceError) -> ClusterIdentity

    /// An observer on `node`. One without parameters sees nothing: no holder is ever found gone.
    public init(
        node: NodeView? = nil, pods: (any PodSource)? = nil, identify: Identify? = nil,
        now: @escaping @Sendable () -> Timestamp = { Timestamp(seconds: 0) }
    ) {
        self.node = node
        self.pods = pods
        self.identify = identify
        self.now = now
    }

    /// Judges the holder of an address that `claimant` asks for. Kubernetes is asked only what the verdict depends on.
    ///
    /// - Parameter since: when the holder was recorded.
    /// - Throws: ``PodSourceError`` if Kubernetes could not be asked.
    func verdict(on holder: Holder, since: Timestamp?, for claimant: Holder, deadline: ContinuousClock.Instant)
        async throws(PodSourceError) -> HolderVerdict
    {
        var evidence = await evidence(on: holder, since: since, for: claimant, deadline)
        while true {
            do throws(HolderEvidence.Missing) {
                return try evidence.verdict()
            } catch {
                switch error {
                case .pod: evidence.pod = await pod(of: holder, deadline)
                case .podAndCluster:
                    // What a node remembers may be the identity of a former cluster at the same address.
                    async let cluster = cluster(of: claimant, deadline)
                    evidence.pod = await pod(of: holder, deadline)
                    if case .failed(let error) = evidence.pod { throw error }
                    switch try await cluster.get() {
                    case .known(let now): evidence.obstacle = holder.foreignness(to: now)
                    case .withheld(let reason): evidence.obstacle = .clusterWithheld(reason)
                    }
                case .node: try await addNode(to: &evidence, for: claimant, deadline)
                case .failed(let error): throw error
                }
            }
        }
    }

    /// What is known before Kubernetes is asked for the holder's pod.
    private func evidence(
        on holder: Holder, since: Timestamp?, for claimant: Holder, _ deadline: ContinuousClock.Instant
    ) async -> HolderEvidence {
        var cluster = claimant.cluster
        var failure: PodSourceError?
        // What a node remembers may be the identity of a former cluster at the same address: if it makes the holder a
        // foreign one, Kubernetes is asked.
        if holder.cluster != nil, holder.cluster != cluster, identify != nil {
            switch await self.cluster(of: claimant, deadline) {
            case .success(.known(let now)): cluster = now
            case .success(.withheld): break
            case .failure(let error): failure = error
            }
        }
        // Without its cluster, a pod's UID and name prove nothing: static pods of two clusters may share both.
        let isSameCluster = cluster != nil && holder.cluster == cluster
        let isSamePod = holder.isOfSamePod(as: claimant)
        let canAsk = pods != nil && holder.uid != nil && holder.pod != nil
        return HolderEvidence(
            holder: holder,
            shown: evidence(on: holder, since: since, for: claimant, mayBeSamePod: isSameCluster),
            machine: node?.identity, isSamePod: isSamePod,
            isFormerSandbox: isSameCluster && isSamePod && holder.node == claimant.node,
            obstacle: cluster.flatMap { holder.foreignness(to: $0) }, clusterFailure: failure,
            pod: canAsk ? nil : .unavailable, node: holder.node == nil ? .unknown : nil)
    }

    // MARK: Kubernetes

    /// Which cluster this is now, according to the configuration, or else to Kubernetes.
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

    private func pod(of holder: Holder, _ deadline: ContinuousClock.Instant) async -> HolderEvidence.PodState {
        guard let pods, let uid = holder.uid, let reference = holder.pod else { return .unavailable }
        do throws(PodSourceError) {
            return HolderEvidence.PodState(try await pods.pod(reference, deadline: deadline), uid: uid)
        } catch {
            return .failed(error)
        }
    }

    /// Asks for the node of a holder whose pod is known.
    private func addNode(
        to evidence: inout HolderEvidence, for claimant: Holder, _ deadline: ContinuousClock.Instant
    ) async throws(PodSourceError) {
        evidence.node = .unknown
        guard let pods, let pod = evidence.pod, let name = evidence.holder.node else { return }
        do throws(PodSourceError) {
            evidence.node = .init(try await pods.node(name, deadline: deadline), of: pod)
        } catch {
            // A pod that is being deleted is there all the same.
            guard pod == .terminating else { throw error }
        }
        guard evidence.node == .absent, pod != .terminating else { return }
        // An absent node frees its addresses at once, so nodes must be known here by the names that Kubernetes has. If the
        // runtime passes the annotations, this node goes by its own name, as the holder's node may have done.
        var names: [String] = []
        for own in [claimant.node, node?.identity.name].compactMap({ $0 }) where !names.contains(own) {
            names.append(own)
        }
        for own in names where try await pods.node(own, deadline: deadline) == nil {
            evidence.obstacle = .unknownNodes(name, own: own)
            return
        }
    }

    // MARK: This node

    /// What this node shows of `holder`; nil if it was recorded on another node.
    ///
    /// - Parameter mayBeSamePod: whether both are of one cluster, so that equal UIDs are one pod's.
    func evidence(on holder: Holder, since: Timestamp?, for claimant: Holder, mayBeSamePod: Bool) -> NodeEvidence? {
        guard var node else { return nil }
        let names = [node.identity.name, claimant.node]
        // Kubernetes' own name of this node, if the pod was looked up.
        if let name = claimant.node { node.identity.name = name }
        let isSamePod = mayBeSamePod && holder.isOfSamePod(as: claimant)
        var place = node.identity.place(of: holder, since: since)
        if place == .elsewhere {
            // A pod never moves to another node: an earlier sandbox of this very pod was here, whatever the names.
            guard isSamePod else { return nil }
            let boot = node.identity.boot
            place = boot != nil && holder.boot != nil && holder.boot != boot ? .formerBoot : .here
        }
        // A plugin that does not even see the namespace that it was called for sees none of the node's; and what it sees is
        // of this node alone, see ``LocalEvidence``.
        let isOfThisNode = isSamePod || names.contains(holder.node)
        return node.evidence(on: holder, at: place, seesNamespaces: claimant.netns != nil && isOfThisNode)
    }
}

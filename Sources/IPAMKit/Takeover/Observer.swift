/// What can be seen of an address's holder from this machine: its own network namespaces, and Kubernetes.
public struct Observer: Sendable {
    /// This machine.
    public let node: NodeIdentity?
    /// Kubernetes; nil where there is none.
    public let pods: (any PodSource)?
    /// Whether a path is a mounted network namespace now.
    public let namespaceExists: @Sendable (String) -> Bool

    public init(
        node: NodeIdentity, pods: (any PodSource)?, namespaceExists: @escaping @Sendable (String) -> Bool
    ) {
        self.node = node
        self.pods = pods
        self.namespaceExists = namespaceExists
    }

    /// An observer that sees nothing: no holder is ever found gone.
    public init() {
        node = nil
        pods = nil
        namespaceExists = { _ in true }
    }

    /// Judges a holder of another container. Kubernetes is asked only where this node does not tell.
    ///
    /// - Parameters:
    ///   - holder: what was recorded.
    ///   - cluster: the cluster of who asks.
    /// - Throws: ``PodSourceError`` when Kubernetes could not be asked.
    func verdict(on holder: Holder, cluster: String?, deadline: ContinuousClock.Instant) async throws(PodSourceError)
        -> HolderVerdict
    {
        if let node,
            let verdict = HolderVerdict.onThisNode(holder, node: node, namespaceExists: namespaceExists)
        {
            return verdict
        }
        guard let uid = holder.uid, let reference = holder.pod else {
            return .unverifiable("no pod UID is recorded for it")
        }
        guard holder.cluster == cluster else {
            return .unverifiable(
                holder.cluster == nil ? "no cluster is recorded for it" : "it is of another Kubernetes cluster")
        }
        guard let pods else { return .unverifiable("no kubeconfig says where to look its pod up") }
        let pod = try await pods.pod(reference, deadline: deadline)
        guard pod?.isMeant(byUID: uid) != true || pod?.isTerminal == true, let name = holder.node else {
            return .elsewhere(uid, pod: pod, node: nil, named: holder.node)
        }
        let state = HolderVerdict.NodeState(try await pods.node(name, deadline: deadline))
        // An absent node frees at once: nodes must be known here by the names that Kubernetes has for them.
        if state == .absent, let own = node?.name, try await pods.node(own, deadline: deadline) == nil {
            return .unverifiable(
                "its node \(name) is unknown to Kubernetes, and so is this one as \(own): set ipam.nodeName")
        }
        return .elsewhere(uid, pod: pod, node: state, named: name)
    }
}

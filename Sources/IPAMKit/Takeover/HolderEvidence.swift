/// What is known about the holder of an address, and the rules that judge the holder by it.
///
/// An ADD begins with what its own node shows, and asks Kubernetes only for what ``verdict()`` needs (``Observer``). The
/// audit passes what it has listed.
struct HolderEvidence {
    /// As recorded.
    let holder: Holder
    /// What this machine shows of the holder; nil if the holder was recorded on another machine.
    var shown: NodeEvidence?
    /// The machine that `shown` comes from.
    var machine: NodeIdentity?
    /// Whether the claimant is another sandbox of the holder's pod.
    var isSamePod = false
    /// The same, of one cluster and on one node.
    var isFormerSandbox = false
    /// Why Kubernetes cannot judge this holder: its answers may be about other pods and nodes.
    var obstacle: UnverifiableReason?
    /// Why Kubernetes could not be asked which cluster this is.
    var clusterFailure: PodSourceError?
    /// The holder's pod; nil before Kubernetes was asked.
    var pod: PodState?
    /// The holder's node; nil before Kubernetes was asked.
    var node: NodeState?

    /// The pod with the recorded name, as Kubernetes has it.
    enum PodState: Hashable {
        case alive
        /// It has a `deletionTimestamp`.
        case terminating
        /// Its phase is `Succeeded` or `Failed`.
        case ended
        case absent
        /// There is a pod with its name, but with another UID.
        case replaced
        /// Kubernetes could not be asked.
        case failed(PodSourceError)
        /// There is no Kubernetes, or the pod's name or UID is not recorded.
        case unavailable

        /// - Parameters:
        ///   - pod: the pod that has the holder's name now.
        ///   - uid: the recorded UID.
        init(_ pod: Pod?, uid: String) {
            if let pod, pod.isMeant(byUID: uid) {
                self = pod.isTerminal ? .ended : pod.isTerminating ? .terminating : .alive
            } else {
                self = pod == nil ? .absent : .replaced
            }
        }

        /// A clause about the holder.
        var phrase: String {
            switch self {
            case .alive: "its pod is alive"
            case .terminating: "its pod is being deleted"
            case .ended: "its pod has ended"
            case .absent: "its pod is gone"
            case .replaced: "\(Self.absent.phrase) (there is another one of that name)"
            case .failed(let error): "its pod could not be looked up: \(error)"
            case .unavailable: UnverifiableReason.noKubernetes.description
            }
        }
    }

    /// The holder's node, as Kubernetes has it. The raw value is a clause about the node.
    enum NodeState: String {
        case absent = "is no longer in the cluster"
        case notReady = "is not ready"
        /// It has the taint `node.kubernetes.io/out-of-service`.
        case outOfService = "is out of service"
        case ready = "is ready"
        /// No node is recorded, or nothing is known about it.
        case unknown = "is not known"

        /// A node that is ready ends a pod that is being deleted, whatever the node's taints, and until then the pod may
        /// serve: Kubernetes' own garbage collection of pods has the same rule.
        init(_ node: Node?, of pod: PodState) {
            self =
                switch node {
                case nil: .absent
                case let node? where node.isReady && (pod == .terminating || !node.isOutOfService): .ready
                case let node?: node.isOutOfService ? .outOfService : .notReady
                }
        }
    }

    /// What Kubernetes has to be asked before the holder can be judged.
    enum Missing: Error, Hashable {
        case pod
        /// The pod, and at the same time which cluster this is now.
        case podAndCluster
        case node
        /// It was asked, and could not answer.
        case failed(PodSourceError)
    }
}

extension HolderEvidence {
    /// Judges the holder.
    ///
    /// | its node shows | its pod | its node in Kubernetes | verdict |
    /// |---|---|---|---|
    /// | gone | alive | | live: the namespace may be out of sight, and a pod outlives a reboot of its node |
    /// | gone | being deleted | | passing |
    /// | gone | ended, gone, or the claimant's own; or there is no Kubernetes | | gone |
    /// | its network namespace | alive | | live |
    /// | its network namespace | gone, and another cluster is recorded | | live |
    /// | its network namespace | any other | | passing: the kernel still answers for the address |
    /// | nothing | alive | | live |
    /// | nothing | being deleted | out of service and not ready | gone: an operator says that nothing runs there |
    /// | nothing | being deleted | not ready | passing, not waited for |
    /// | nothing | being deleted | any other | passing: its kubelet ends it |
    /// | nothing | gone | absent, not ready or out of service | gone: the control plane says so |
    /// | nothing | gone | ready or unknown | seen gone: its kubelet may still be stopping it |
    /// | nothing | ended | any | seen gone |
    /// | nothing | the claimant's own, on the claimant's node | | seen gone: no DEL may come for it |
    /// | nothing | no UID, no pod, no cluster or another cluster is recorded; or there is no Kubernetes | | unverifiable |
    ///
    /// If another cluster is recorded, its node proves only that it is there, and only on the machine and in the boot that
    /// are recorded.
    ///
    /// - Throws: ``Missing``, if the verdict depends on an answer of Kubernetes that is not there yet.
    func verdict() throws(Missing) -> HolderVerdict {
        let shown = shownOfThisHolder
        if shown == nil {
            if let clusterFailure { throw .failed(clusterFailure) }
            guard holder.uid != nil, holder.pod != nil else { return .unverifiable(.noUID) }
            if let obstacle { return .unverifiable(obstacle) }
            guard holder.cluster != nil else { return .unverifiable(.noCluster) }
            if isFormerSandbox, pod != .unavailable { return .seenGone("it is a former sandbox of this very pod") }
        }
        // Kubernetes has the claimant's own pod in any case, which says nothing about a former sandbox.
        guard let pod = isSamePod && shown != nil ? .unavailable : pod else {
            throw shown == nil ? .podAndCluster : .pod
        }
        let clause = shown?.phrase ?? ""
        switch (pod, shown) {
        case (.alive, .gone): return .live("\(pod.phrase), although \(clause)")
        case (.alive, _): return .live(pod.phrase)
        case (.terminating, .gone), (.terminating, .present): return .passing(pod.phrase)
        case (.ended, .gone), (.absent, .gone), (.replaced, .gone), (.unavailable, .gone): return .gone(.proven(clause))
        case (.ended, .present): return .passing("\(pod.phrase), and \(clause)", remedy: removal)
        case (.absent, .present), (.replaced, .present):
            // This Kubernetes does not know the pods of another cluster.
            if let obstacle { return .live("\(obstacle), and \(clause)") }
            return .passing("\(PodState.absent.phrase), but \(clause)", remedy: removal)
        case (.failed, .present): return .passing("\(clause), and \(pod.phrase)", remedy: removal)
        case (.failed(let error), _): throw .failed(error)
        case (.unavailable, .present):
            // No controller deletes what is not a pod in order to replace it.
            guard holder.pod != nil || isSamePod else { return .passing(clause, isWaitedFor: false) }
            return .passing(clause, remedy: removal)
        case (.unavailable, _): return .unverifiable(.noKubernetes)
        case (.terminating, _), (.ended, _), (.absent, _), (.replaced, _): return try verdict(byNodeOf: pod)
        }
    }

    /// What its node shows, unless it may be about another cluster's holder.
    private var shownOfThisHolder: NodeEvidence? {
        switch shown {
        case .gone where obstacle == nil && (clusterFailure == nil || isSamePod): shown
        case .present where obstacle == nil || machine?.isSameBoot(as: holder) == true: shown
        case .gone, .present, .unproven, nil: nil
        }
    }

    private var removal: ReleaseRemedy? {
        holder.netns.map { .removeSandbox(netns: $0, node: holder.node ?? machine?.name) }
    }

    /// The verdict on a holder whose pod is not, or will not be, in Kubernetes, and whose own node shows nothing.
    private func verdict(byNodeOf pod: PodState) throws(Missing) -> HolderVerdict {
        guard let node else { throw .node }
        let place = "its node" + (holder.node.map { " \($0)" } ?? "")
        let isGone = pod == .absent || pod == .replaced
        switch node {
        case .outOfService where pod != .ended, .absent where isGone, .notReady where isGone:
            return .gone(.asserted("\(pod.phrase) and \(place) \(node.rawValue)"))
        case .notReady where pod == .terminating:
            let remedy = holder.node.flatMap { name in holder.pod.map { ReleaseRemedy.declareNodeDown(name, pod: $0) } }
            return .passing("\(pod.phrase), and \(place) \(node.rawValue)", remedy: remedy, isWaitedFor: false)
        case .absent, .notReady, .outOfService, .ready, .unknown:
            return pod == .terminating
                ? .passing(pod.phrase) : .seenGone("\(pod.phrase), but \(place) may still be stopping it")
        }
    }
}

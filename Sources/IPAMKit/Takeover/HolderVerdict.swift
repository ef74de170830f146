/// Whether whoever holds an address is gone: the rules by which a takeover and the audit judge, each on what it has seen.
///
/// | the holder | evidence | verdict |
/// |---|---|---|
/// | on this node | ``NodeEvidence/gone(_:)``, and Kubernetes does not have its pod, or the claimant is that very pod | gone |
/// | on this node | ``NodeEvidence/present(_:)``, and Kubernetes has its pod | live; passing when it is being deleted |
/// | on this node | ``NodeEvidence/present(_:)``, and Kubernetes does not have its pod, or cannot be asked | passing |
/// | elsewhere, its pod is in Kubernetes and not terminal | | live; passing when it is being deleted |
/// | elsewhere, its pod is being deleted, its node not ready and out of service | an operator says that nothing runs there | gone |
/// | elsewhere, its pod is gone, its node absent, not ready or out of service | the control plane says so | gone |
/// | elsewhere, its pod is gone or terminal, its node ready | its kubelet may still be stopping it | seen gone |
/// | no UID or no pod recorded, another cluster | | unverifiable |
///
/// Where a node proves nothing of its own holder (``NodeEvidence/unproven(_:)``), the holder is judged as one elsewhere.
public enum HolderVerdict: Hashable, Sendable {
    /// It holds the address and goes on doing so.
    case live(String)
    /// It holds the address now, and is about to go.
    ///
    /// - Parameters:
    ///   - remedy: what an operator can do when it does not go.
    ///   - isWaitedFor: false where nothing says that it goes soon.
    case passing(String, remedy: ReleaseRemedy? = nil, isWaitedFor: Bool = true)
    /// It is gone: proven by its node, or asserted by the control plane.
    case gone(Evidence)
    /// It looks gone; it counts as gone when it still does a minute later.
    case seenGone(String)
    /// Nothing that can be asked knows.
    case unverifiable(String)

    /// On what a holder counts as gone. Its text is a clause such as "its node n1 has rebooted".
    public enum Evidence: Hashable, Sendable, CustomStringConvertible {
        /// The node itself shows it.
        case proven(String)
        /// An operator or the control plane says so.
        case asserted(String)
        /// It was seen gone twice, the first time then.
        case confirmed(String, since: Timestamp)

        public var description: String {
            switch self {
            case .proven(let text), .asserted(let text): text
            case .confirmed(let text, let since): "\(text), seen twice, first at \(since)"
            }
        }
    }
}

extension HolderVerdict {
    /// What Kubernetes says of a holder's node.
    public enum NodeState: Hashable, Sendable {
        case absent
        case notReady
        case outOfService
        case ready

        public init(_ node: Node?) {
            guard let node else {
                self = .absent
                return
            }
            self = node.isOutOfService ? .outOfService : node.isReady ? .ready : .notReady
        }

        /// The same for the node of a pod that is being deleted: a node that is ready ends the pod by itself, whatever its
        /// taints, and until then the pod may serve. Kubernetes' own garbage collection of pods goes by the same rule.
        public init(ofTerminatingPod node: Node?) {
            self = node?.isReady == true ? .ready : NodeState(node)
        }
    }

    /// By what Kubernetes says of a holder that has a UID and is of this cluster.
    ///
    /// - Parameters:
    ///   - uid: the UID that was recorded.
    ///   - pod: the pod that has the holder's name now.
    ///   - node: the state of its node; asked for only when the pod is gone, terminal or being deleted. Nil where no node
    ///     was recorded, or for a pod that is being deleted, where nothing is known of it.
    public static func elsewhere(_ uid: String, pod: Pod?, node: NodeState?, named name: String?) -> HolderVerdict {
        let place = name.map { " \($0)" } ?? ""
        let isGone: Bool
        let what: String
        if let pod, pod.isMeant(byUID: uid) {
            guard pod.isTerminal else {
                return pod.isTerminating ? terminating(pod, on: node, place) : .live("its pod is alive")
            }
            isGone = false
            what = "its pod has ended"
        } else {
            isGone = true
            what = pod == nil ? "its pod is gone" : "its pod is gone (there is another one of that name)"
        }
        switch node {
        case .absent where isGone: return .gone(.asserted("\(what) and its node\(place) is no longer in the cluster"))
        case .notReady where isGone: return .gone(.asserted("\(what) and its node\(place) is not ready"))
        case .outOfService where isGone: return .gone(.asserted("\(what) and its node\(place) is out of service"))
        case .absent, .notReady, .outOfService, .ready, nil:
            return .seenGone("\(what), but its node\(place) may still be stopping it")
        }
    }

    /// A pod with a `deletionTimestamp`: its kubelet ends it, unless nothing of that node answers any more.
    private static func terminating(_ pod: Pod, on node: NodeState?, _ place: String) -> HolderVerdict {
        let what = "its pod is being deleted"
        switch node {
        case .outOfService: return .gone(.asserted("\(what) and its node\(place) is out of service"))
        case .notReady:
            return .passing(
                "\(what), and its node\(place) is not ready",
                remedy: pod.node.map { .declareNodeDown($0, pod: pod.reference) }, isWaitedFor: false)
        case .absent, .ready, nil: return .passing(what)
        }
    }
}

/// Whether whoever holds an address is gone: the rules by which a takeover and the audit judge, each on what it has seen.
///
/// | the holder | evidence | verdict |
/// |---|---|---|
/// | on this node | the boot ID differs, or the network namespace is gone | gone |
/// | on this node | the network namespace is there | passing |
/// | elsewhere, its pod is in Kubernetes and not terminal | | live; passing when it is being deleted |
/// | elsewhere, its pod is gone, its node absent, not ready or out of service | the control plane says so | gone |
/// | elsewhere, its pod is gone or terminal, its node ready | its kubelet may still be stopping it | seen gone |
/// | no UID or no pod recorded, another cluster | | unverifiable |
public enum HolderVerdict: Hashable, Sendable {
    /// It holds the address and goes on doing so.
    case live(String)
    /// It holds the address now, and is about to go.
    case passing(String)
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
    /// By what the holder's own node shows, on which this runs; nil where nothing there tells.
    public static func onItsNode(
        _ holder: Holder, node: NodeIdentity, namespaceExists: (String) -> Bool
    ) -> HolderVerdict? {
        if let boot = node.boot, let recorded = holder.boot, recorded != boot {
            return .gone(.proven("its node \(holder.node ?? node.name) has rebooted"))
        }
        guard let netns = holder.netns else { return nil }
        return namespaceExists(netns)
            ? .passing("its network namespace \(netns) is still there")
            : .gone(.proven("its network namespace \(netns) is gone"))
    }

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
    }

    /// By what Kubernetes says of a holder that has a UID and is of this cluster.
    ///
    /// - Parameters:
    ///   - uid: the UID that was recorded.
    ///   - pod: the pod that has the holder's name now.
    ///   - node: the state of its node; asked for only when the pod is gone or terminal. Nil where no node was recorded.
    public static func elsewhere(_ uid: String, pod: Pod?, node: NodeState?, named name: String?) -> HolderVerdict {
        let isGone: Bool
        let what: String
        if let pod, pod.isMeant(byUID: uid) {
            guard pod.isTerminal else {
                return pod.isTerminating ? .passing("its pod is being deleted") : .live("its pod is alive")
            }
            isGone = false
            what = "its pod has ended"
        } else {
            isGone = true
            what = pod == nil ? "its pod is gone" : "its pod is gone (there is another one of that name)"
        }
        let place = name.map { " \($0)" } ?? ""
        switch node {
        case .absent where isGone: return .gone(.asserted("\(what) and its node\(place) is no longer in the cluster"))
        case .notReady where isGone: return .gone(.asserted("\(what) and its node\(place) is not ready"))
        case .outOfService where isGone: return .gone(.asserted("\(what) and its node\(place) is out of service"))
        default: return .seenGone("\(what), but its node\(place) may still be stopping it")
        }
    }
}

extension Holder {
    /// Whether both are of one pod. Its UID alone does not tell: that of a static pod may stand in its manifest, and be
    /// the same on every node, where only the names differ.
    func isOfSamePod(as other: Holder) -> Bool {
        guard let uid, uid == other.uid else { return false }
        guard let pod, let otherPod = other.pod else { return true }
        return pod == otherPod
    }
}

/// This machine, as attachments name it.
public struct NodeIdentity: Hashable, Sendable {
    /// The name that Kubernetes has for it; where that is not known, the configured one or the host's.
    public var name: String
    /// `/proc/sys/kernel/random/boot_id`; nil where it cannot be read.
    public let boot: String?
    /// machine-id(5); nil where there is none.
    public let machine: String?

    public init(name: String, boot: String?, machine: String?) {
        self.name = name
        self.boot = boot
        self.machine = machine
    }

    /// Whether `holder` was recorded on this machine: under its name, unless the machine IDs say that it was a namesake.
    /// A boot ID alone proves nothing: nodes that are containers share their host's.
    func isWhere(_ holder: Holder) -> Bool {
        guard holder.node == name else { return false }
        guard let machine, let recorded = holder.machine else { return true }
        return machine == recorded
    }

    /// Whether `holder` certainly was recorded on this machine: also in this boot, or by the same machine.
    func certainlyIsWhere(_ holder: Holder) -> Bool {
        guard isWhere(holder) else { return false }
        if let boot, holder.boot == boot { return true }
        return machine != nil && holder.machine == machine
    }
}

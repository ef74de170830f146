import Machine

/// What a node shows of a holder that was recorded on it.
enum NodeEvidence: Hashable {
    /// The holder is gone; the text is a clause such as "its node n1 has rebooted".
    case gone(String)
    /// The holder's network namespace exists, at this path.
    case present(String)
    /// Nothing is proven.
    case unproven(UnverifiableReason)

    /// A clause about the holder.
    var phrase: String {
        switch self {
        case .gone(let clause): clause
        case .present(let netns): "its network namespace \(netns) still exists"
        case .unproven(let reason): reason.description
        }
    }
}

/// This machine, and what it shows of its own containers.
public struct NodeView: Sendable {
    /// The names and IDs by which attachments refer to it.
    public var identity: NodeIdentity
    /// Looks at a path now.
    public let namespace: @Sendable (String) -> NamespaceSight

    /// The view of a machine whose identity is known.
    public init(_ identity: NodeIdentity, namespace: @escaping @Sendable (String) -> NamespaceSight) {
        self.identity = identity
        self.namespace = namespace
    }

    /// The view of a machine.
    ///
    /// - Parameters:
    ///   - host: what the operating system says about it.
    ///   - name: the configured name of the node; nil for the host name in lower case, as the kubelet registers it.
    ///   - namespace: looks at a path now.
    public init(
        _ host: HostIdentity, named name: String?, namespace: @escaping @Sendable (String) -> NamespaceSight
    ) {
        let identity = NodeIdentity(
            name: name ?? host.name.lowercased(), boot: host.boot, machine: host.machine,
            bootedAt: host.bootTime.map(Timestamp.init(seconds:)))
        self.init(identity, namespace: namespace)
    }

    /// What this machine shows of `holder`, which was recorded on it.
    ///
    /// - Parameters:
    ///   - place: where on it; not `elsewhere`.
    ///   - seesNamespaces: false if this process sees none of the node's namespaces: then one that is absent, or another
    ///     one, proves nothing.
    func evidence(on holder: Holder, at place: NodeIdentity.Place, seesNamespaces: Bool) -> NodeEvidence {
        if place == .formerBoot { return .gone("its node \(holder.node ?? identity.name) has rebooted") }
        guard let netns = holder.netns else { return .unproven(.namespaceNotRecorded) }
        let change: String
        switch namespace(netns) {
        case .absent: change = "gone"
        case .namespace(let inode, let isOwn):
            // A path under /proc comes back with the next process of that number.
            if let recorded = holder.inode, recorded != inode {
                change = "another one now"
            } else if holder.inode == nil, isOwn {
                change = "the host's own now"
            } else {
                return .present(netns)
            }
        case .unclear: return .unproven(.notANamespace(netns))
        }
        return seesNamespaces
            ? .gone("its network namespace \(netns) is \(change)") : .unproven(.namespacesOutOfSight)
    }

    /// The path of the network namespace of a holder that certainly was recorded on this machine, if it still exists.
    func namespace(of tenancy: Tenancy) -> String? {
        guard identity.certainPlace(of: tenancy.holder, since: tenancy.since) == .here,
            case .present(let netns) = evidence(on: tenancy.holder, at: .here, seesNamespaces: false)
        else { return nil }
        return netns
    }
}

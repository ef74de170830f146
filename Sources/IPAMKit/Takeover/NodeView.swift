import Machine

/// What a node shows of a holder that was recorded on it.
enum NodeEvidence: Hashable {
    /// The holder is gone; the text is a clause such as "its node n1 has rebooted".
    case gone(String)
    /// The holder's network namespace is there, at this path.
    case present(String)
    /// Nothing is proven; the text says why.
    case unproven(String)
}

/// This machine, and what it shows of its own containers.
public struct NodeView: Sendable {
    public var identity: NodeIdentity
    /// Looks at a path now.
    public let namespace: @Sendable (String) -> NamespaceSight

    public init(_ identity: NodeIdentity, namespace: @escaping @Sendable (String) -> NamespaceSight) {
        self.identity = identity
        self.namespace = namespace
    }

    /// The view of a machine.
    ///
    /// - Parameters:
    ///   - host: what the operating system says of it.
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
    ///   - seesNamespaces: false for a process that sees none of the node's namespaces: then one that is absent, or another
    ///     one, proves nothing.
    func evidence(on holder: Holder, at place: NodeIdentity.Place, seesNamespaces: Bool) -> NodeEvidence {
        if place == .formerBoot { return .gone("its node \(holder.node ?? identity.name) has rebooted") }
        guard let netns = holder.netns else { return .unproven("its network namespace is not recorded") }
        switch namespace(netns) {
        case .absent: return gone("its network namespace \(netns) is gone", seesNamespaces)
        case .namespace(let inode, let isOwn):
            // A path under /proc comes back with the next process of that number.
            if let recorded = holder.inode, recorded != inode {
                return gone("its network namespace \(netns) is another one now", seesNamespaces)
            }
            if holder.inode == nil, isOwn {
                return gone("its network namespace \(netns) is the host's own now", seesNamespaces)
            }
            return .present(netns)
        case .unclear: return .unproven("\(netns) is no network namespace as seen from here")
        }
    }

    private func gone(_ clause: String, _ seesNamespaces: Bool) -> NodeEvidence {
        seesNamespaces
            ? .gone(clause) : .unproven("none of this node's network namespaces can be seen from here")
    }

    /// Whether the network namespace of a holder that certainly was recorded on this machine is there.
    func shows(_ tenancy: Tenancy) -> Bool {
        guard identity.certainPlace(of: tenancy.holder, since: tenancy.since) == .here else { return false }
        if case .present = evidence(on: tenancy.holder, at: .here, seesNamespaces: false) { return true }
        return false
    }

    /// The node names of which this process sees a network namespace, by `tenancies`. Nodes that are containers share
    /// their host's boot ID, and copies of one of them its machine ID, too: what is seen of one name proves nothing of
    /// another.
    func visibleNodes(among tenancies: some Sequence<Tenancy>) -> Set<String> {
        var names: Set<String> = []
        for tenancy in tenancies {
            guard let name = tenancy.holder.node, !names.contains(name), shows(tenancy) else { continue }
            names.insert(name)
        }
        return names
    }

    /// Whether one of `tenancies` was recorded under this machine's name and ID, in another boot, after this boot began:
    /// then this machine has a clone, and another boot proves nothing of any holder.
    func hasClone(among tenancies: some Sequence<Tenancy>) -> Bool {
        tenancies.contains { tenancy in
            let holder = tenancy.holder
            guard tenancy.since != nil, identity.bootedAt != nil, let boot = identity.boot,
                let recorded = holder.boot, recorded != boot, holder.node == identity.name,
                identity.machine != nil, holder.machine == identity.machine
            else { return false }
            return identity.place(of: holder, since: tenancy.since) == .elsewhere
        }
    }
}

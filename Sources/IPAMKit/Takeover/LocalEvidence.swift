/// What this machine alone shows of a network's holders, for the audit with `--node-local` and for GC.
struct LocalEvidence {
    private let view: NodeView
    /// The node names of which this process sees a network namespace. Nodes that are containers share their host's boot
    /// ID, and copies of one of them its machine ID, too: what is seen of one name proves nothing about another.
    private let visibleNodes: Set<String>
    /// A holder was recorded under this machine's name and ID, in another boot, after this boot began: this machine has a
    /// clone, and another boot proves nothing about any holder.
    private let hasClone: Bool

    /// - Parameter tenancies: all of the network.
    init(_ view: NodeView, among tenancies: [Tenancy]) {
        self.view = view
        visibleNodes = Set(tenancies.lazy.filter { view.namespace(of: $0) != nil }.compactMap(\.holder.node))
        let identity = view.identity
        hasClone = tenancies.contains { tenancy in
            guard let since = tenancy.since, let began = identity.bootedAt, since > began,
                let boot = identity.boot, let recorded = tenancy.holder.boot, let machine = identity.machine
            else { return false }
            return boot != recorded && tenancy.holder.machine == machine && tenancy.holder.node == identity.name
        }
    }

    /// What is seen of a holder; nil unless its machine ID or boot ID says that it was recorded on this machine.
    func evidence(on tenancy: Tenancy) -> NodeEvidence? {
        let holder = tenancy.holder
        let place = view.identity.certainPlace(of: holder, since: tenancy.since)
        guard place != .elsewhere else { return nil }
        if place == .formerBoot, hasClone { return .unproven(.clonedMachine) }
        return view.evidence(
            on: holder, at: place, seesNamespaces: holder.node.map(visibleNodes.contains) ?? false)
    }
}

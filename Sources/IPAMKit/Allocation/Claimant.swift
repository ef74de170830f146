/// Who an ADD is for, once all is known that can be.
struct Claimant: Sendable {
    private(set) var holder: Holder
    /// Why the cluster is not known that ``holder`` is of, although it was asked for, as a clause.
    private(set) var clusterProblem: String?
    /// What controls the pod; nil where nothing does that reservations can be for.
    let workload: Workload?
    let demand: AddressDemand
    /// Why ``workload`` is nil, as a clause: "its controller is the DaemonSet web".
    let withoutWorkload: String
    /// False where the pod's name alone has told ``workload``, although there is a Kubernetes to ask.
    let isConfirmed: Bool

    /// Whose claims give this pod its reserved addresses unasked.
    var owners: [ClaimOwner] {
        guard let pod = holder.pod else { return [] }
        return [.pod(pod)] + (workload.map { [.workload(pod.namespace, $0.name)] } ?? [])
    }

    /// Of which workloads the pod may be: those of this namespace whose names begin so. Nil where its owner is known, or
    /// its name tells.
    var possibleDeployments: (Namespace, String)? {
        guard !isConfirmed, workload == nil, let pod = holder.pod, let prefix = pod.deploymentPrefix else { return nil }
        return (pod.namespace, prefix)
    }

    /// Whom a repeated ADD is for: where Kubernetes was not asked this time, what was recorded of the same pod stands.
    func holder(recordedAs recorded: Holder) -> Holder {
        guard !isConfirmed, recorded.pod == holder.pod else { return holder }
        var known = holder
        if recorded.boot == holder.boot, recorded.machine == holder.machine {
            known.node = recorded.node
            let isSameNamespace = recorded.netns == holder.netns && [nil, holder.inode].contains(recorded.inode)
            if holder.uid == nil, isSameNamespace { known.uid = recorded.uid }
        }
        if known.uid == recorded.uid { known.owner = recorded.owner }
        return known
    }

    /// Takes over what `other`, which is of the same pod, knows of its cluster.
    mutating func keepIdentity(of other: Claimant) {
        holder.cluster = other.holder.cluster
        clusterProblem = other.clusterProblem
    }

    /// Takes note of which cluster the pod is of.
    mutating func identify(_ asked: Result<ClusterIdentity, PodSourceError>) {
        switch asked {
        case .success(.known(let cluster)): holder.cluster = cluster
        case .success(.withheld(let reason)): clusterProblem = reason
        case .failure(let error): clusterProblem = error.description
        }
    }

    func isAdmitted(by reserved: ReservationHolder) -> Bool {
        reserved.admits(holder.pod, of: workload)
    }

    /// A pod of which nothing but the name is known, or what is no pod.
    init(_ holder: Holder, demand: AddressDemand, isConfirmed: Bool = true) {
        self.holder = holder
        self.demand = demand
        self.isConfirmed = isConfirmed
        workload = holder.pod.flatMap(Workload.init(derivedFrom:))
        withoutWorkload = holder.pod == nil ? "it is no pod of Kubernetes" : "its name does not tell its controller"
    }

    /// A pod that was looked up.
    ///
    /// - Parameters:
    ///   - node: this node's name.
    ///   - pod: nil when there is none of that name.
    ///   - demand: what is known of its annotations; nil where the pod that was found tells them.
    /// - Throws: ``IPAMError/podGone(_:_:)`` when Kubernetes does not have the pod, or has another one of that name.
    init(
        _ holder: Holder, _ pod: Pod?, named reference: PodReference, on node: String?, network: NetworkName,
        demand: AddressDemand? = nil
    ) throws(IPAMError) {
        guard let pod else { throw .podGone(reference, "Kubernetes has no such pod") }
        var holder = holder
        if let uid = holder.uid {
            guard pod.isMeant(byUID: uid) else {
                throw .podGone(
                    reference, "the one with UID \(uid) is not there, Kubernetes has another (UID \(pod.uid))")
            }
            // Kubernetes' own name of the node is the one by which it can be asked for.
            holder.node = pod.node ?? holder.node
        } else if let node, pod.node == node {
            holder.uid = pod.uid
        }
        workload = Workload(of: pod)
        holder.owner = Holder.Owner(of: pod)
        self.holder = holder
        isConfirmed = true
        withoutWorkload =
            pod.controller.map { controller in
                "its controller is the \(controller.kind) \(controller.name)"
                    + (controller.kind == "ReplicaSet" ? " of no Deployment (by the label pod-template-hash)" : "")
            } ?? "it has no controller"
        if let demand {
            self.demand = demand
        } else {
            self.demand = try Self.demand(pod.annotations, of: reference, on: network)
        }
    }

    static func demand(_ annotations: [String: String], of pod: PodReference?, on network: NetworkName)
        throws(IPAMError) -> AddressDemand
    {
        do throws(AnnotationError) {
            return try AddressDemand(annotations: annotations, network: network)
        } catch {
            throw .annotation(pod, error)
        }
    }
}

/// The pod or container that an ADD is for, with everything that is known about it.
struct Claimant: Sendable {
    private(set) var holder: Holder
    /// Why the cluster of ``holder`` is not known although Kubernetes was asked, as a clause.
    private(set) var clusterProblem: String?
    /// The workload that controls the pod; nil if nothing does for which addresses can be reserved.
    let workload: Workload?
    let demand: AddressDemand
    /// Why ``workload`` is nil, as a clause: "its controller is the DaemonSet web".
    let withoutWorkload: String
    /// False if ``workload`` was derived from the pod's name although there is a Kubernetes to ask.
    let isConfirmed: Bool

    /// The owners whose reservations this pod gets without naming an address.
    var owners: [ClaimOwner] {
        guard let pod = holder.pod else { return [] }
        return [.pod(pod)] + (workload.map { [.workload(pod.namespace, $0.name)] } ?? [])
    }

    /// The workloads that the pod may belong to: those of the namespace whose names begin with this text. Nil if the
    /// owner is known, or if the pod's name reveals it.
    var possibleDeployments: (Namespace, String)? {
        guard !isConfirmed, workload == nil, let pod = holder.pod, let prefix = pod.deploymentPrefix else { return nil }
        return (pod.namespace, prefix)
    }

    /// The holder of a repeated ADD. If Kubernetes was not asked this time, what was recorded for the same pod remains.
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

    /// Copies what `other`, which is of the same pod, knows about its cluster.
    mutating func keepIdentity(of other: Claimant) {
        holder.cluster = other.holder.cluster
        clusterProblem = other.clusterProblem
    }

    /// Notes which cluster the pod belongs to.
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

    /// A pod of which only the name is known, or a container that is no pod.
    init(_ holder: Holder, demand: AddressDemand, isConfirmed: Bool = true) {
        self.holder = holder
        self.demand = demand
        self.isConfirmed = isConfirmed
        workload = holder.pod.flatMap(Workload.init(derivedFrom:))
        withoutWorkload = holder.pod == nil ? "it is no pod of Kubernetes" : "its name does not tell its controller"
    }

    /// A pod that was looked up in Kubernetes.
    ///
    /// - Parameters:
    ///   - node: the name of this node.
    ///   - pod: the pod; nil if Kubernetes has none of that name.
    ///   - demand: what the pod asks for, if that is known already; nil takes it from the pod's annotations.
    /// - Throws: ``IPAMError/podGone(_:_:)`` if Kubernetes does not have the pod, or has another pod of that name.
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
            // Kubernetes is asked for the node by the name that Kubernetes has for it.
            holder.node = pod.node ?? holder.node
        } else if let node, pod.node == node {
            // The runtime knows a static pod by a UID that differs from its mirror's, and the mirror may be created
            // anew.
            holder.uid = pod.staticUID ?? pod.uid
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

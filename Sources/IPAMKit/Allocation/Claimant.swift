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

    /// Whose claims give this pod its reserved addresses unasked.
    var owners: [ClaimOwner] {
        guard let pod = holder.pod else { return [] }
        return [.pod(pod)] + (workload.map { [.workload(pod.namespace, $0.name)] } ?? [])
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

    /// A pod of which nothing but the name is known.
    init(_ holder: Holder, demand: AddressDemand) {
        self.holder = holder
        self.demand = demand
        workload = holder.pod.flatMap(Workload.init(derivedFrom:))
        withoutWorkload = holder.pod == nil ? "it is no pod of Kubernetes" : "its name does not tell its controller"
    }

    /// A pod that was looked up.
    ///
    /// - Parameters:
    ///   - node: this node's name.
    ///   - pod: nil when there is none of that name.
    /// - Throws: ``IPAMError/podGone(_:_:)`` when Kubernetes does not have the pod, or has another one of that name.
    init(_ holder: Holder, _ pod: Pod?, named reference: PodReference, on node: String?, network: NetworkName)
        throws(IPAMError)
    {
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
        holder.workload = workload
        self.holder = holder
        withoutWorkload =
            pod.controller.map { controller in
                "its controller is the \(controller.kind) \(controller.name)"
                    + (controller.kind == "ReplicaSet" ? " of no Deployment (by the label pod-template-hash)" : "")
            } ?? "it has no controller"
        demand = try Self.demand(pod.annotations, of: reference, on: network)
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

/// Why nothing that was asked can judge a holder, and what would let it be judged.
struct Unjudged: Hashable {
    /// A clause about the holder, such as "no cluster is recorded for it".
    let reason: String
    /// What a person can do, in the imperative.
    let remedy: String

    private static let nodeLocal = "'ipamctl audit --node-local' on its node judges it"

    /// A runtime's beside Kubernetes.
    static let noPod = Unjudged(
        reason: "it is no pod of Kubernetes: its node judges it (--node-local)",
        remedy: "run 'ipamctl audit --node-local' on its node")

    static let noCluster = Unjudged(
        reason: "no cluster is recorded for it",
        remedy: "set ipam.kubeConfig or ipam.cluster in the nodes' CNI files, for pods that start from then on; "
            + "for this one, " + nodeLocal)

    static let noUID = Unjudged(
        reason: "no pod UID is recorded for it",
        remedy: "\(nodeLocal); or make sure that its pod is gone, then 'ipamctl release ADDRESS --force'")

    /// Kubernetes knows none of many pods.
    static let stranger = Unjudged(
        reason: "Kubernetes knows none of the pods recorded for this cluster",
        remedy: "name a kubeconfig of the cluster that the pods are of with --kubeconfig; or, if they are all gone, "
            + "run 'ipamctl audit --node-local' on their nodes")

    /// Kubernetes lists a pod that may be any.
    static let unreadablePod = Unjudged(
        reason: "Kubernetes lists a pod that cannot be read, not even its name",
        remedy: "find it with 'kubectl get pods -A' and repair or delete it, then audit again; or " + nodeLocal)

    /// By `Holder.foreignness(to:)`.
    ///
    /// - Parameter knowsCluster: false where Kubernetes does not tell which cluster it is.
    static func foreign(_ reason: String, knowsCluster: Bool) -> Unjudged {
        Unjudged(
            reason: reason,
            remedy: knowsCluster
                ? "audit with a kubeconfig of its cluster (--kubeconfig); or " + nodeLocal
                : "let the kubeconfig get the namespace kube-system (docs/examples/rbac.yaml), or set ipam.cluster; or "
                    + nodeLocal)
    }

    static func byItsNode(_ reason: String) -> Unjudged { Unjudged(reason: reason, remedy: nodeLocal) }

    /// Another machine may have recorded it under this one's name.
    static let clone = Unjudged(
        reason:
            "a record of another boot is newer than this boot: another machine may have this one's name and machine "
            + "ID",
        remedy: "give each machine an ID of its own (machine-id(5)); or audit by Kubernetes, without --node-local")

    /// The node itself shows nothing.
    ///
    /// - Parameter hasNamespace: whether the holder's network namespace is recorded.
    static func unproven(_ reason: String, hasNamespace: Bool) -> Unjudged {
        Unjudged(
            reason: reason,
            remedy: hasNamespace
                ? "run it on the node itself, as root and outside of containers; or audit by Kubernetes, without --node-local"
                : "audit by Kubernetes, without --node-local; or make sure that it is gone, then 'ipamctl release ADDRESS "
                    + "--force'")
    }
}

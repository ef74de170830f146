/// What tells one Kubernetes cluster from every other one.
public enum ClusterIdentity: Hashable, Sendable {
    /// The configuration's name for it, else the UID of its namespace `kube-system`.
    case known(String)
    /// Kubernetes does not tell; why, as a clause.
    case withheld(String)
}

/// The identity of a Kubernetes cluster, which differs from that of all other clusters.
public enum ClusterIdentity: Hashable, Sendable {
    /// The configured name of the cluster, else the UID of its namespace `kube-system`.
    case known(String)
    /// Kubernetes did not return the identity; the value is the reason, to follow a colon.
    case withheld(String)
}

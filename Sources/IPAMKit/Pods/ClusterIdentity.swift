/// What tells one Kubernetes cluster from every other one.
public enum ClusterIdentity: Hashable, Sendable {
    /// The configuration's name for it, else the UID of its namespace `kube-system`.
    case known(String)
    /// Kubernetes does not tell; why, as a clause.
    case withheld(String)
}

extension Holder {
    /// Why what a cluster says of its pods says nothing of this holder: another cluster is recorded for it. Nil where that
    /// very cluster is, or none.
    ///
    /// - Parameter cluster: the identity of the cluster that judges; nil where it is not known.
    func foreignness(to cluster: String?) -> String? {
        guard let recorded = self.cluster, recorded != cluster else { return nil }
        if Self.isFingerprint(recorded) {
            return "an earlier version recorded it by a certification authority, which names no cluster"
        }
        return cluster == nil ? "which cluster this is cannot be told" : "it is of another Kubernetes cluster"
    }

    /// This holder, with the cluster that is recorded for it already where it is not known now.
    func succeeding(_ recorded: Holder) -> Holder {
        guard cluster == nil, isOfSamePod(as: recorded), node == recorded.node else { return self }
        var holder = self
        holder.cluster = recorded.cluster
        return holder
    }

    /// Whether this is the holder `other`, recorded with another cluster or by an earlier version, which did not record the
    /// inode of its namespace.
    func differsOnlyInCluster(from other: Holder) -> Bool {
        var holder = self
        if holder.inode == nil { holder.inode = other.inode }
        holder.cluster = other.cluster
        return holder == other
    }

    /// A SHA-256 in lower-case hexadecimal: what earlier versions recorded, that of the authority's certificate.
    private static func isFingerprint(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

/// Why a holder cannot be judged. The description is a clause about the holder.
public enum UnverifiableReason: Hashable, Sendable, CustomStringConvertible {
    /// The Go plugin recorded it, without an attachment.
    case goRecord
    /// Its attachment cannot be parsed.
    case damagedAttachment
    /// Neither a pod nor a UID is recorded: it belongs to a runtime beside Kubernetes.
    case noPod
    /// No pod or no UID is recorded.
    case noUID
    /// No cluster is recorded.
    case noCluster
    /// Another cluster than this one is recorded.
    case otherCluster
    /// A cluster is recorded, and Kubernetes does not tell the audit which cluster it is.
    case unknownCluster
    /// Instead of a cluster, the fingerprint of a certification authority is recorded, as earlier versions did.
    case fingerprint
    /// Kubernetes does not tell the plugin which cluster it is; the text says why.
    case clusterWithheld(String)
    /// There is no Kubernetes to ask for its pod.
    case noKubernetes
    /// Kubernetes knows neither the holder's node nor this one, which goes by the name `own` here.
    case unknownNodes(String, own: String)
    /// Kubernetes knows none of many pods that are recorded for this cluster.
    case unknownPods
    /// Kubernetes lists a pod that may be the holder's: nothing of it can be read.
    case unreadablePod
    /// Another machine has this one's name and machine ID.
    case clonedMachine
    /// Its node is to show it, and the path of its network namespace is not recorded.
    case namespaceNotRecorded
    /// The path of its network namespace is another kind of file, as far as this process can see.
    case notANamespace(String)
    /// This process sees none of the node's network namespaces.
    case namespacesOutOfSight

    /// A clause such as "no cluster is recorded for it".
    public var description: String {
        switch self {
        case .goRecord: "the Go plugin recorded a container ID and nothing else"
        case .damagedAttachment: "its attachment cannot be read"
        case .noPod: "it is not a pod of Kubernetes: only its node can judge it (--node-local)"
        case .noUID: "no pod UID is recorded for it"
        case .noCluster: "no cluster is recorded for it"
        case .otherCluster: "it is of another Kubernetes cluster"
        case .unknownCluster: "cannot tell which cluster this is"
        case .fingerprint: "an earlier version recorded a certification authority, which does not identify its cluster"
        case .clusterWithheld(let reason): "cannot tell which cluster this is: \(reason)"
        case .noKubernetes: "no kubeconfig is configured to look up its pod"
        case .unknownNodes(let name, let own):
            "its node \(name) is unknown to Kubernetes, and so is this one as \(own): set ipam.nodeName"
        case .unknownPods: "Kubernetes knows none of the pods recorded for this cluster"
        case .unreadablePod: "Kubernetes lists a pod that cannot be read, not even its name"
        case .clonedMachine:
            "a record of another boot is newer than this boot: another machine may have this one's name and machine ID"
        case .namespaceNotRecorded: "its network namespace is not recorded"
        case .notANamespace(let path): "\(path) is not a network namespace as seen from here"
        case .namespacesOutOfSight: "no network namespace of this node can be seen from here"
        }
    }

    /// What an operator can do so that the holder is judged, or its address freed; in the imperative.
    public var remedy: String {
        let byItsNode = "'ipamctl audit --node-local' on its node judges it"
        let byKubernetes = "audit by Kubernetes, without --node-local"
        let release = "make sure that it is gone, then 'ipamctl release ADDRESS --force'"
        return switch self {
        case .goRecord, .damagedAttachment: release
        case .noPod: "run 'ipamctl audit --node-local' on its node"
        case .noUID, .fingerprint: "\(byItsNode); or \(release)"
        case .noCluster:
            "set ipam.kubeConfig or ipam.cluster in the nodes' CNI files, for pods that start from then on; for this one, "
                + byItsNode
        case .otherCluster: "audit with a kubeconfig of its cluster (--kubeconfig); or \(byItsNode)"
        case .unknownCluster:
            "let the kubeconfig get the namespace kube-system (docs/examples/rbac.yaml), or set ipam.cluster; or "
                + byItsNode
        case .clusterWithheld, .noKubernetes, .unknownNodes: byItsNode
        case .unknownPods:
            "pass a kubeconfig of the cluster that these pods belong to (--kubeconfig); or, if all of them are gone, run "
                + "'ipamctl audit --node-local' on their nodes"
        case .unreadablePod:
            "find it with 'kubectl get pods -A' and repair or delete it, then audit again; or \(byItsNode)"
        case .clonedMachine: "give each machine its own ID (machine-id(5)); or \(byKubernetes)"
        case .namespaceNotRecorded: "\(byKubernetes); or \(release)"
        case .notANamespace, .namespacesOutOfSight:
            "run it on the node itself, as root and outside of containers; or \(byKubernetes)"
        }
    }
}

extension Holder {
    /// Why a cluster's pods say nothing about this holder: another cluster is recorded for it. Nil if that very cluster is
    /// recorded, or none.
    ///
    /// - Parameter cluster: the identity of the cluster that judges; nil if it is not known.
    func foreignness(to cluster: String?) -> UnverifiableReason? {
        guard let recorded = self.cluster, recorded != cluster else { return nil }
        // A SHA-256 in lower-case hexadecimal, that of the authority's certificate.
        let isFingerprint =
            recorded.utf8.count == 64
            && recorded.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        return isFingerprint ? .fingerprint : cluster == nil ? .unknownCluster : .otherCluster
    }
}

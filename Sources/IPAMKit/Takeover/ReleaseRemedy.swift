/// What an operator can do about a holder that is about to go, but does not go.
public enum ReleaseRemedy: Hashable, Sendable {
    /// Remove the sandbox that is left on its node.
    ///
    /// - Parameters:
    ///   - netns: the path of its network namespace.
    ///   - node: the node's name; nil if it is not known.
    case removeSandbox(netns: String, node: String?)
    /// Declare that nothing runs on the pod's node any more, or delete the pod without waiting for its node.
    case declareNodeDown(String, pod: PodReference)

    /// A message with the commands.
    ///
    /// - Parameter container: the holder's container ID; nil if it is not known.
    func message(container: String?) -> String {
        switch self {
        case .removeSandbox(let netns, let node):
            let place = node.map { " on \($0)" } ?? " on its node"
            let remove = "if no DEL comes: 'crictl rmp -f \(container ?? "POD-ID")'\(place)"
            guard let name = Self.name(ofMounted: netns) else { return remove }
            return "\(remove); if crictl does not know it, end what runs there ('ip netns pids \(name)'), then "
                + "'ip netns del \(name)'"
        case .declareNodeDown(let node, let pod):
            return "if \(node) is shut down: 'kubectl taint nodes \(node) "
                + "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute', or 'kubectl delete pod \(pod.name) -n "
                + "\(pod.namespace) --force'"
        }
    }

    /// The name by which ip-netns(8) knows a namespace.
    private static func name(ofMounted netns: String) -> String? {
        for folder in ["/run/netns/", "/var/run/netns/"] where netns.hasPrefix(folder) {
            return String(netns.dropFirst(folder.utf8.count))
        }
        return nil
    }
}

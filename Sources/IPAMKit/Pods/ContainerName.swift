/// The name that a runtime passes for a container that is not a pod of Kubernetes: a name without a namespace (podman passes
/// `K8S_POD_NAME` alone), or a name that Kubernetes does not accept.
public struct ContainerName: Hashable, Sendable, CustomStringConvertible {
    /// `K8S_POD_NAMESPACE`; nil if the runtime does not pass it.
    public let namespace: Namespace?
    /// `K8S_POD_NAME`.
    public let name: PodName

    /// Makes a name from what the runtime passes.
    public init(namespace: Namespace?, name: PodName) {
        self.namespace = namespace
        self.name = name
    }

    /// `web_1`, or `namespace/web_1`.
    public var description: String { (namespace.map { "\($0)/" } ?? "") + name.text }
}

extension ContainerName {
    /// The pod or the container with these names; both are nil without a name.
    ///
    /// A runtime that starts a pod passes the pod's namespace, too, and both as they are in Kubernetes. A container counts as
    /// no pod only if Kubernetes certainly cannot have a pod with these names: a pod that was mistaken for another container
    /// would get an address that its annotations do not request.
    static func resolve(_ namespace: Namespace?, _ name: PodName?) -> (pod: PodReference?, container: ContainerName?) {
        guard let name else { return (nil, nil) }
        if let namespace {
            let pod = PodReference(namespace: namespace, name: name)
            if pod.isPossible { return (pod, nil) }
        }
        return (nil, ContainerName(namespace: namespace, name: name))
    }
}

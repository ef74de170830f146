/// What a runtime calls a container that is no pod of Kubernetes: a name without a namespace (podman passes `K8S_POD_NAME`
/// alone), or a name that Kubernetes cannot have.
public struct ContainerName: Hashable, Sendable, CustomStringConvertible {
    /// What the runtime passes for a namespace; nil for none.
    public let namespace: Namespace?
    public let name: PodName

    /// Names a container.
    public init(namespace: Namespace?, name: PodName) {
        self.namespace = namespace
        self.name = name
    }

    /// `web_1`, or `namespace/web_1`.
    public var description: String { (namespace.map { "\($0)/" } ?? "") + name.text }
}

extension ContainerName {
    /// The pod or the container that these names are of; both nil without a name.
    ///
    /// A runtime that starts a pod passes its namespace, too, and both as Kubernetes has them. So a container is no pod
    /// where Kubernetes certainly cannot have a pod of these names, and nowhere else: one that was mistaken for none
    /// would get an address that its annotations do not ask for.
    static func resolve(_ namespace: Namespace?, _ name: PodName?) -> (pod: PodReference?, container: ContainerName?) {
        guard let name else { return (nil, nil) }
        if let namespace {
            let pod = PodReference(namespace: namespace, name: name)
            if pod.isPossible { return (pod, nil) }
        }
        return (nil, ContainerName(namespace: namespace, name: name))
    }
}

/// The source of a pod's annotations.
public enum AnnotationSource: Hashable, Sendable {
    /// There is no pod, or annotations are ignored (`"annotations": "none"`).
    case none
    /// The runtime passed these annotations.
    case passed([String: String])
    /// The annotations must be read from Kubernetes.
    case kubernetes
}

/// Where a pod's annotations come from.
public enum AnnotationSource: Hashable, Sendable {
    /// There are none to look at: no pod, or they are not to count.
    case none
    /// The runtime passed them.
    case passed([String: String])
    /// Kubernetes is asked.
    case kubernetes
}

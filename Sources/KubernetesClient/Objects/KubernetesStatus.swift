/// The report of a failure (API `v1`, kind `Status`).
struct KubernetesStatus: Decodable {
    struct Details: Decodable {
        /// The object's name.
        let name: String?
        /// The resource, such as `pods`.
        let kind: String?
    }

    let kind: String
    let message: String?
    /// A machine-readable reason, such as `NotFound`.
    let reason: String?
    let details: Details?
}

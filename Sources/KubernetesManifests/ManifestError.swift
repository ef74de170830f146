import IPAMKit

/// Why a manifest cannot be used: it is not YAML, or the API server would refuse it.
public struct ManifestError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where in the manifest.
    public let place: PlannedObject.Place
    /// The error message, without the place.
    public let problem: String
    /// What would be right; nil if the message says it.
    public let hint: String?

    /// `deploy.yaml, line 12: spec.replicas must be a number, not a string`
    public var description: String { "\(place): \(problem)" }
}

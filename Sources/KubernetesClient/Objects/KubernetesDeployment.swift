/// A Deployment (`apps/v1`, kind `Deployment`): the fields that determine how many pods it has at the same time.
public struct KubernetesDeployment: Hashable, Sendable {
    /// `metadata.name`.
    public let name: String
    /// `metadata.namespace`.
    public let namespace: String
    /// `spec.replicas`; 1 if it is absent.
    public let replicas: Int
    /// `spec.strategy.type`: `RollingUpdate` or `Recreate`; nil if it is absent.
    public let strategy: String?
    /// `spec.strategy.rollingUpdate.maxUnavailable`; nil if it is absent.
    public let maxUnavailable: Amount?
    /// `spec.strategy.rollingUpdate.maxSurge`; nil if it is absent.
    public let maxSurge: Amount?

    /// A number of pods, or a percentage of the replicas (`IntOrString` of apimachinery).
    public enum Amount: Hashable, Sendable {
        /// A number of pods, such as `1`.
        case pods(Int)
        /// A percentage of the replicas, such as `25%`.
        case percent(Int)
    }
}

extension KubernetesDeployment: Decodable {
    private struct Wire: Decodable {
        struct Metadata: Decodable {
            let name: String
            let namespace: String
        }

        struct Spec: Decodable {
            let replicas: Int?
            let strategy: Strategy?
        }

        struct Strategy: Decodable {
            let type: String?
            let rollingUpdate: RollingUpdate?
        }

        struct RollingUpdate: Decodable {
            let maxUnavailable: Amount?
            let maxSurge: Amount?
        }

        let kind: String?
        let metadata: Metadata
        let spec: Spec?
    }

    /// Decodes the object as the API sends it.
    public init(from decoder: any Decoder) throws {
        let wire = try Wire(from: decoder)
        try WrongKind.check(wire.kind, "Deployment")
        name = wire.metadata.name
        namespace = wire.metadata.namespace
        replicas = wire.spec?.replicas ?? 1
        strategy = wire.spec?.strategy?.type
        maxUnavailable = wire.spec?.strategy?.rollingUpdate?.maxUnavailable
        maxSurge = wire.spec?.strategy?.rollingUpdate?.maxSurge
    }
}

extension KubernetesDeployment.Amount: Decodable {
    /// Decodes a number, or a string that is a percentage.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int.self) {
            self = .pods(number)
            return
        }
        let text = try container.decode(String.self)
        guard text.hasSuffix("%"), let percent = Int(text.dropLast()) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "it is no percentage")
        }
        self = .percent(percent)
    }
}

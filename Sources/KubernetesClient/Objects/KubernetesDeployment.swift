/// A Deployment as the API has it (`apps/v1`, kind `Deployment`): the fields that say how many pods it has at once.
public struct KubernetesDeployment: Hashable, Sendable {
    /// `metadata.name`.
    public let name: String
    /// `metadata.namespace`.
    public let namespace: String
    /// `spec.replicas`; 1 where it is absent.
    public let replicas: Int
    /// `spec.strategy.type`: `RollingUpdate` or `Recreate`; nil where it is absent.
    public let strategy: String?
    /// `spec.strategy.rollingUpdate.maxUnavailable`; nil where it is absent.
    public let maxUnavailable: Amount?
    /// `spec.strategy.rollingUpdate.maxSurge`; nil where it is absent.
    public let maxSurge: Amount?

    /// A number of pods, or a part of them (apimachinery's `IntOrString`).
    public enum Amount: Hashable, Sendable {
        case pods(Int)
        /// `25%`
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

    public init(from decoder: any Decoder) throws {
        let wire = try Wire(from: decoder)
        guard wire.kind ?? "Deployment" == "Deployment" else {
            throw WrongKind(found: wire.kind, wanted: "Deployment")
        }
        name = wire.metadata.name
        namespace = wire.metadata.namespace
        replicas = wire.spec?.replicas ?? 1
        strategy = wire.spec?.strategy?.type
        maxUnavailable = wire.spec?.strategy?.rollingUpdate?.maxUnavailable
        maxSurge = wire.spec?.strategy?.rollingUpdate?.maxSurge
    }
}

extension KubernetesDeployment.Amount: Decodable {
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

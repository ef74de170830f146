/// A pod as the API has it (`v1`, kind `Pod`): the fields that addresses depend on.
public struct KubernetesPod: Hashable, Sendable {
    /// An owner reference whose `controller` is true.
    public struct Controller: Hashable, Sendable {
        public let kind: String
        public let name: String
    }

    /// `metadata.namespace`.
    public let namespace: String
    /// `metadata.name`.
    public let name: String
    /// `metadata.uid`.
    public let uid: String
    /// Of `metadata.annotations` those that concern addresses, or tell one pod from another; the rest may be large.
    public let annotations: [String: String]
    /// `metadata.labels["pod-template-hash"]`.
    public let templateHash: String?
    /// The controller among `metadata.ownerReferences`.
    public let controller: Controller?
    /// `metadata.deletionTimestamp` is set.
    public let isTerminating: Bool
    /// `spec.nodeName`; nil before the pod is scheduled.
    public let node: String?
    /// `spec.hostNetwork`.
    public let usesHostNetwork: Bool
    /// `status.phase`.
    public let phase: String?
    /// `status.podIPs`, and `status.podIP` where it is not among them (before Kubernetes 1.16 there was no other).
    public let addresses: [String]
}

extension KubernetesPod: Decodable {
    private struct Wire: Decodable {
        struct Metadata: Decodable {
            let name: String
            let namespace: String
            let uid: String
            let annotations: [String: String]?
            let labels: [String: String]?
            let ownerReferences: [OwnerReference]?
            let deletionTimestamp: String?
        }

        struct OwnerReference: Decodable {
            let kind: String
            let name: String
            let controller: Bool?
        }

        struct Spec: Decodable {
            let nodeName: String?
            let hostNetwork: Bool?
        }

        struct Status: Decodable {
            let phase: String?
            let podIP: String?
            let podIPs: [PodIP]?
        }

        struct PodIP: Decodable {
            let ip: String?
        }

        /// Absent from the elements of a list.
        let kind: String?
        let metadata: Metadata
        let spec: Spec?
        let status: Status?
    }

    public init(from decoder: any Decoder) throws {
        let wire = try Wire(from: decoder)
        guard wire.kind ?? "Pod" == "Pod" else {
            throw WrongKind(found: wire.kind, wanted: "Pod")
        }
        // Any other pod would be another one than this.
        guard !wire.metadata.uid.isEmpty else {
            throw NoUID()
        }
        namespace = wire.metadata.namespace
        name = wire.metadata.name
        uid = wire.metadata.uid
        annotations = (wire.metadata.annotations ?? [:]).filter { Self.matters($0.key) }
        templateHash = wire.metadata.labels?["pod-template-hash"]
        controller = wire.metadata.ownerReferences?.first { $0.controller == true }
            .map { Controller(kind: $0.kind, name: $0.name) }
        isTerminating = wire.metadata.deletionTimestamp != nil
        node = wire.spec?.nodeName.flatMap { $0.isEmpty ? nil : $0 }
        usesHostNetwork = wire.spec?.hostNetwork ?? false
        phase = wire.status?.phase
        var addresses = (wire.status?.podIPs ?? []).compactMap(\.ip).filter { !$0.isEmpty }
        if let first = wire.status?.podIP, !first.isEmpty, !addresses.contains(first) {
            addresses.insert(first, at: 0)
        }
        self.addresses = addresses
    }
}

extension KubernetesPod {
    private static func matters(_ annotation: String) -> Bool {
        annotation.hasPrefix("kube-ipam.") || annotation.hasPrefix("k8s.v1.cni.cncf.io/network")
            || annotation == "kubernetes.io/config.mirror"
    }
}

/// A pod has no UID.
struct NoUID: Error {}

/// An object is of another kind than was asked for.
struct WrongKind: Error {
    let found: String?
    let wanted: String
}

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
    /// `status.podIPs`, and `status.podIP` where it is not among them (before Kubernetes 1.16 there was no other): texts,
    /// whatever they say; a value that is no text is `(not a text)`.
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
            let addresses: PodAddresses

            private enum CodingKeys: CodingKey {
                case phase
            }

            init(from decoder: any Decoder) throws {
                phase = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(String.self, forKey: .phase)
                addresses = try PodAddresses(from: decoder)
            }
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
        addresses = wire.status?.addresses.texts ?? []
    }
}

extension KubernetesPod {
    private static func matters(_ annotation: String) -> Bool {
        annotation.hasPrefix("kube-ipam.") || annotation.hasPrefix("k8s.v1.cni.cncf.io/network")
            || annotation == "kubernetes.io/config.mirror"
    }
}

/// The addresses that the `status` of a pod tells. What is no text there does not make the rest of the pod unknown.
struct PodAddresses: Decodable {
    let texts: [String]

    private struct PodIP: Decodable {
        let ip: AnyText?
    }

    private enum CodingKeys: CodingKey {
        case podIP
        case podIPs
    }

    private static let notAText = "(not a text)"

    init(from decoder: any Decoder) throws {
        let status = try decoder.container(keyedBy: CodingKeys.self)
        var texts: [String] = []
        do {
            for element in try status.decodeIfPresent([Lenient<PodIP>].self, forKey: .podIPs) ?? [] {
                let ip = element.value?.ip
                if element.value == nil || ip?.isOfAnotherType == true { texts.append(Self.notAText) }
                if let text = ip?.text { texts.append(text) }
            }
        } catch {
            texts.append(Self.notAText)
        }
        let first = try status.decodeIfPresent(AnyText.self, forKey: .podIP)
        if first?.isOfAnotherType == true { texts.append(Self.notAText) }
        if let text = first?.text, !texts.contains(text) { texts.insert(text, at: 0) }
        self.texts = texts
    }
}

/// A pod has no UID.
struct NoUID: Error {}

/// An object is of another kind than was asked for.
struct WrongKind: Error {
    let found: String?
    let wanted: String
}

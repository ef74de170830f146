/// A pod (`v1`, kind `Pod`): the fields that IP address management needs.
public struct KubernetesPod: Hashable, Sendable {
    /// An owner reference whose `controller` is true.
    public struct Controller: Hashable, Sendable {
        /// The kind of the owner, such as `ReplicaSet`.
        public let kind: String
        /// The name of the owner.
        public let name: String
    }

    /// `metadata.namespace`.
    public let namespace: String
    /// `metadata.name`.
    public let name: String
    /// `metadata.uid`.
    public let uid: String
    /// The `metadata.annotations` that concern addresses or identify a static pod. The others are dropped, because they may be
    /// large.
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
    /// `status.podIPs`, and `status.podIP` if it is not one of them (Kubernetes before 1.16 has only the latter). They may not
    /// be valid addresses; a value that is not a string is `(not a string)`.
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

    /// Decodes the object as the API sends it.
    public init(from decoder: any Decoder) throws {
        let wire = try Wire(from: decoder)
        try WrongKind.check(wire.kind, "Pod")
        guard !wire.metadata.uid.isEmpty else { throw NoUID() }
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

/// The addresses in the `status` of a pod. A value that is not a string is not an error.
struct PodAddresses: Decodable {
    let texts: [String]

    private struct PodIP: Decodable {
        let ip: AnyText?
    }

    private enum CodingKeys: CodingKey {
        case podIP
        case podIPs
    }

    private static let notAString = "(not a string)"

    init(from decoder: any Decoder) throws {
        let status = try decoder.container(keyedBy: CodingKeys.self)
        var texts: [String] = []
        do {
            for element in try status.decodeIfPresent([Lenient<PodIP>].self, forKey: .podIPs) ?? [] {
                let ip = element.value?.ip
                if element.value == nil || ip?.isOfAnotherType == true { texts.append(Self.notAString) }
                if let text = ip?.text { texts.append(text) }
            }
        } catch {
            texts.append(Self.notAString)
        }
        let first = try status.decodeIfPresent(AnyText.self, forKey: .podIP)
        if first?.isOfAnotherType == true { texts.append(Self.notAString) }
        if let text = first?.text, !texts.contains(text) { texts.insert(text, at: 0) }
        self.texts = texts
    }
}

/// The object has an empty UID.
struct NoUID: Error {}

/// The object has another kind than the requested one.
struct WrongKind: Error {
    let found: String?
    let wanted: String

    /// Throws unless `found` is `wanted`, or absent, as in the elements of a list.
    static func check(_ found: String?, _ wanted: String) throws(WrongKind) {
        guard found ?? wanted == wanted else { throw WrongKind(found: found, wanted: wanted) }
    }
}

/// A pod as Kubernetes has it (API `v1`, kind `Pod`), as far as addresses are concerned.
public struct Pod: Hashable, Sendable {
    /// The controller of a pod: the owner reference that says so.
    public struct Controller: Hashable, Sendable {
        /// Such as `ReplicaSet`, `StatefulSet`, `DaemonSet`.
        public let kind: String
        public let name: String

        public init(kind: String, name: String) {
            self.kind = kind
            self.name = name
        }
    }

    public var reference: PodReference
    /// `metadata.uid`.
    public var uid: String
    public var annotations: [String: String]
    /// The label `pod-template-hash`, which a Deployment gives its pods.
    public var templateHash: String?
    public var controller: Controller?
    /// `spec.nodeName`; nil before the pod is scheduled.
    public var node: String?
    /// `spec.hostNetwork`: the pod has its node's addresses and none of a pool.
    public var usesHostNetwork: Bool
    /// `status.phase` is `Succeeded` or `Failed`: its containers will not run again.
    public var isTerminal: Bool
    /// `metadata.deletionTimestamp` is set.
    public var isTerminating: Bool
    /// `status.podIPs`.
    public var addresses: [IPAddress]
    /// Texts in the place of addresses that are none, such as `<nil>`: the pod has an address that nobody can tell. None for
    /// a pod that uses its node's network.
    public var unreadableAddresses: [String]

    public init(
        _ reference: PodReference, uid: String, annotations: [String: String] = [:], templateHash: String? = nil,
        controller: Controller? = nil, node: String? = nil, usesHostNetwork: Bool = false, isTerminal: Bool = false,
        isTerminating: Bool = false, addresses: [IPAddress] = [], unreadableAddresses: [String] = []
    ) {
        self.reference = reference
        self.uid = uid
        self.annotations = annotations
        self.templateHash = templateHash
        self.controller = controller
        self.node = node
        self.usesHostNetwork = usesHostNetwork
        self.isTerminal = isTerminal
        self.isTerminating = isTerminating
        self.addresses = addresses
        self.unreadableAddresses = unreadableAddresses
    }

    /// `default/db-0 on n1`
    var phrase: String { "\(reference)" + (node.map { " on \($0)" } ?? "") }

    /// Whether a runtime that passes `uid` means this pod.
    public func isMeant(byUID uid: String) -> Bool {
        self.uid == uid || staticUID == uid
    }

    /// The UID that the kubelet passes for the static pod whose mirror this is; nil for every other pod.
    ///
    /// The kubelet makes the mirror (`basicMirrorClient.CreateMirrorPod`): it notes the static pod's UID, the hash of the
    /// manifest unless that names one, in the annotation `kubernetes.io/config.mirror`, and since Kubernetes 1.17 makes
    /// its own node the controller. Kubernetes lets nobody add, change or remove that annotation afterwards
    /// (`ValidatePodSpecificAnnotationUpdates`), and the kubelet deletes a pod of its node that looks like a mirror and is
    /// none. `kubernetes.io/config.hash` has the same value, but may be set on every pod by whoever may write it.
    public var staticUID: String? {
        guard let controller, controller.kind == "Node", controller.name == node else { return nil }
        return annotations["kubernetes.io/config.mirror"]
    }
}

/// A node as Kubernetes has it (API `v1`, kind `Node`), as far as addresses are concerned.
public struct Node: Hashable, Sendable {
    public let name: String
    /// False where Kubernetes says that it is not ready, or does not hear from it.
    public let isReady: Bool
    /// Tainted `node.kubernetes.io/out-of-service`: an operator says that nothing runs on it any more.
    public let isOutOfService: Bool
    /// Its own addresses (`status.addresses`), as far as they can be read.
    public let addresses: [IPAddress]

    public init(name: String, isReady: Bool, isOutOfService: Bool, addresses: [IPAddress] = []) {
        self.name = name
        self.isReady = isReady
        self.isOutOfService = isOutOfService
        self.addresses = addresses
    }
}

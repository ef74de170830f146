/// The members of a Kubernetes pod (API `v1`, kind `Pod`) that matter for addresses.
public struct Pod: Hashable, Sendable {
    /// The controller of a pod: the element of `metadata.ownerReferences` with `controller: true`.
    public struct Controller: Hashable, Sendable {
        /// Such as `ReplicaSet`, `StatefulSet`, `DaemonSet`.
        public let kind: String
        /// The name of an object in the pod's namespace, or of a node.
        public let name: String

        /// Makes a controller from `kind` and `name` of an owner reference.
        public init(kind: String, name: String) {
            self.kind = kind
            self.name = name
        }
    }

    /// `metadata.namespace` and `metadata.name`.
    public var reference: PodReference
    /// `metadata.uid`.
    public var uid: String
    /// `metadata.annotations`.
    public var annotations: [String: String]
    /// The label `pod-template-hash`, which a Deployment gives its pods; nil if the pod has no such label.
    public var templateHash: String?
    /// Nil if no owner reference of the pod is its controller.
    public var controller: Controller?
    /// `spec.nodeName`; nil before the pod is scheduled.
    public var node: String?
    /// `spec.hostNetwork`: the pod has its node's addresses and no address of a pool.
    public var usesHostNetwork: Bool
    /// `status.phase` is `Succeeded` or `Failed`: the pod's containers will not run again.
    public var isTerminal: Bool
    /// `metadata.deletionTimestamp` is set.
    public var isTerminating: Bool
    /// The values of `status.podIPs` that are addresses.
    public var addresses: [IPAddress]
    /// The values of `status.podIPs` that are not addresses, such as `<nil>`: the pod has an address that is not known. Empty
    /// for a pod that uses its node's network.
    public var unreadableAddresses: [String]

    /// Makes a pod, by default a running pod without controller, node and addresses.
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

    /// Whether this is the pod for which a runtime passes `uid` as `K8S_POD_UID`.
    public func isMeant(byUID uid: String) -> Bool {
        self.uid == uid || staticUID == uid
    }

    /// The UID that the kubelet passes for a static pod, if this is its mirror pod; nil for every other pod.
    ///
    /// The kubelet creates the mirror pod (`basicMirrorClient.CreateMirrorPod`). It writes the static pod's UID (from the
    /// manifest, else a hash of the manifest) into the annotation `kubernetes.io/config.mirror`, and since Kubernetes 1.17 it
    /// makes its own node the controller. Kubernetes rejects every later change of this annotation
    /// (`ValidatePodSpecificAnnotationUpdates`), and the kubelet deletes pods of its node that only look like mirror pods.
    /// The annotation `kubernetes.io/config.hash` has the same value, but users can set it on any pod.
    public var staticUID: String? {
        guard let controller, controller.kind == "Node", controller.name == node else { return nil }
        return annotations["kubernetes.io/config.mirror"]
    }
}

/// The members of a Kubernetes node (API `v1`, kind `Node`) that matter for addresses.
public struct Node: Hashable, Sendable {
    /// `metadata.name`.
    public let name: String
    /// False if the condition `Ready` is `False` or `Unknown`.
    public let isReady: Bool
    /// Whether an operator has set the taint `node.kubernetes.io/out-of-service`: nothing runs on the node any more.
    public let isOutOfService: Bool
    /// The values of `status.addresses` that are addresses.
    public let addresses: [IPAddress]

    /// Makes a node, by default without addresses.
    public init(name: String, isReady: Bool, isOutOfService: Bool, addresses: [IPAddress] = []) {
        self.name = name
        self.isReady = isReady
        self.isOutOfService = isOutOfService
        self.addresses = addresses
    }
}

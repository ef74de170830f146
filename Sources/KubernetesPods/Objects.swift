import IPAMKit
import KubernetesClient

// The API's objects as the core's values.

extension Pod {
    /// - Throws: `PodSourceError` for a name that cannot be one. What is no address is kept as it is written
    ///   (`Pod.unreadableAddresses`): to pass over it would be to say that the pod does not have it.
    public init(_ pod: KubernetesPod) throws(PodSourceError) {
        let reference: PodReference
        do throws(NameError) {
            reference = PodReference(namespace: try Namespace(pod.namespace), name: try PodName(pod.name))
        } catch {
            throw PodSourceError("Kubernetes has a pod that cannot be one: \(error)")
        }
        self.init(
            reference, uid: pod.uid, annotations: pod.annotations, templateHash: pod.templateHash,
            controller: pod.controller.map { Controller(kind: $0.kind, name: $0.name) }, node: pod.node,
            usesHostNetwork: pod.usesHostNetwork, isTerminal: pod.phase == "Succeeded" || pod.phase == "Failed",
            isTerminating: pod.isTerminating)
        for text in pod.addresses {
            if let address = IPAddress(reported: text) {
                addresses.append(address)
            } else if !pod.usesHostNetwork {
                unreadableAddresses.append(text)
            }
        }
    }
}

extension IPAddress {
    /// An address as a status reports it: with white space around it, or with a prefix length, it is one all the same.
    init?(reported text: String) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 1, let address = try? IPAddress(String(words[0].prefix { $0 != "/" })) else { return nil }
        self = address
    }
}

extension Node {
    /// The node as far as addresses are concerned.
    public init(_ node: KubernetesNode) {
        self.init(
            name: node.name, isReady: node.isReady,
            isOutOfService: node.taints.contains("node.kubernetes.io/out-of-service"),
            addresses: node.addresses.compactMap { IPAddress(reported: $0) })
    }
}

extension UnreadableObject {
    init(_ kind: Kind, _ object: UnreadableKubernetesObject) {
        self.init(
            kind, namespace: object.namespace, name: object.name, uid: object.uid,
            addresses: object.addresses.compactMap { IPAddress(reported: $0) }, problem: object.problem)
    }

    /// A pod of the API's whose name is none that a pod can have.
    init(_ pod: KubernetesPod, problem: String) {
        self.init(
            .pod, namespace: pod.namespace, name: pod.name, uid: pod.uid,
            addresses: pod.addresses.compactMap { IPAddress(reported: $0) }, problem: problem)
    }
}

import IPAMKit
import KubernetesClient

// Converts objects of the API to IPAMKit's values.

extension Pod {
    /// The pod. Values that are not valid addresses are kept as `unreadableAddresses`: ignoring them would mean that the pod does
    /// not have the address.
    ///
    /// - Throws: `PodSourceError` if the name or the namespace is not valid.
    public init(_ pod: KubernetesPod) throws(PodSourceError) {
        let reference: PodReference
        do throws(NameError) {
            reference = PodReference(namespace: try Namespace(pod.namespace), name: try PodName(pod.name))
        } catch {
            throw PodSourceError("Kubernetes has a pod with an invalid name: \(error)")
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
    /// An address in a status; white space around it and a prefix length are ignored.
    init?(reported text: String) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 1, let address = try? IPAddress(String(words[0].prefix { $0 != "/" })) else { return nil }
        self = address
    }
}

extension Node {
    /// The node; values that are not valid addresses are dropped.
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

    /// A pod with an invalid name.
    init(_ pod: KubernetesPod, problem: String) {
        self.init(
            .pod, namespace: pod.namespace, name: pod.name, uid: pod.uid,
            addresses: pod.addresses.compactMap { IPAddress(reported: $0) }, problem: problem)
    }
}

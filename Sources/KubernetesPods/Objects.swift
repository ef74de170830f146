import IPAMKit
import KubernetesClient

// The API's objects as the core's values.

extension Pod {
    /// - Throws: `PodSourceError` for a name or an address that cannot be one. To pass over an address would be to say
    ///   that the pod does not have it.
    public init(_ pod: KubernetesPod) throws(PodSourceError) {
        let reference: PodReference
        do throws(NameError) {
            reference = PodReference(namespace: try Namespace(pod.namespace), name: try PodName(pod.name))
        } catch {
            throw PodSourceError("Kubernetes has a pod that cannot be one: \(error)")
        }
        var addresses: [IPAddress] = []
        for text in pod.addresses {
            do throws(AddressError) {
                addresses.append(try IPAddress(text))
            } catch {
                throw PodSourceError("Kubernetes says that the pod \(reference) has an address that is none: \(error)")
            }
        }
        self.init(
            reference, uid: pod.uid, annotations: pod.annotations, templateHash: pod.templateHash,
            controller: pod.controller.map { Controller(kind: $0.kind, name: $0.name) }, node: pod.node,
            usesHostNetwork: pod.usesHostNetwork, isTerminal: pod.phase == "Succeeded" || pod.phase == "Failed",
            isTerminating: pod.isTerminating, addresses: addresses)
    }
}

extension Node {
    /// The node as far as addresses are concerned.
    public init(_ node: KubernetesNode) {
        self.init(
            name: node.name, isReady: node.isReady,
            isOutOfService: node.taints.contains("node.kubernetes.io/out-of-service"))
    }
}

import IPAMKit
import KubernetesClient

/// The pods and nodes of a Kubernetes cluster.
public struct KubernetesPodSource: PodSource {
    private let client: KubernetesClient

    /// Takes the client that asks.
    public init(client: KubernetesClient) {
        self.client = client
    }

    public func pod(_ pod: PodReference, deadline: ContinuousClock.Instant) async throws(PodSourceError) -> Pod? {
        let found: KubernetesPod?
        do throws(KubernetesError) {
            found = try await client.pod(
                namespace: pod.namespace.text, name: pod.name.text, deadline: deadline)
        } catch {
            throw PodSourceError(error.description)
        }
        return try found.map { pod throws(PodSourceError) in try Pod(pod) }
    }

    public func node(_ name: String, deadline: ContinuousClock.Instant) async throws(PodSourceError) -> Node? {
        do throws(KubernetesError) {
            return try await client.node(name: name, deadline: deadline).map { Node($0) }
        } catch {
            throw PodSourceError(error.description)
        }
    }

    public func pods(deadline: ContinuousClock.Instant) async throws(PodSourceError) -> [Pod] {
        try await pods(fieldSelector: nil, deadline: deadline)
    }

    public func nodes(deadline: ContinuousClock.Instant) async throws(PodSourceError) -> [Node] {
        do throws(KubernetesError) {
            return try await client.nodes(deadline: deadline).map { Node($0) }
        } catch {
            throw PodSourceError(error.description)
        }
    }

    public func pods(at address: IPAddress, deadline: ContinuousClock.Instant) async throws(PodSourceError) -> [Pod] {
        try await pods(fieldSelector: "status.podIP=\(address)", deadline: deadline)
    }

    private func pods(fieldSelector: String?, deadline: ContinuousClock.Instant) async throws(PodSourceError) -> [Pod] {
        let found: [KubernetesPod]
        do throws(KubernetesError) {
            found = try await client.pods(fieldSelector: fieldSelector, deadline: deadline)
        } catch {
            throw PodSourceError(error.description)
        }
        var pods: [Pod] = []
        pods.reserveCapacity(found.count)
        for pod in found { pods.append(try Pod(pod)) }
        return pods
    }
}

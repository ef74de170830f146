import IPAMKit
import KubernetesClient

/// Looks up the pods and nodes of a Kubernetes cluster.
public struct KubernetesPodSource: PodSource {
    private let client: KubernetesClient

    /// Makes a source that sends its requests with `client`.
    public init(client: KubernetesClient) {
        self.client = client
    }

    /// The pod; nil if it does not exist. See `PodSource`.
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

    /// The node; nil if it does not exist. See `PodSource`.
    public func node(_ name: String, deadline: ContinuousClock.Instant) async throws(PodSourceError) -> Node? {
        do throws(KubernetesError) {
            return try await client.node(name: name, deadline: deadline).map { Node($0) }
        } catch {
            throw PodSourceError(error.description)
        }
    }

    /// All pods. See `PodSource`.
    public func pods(deadline: ContinuousClock.Instant) async throws(PodSourceError) -> Listing<Pod> {
        try await pods(fieldSelector: nil, deadline: deadline)
    }

    /// All nodes. A node that cannot be read counts as ready. See `PodSource`.
    public func nodes(deadline: ContinuousClock.Instant) async throws(PodSourceError) -> Listing<Node> {
        let found: KubernetesList<KubernetesNode>
        do throws(KubernetesError) {
            found = try await client.nodes(deadline: deadline)
        } catch {
            throw PodSourceError(error)
        }
        // Nothing shows that such a node is not ready.
        let named = found.unreadable.compactMap(\.name).map { Node(name: $0, isReady: true, isOutOfService: false) }
        return Listing(found.map { Node($0) } + named, unreadable: found.unreadable.map { UnreadableObject(.node, $0) })
    }

    /// The pods that have not ended, all of which must be readable. See `PodSource`.
    public func livePods(deadline: ContinuousClock.Instant) async throws(PodSourceError) -> [Pod] {
        let found = try await pods(
            fieldSelector: "status.phase!=Succeeded,status.phase!=Failed", deadline: deadline)
        if let first = found.unreadable.first { throw PodSourceError(first.description) }
        return found.items
    }

    /// The identity of the cluster: the UID of its namespace `kube-system`, which every cluster has for its whole life. A CA or
    /// the address of a server does not identify a cluster, because several clusters may share one.
    ///
    /// - Throws: `PodSourceError` if the request to Kubernetes failed.
    public func cluster(deadline: ContinuousClock.Instant) async throws(PodSourceError) -> ClusterIdentity {
        do throws(KubernetesError) {
            guard let namespace = try await client.namespace(name: "kube-system", deadline: deadline) else {
                return .withheld("Kubernetes has no namespace kube-system")
            }
            return .known(namespace.uid)
        } catch {
            if case .forbidden = error {
                return .withheld(
                    "\(error); its user needs an RBAC rule: get on namespaces, resourceNames [kube-system]")
            }
            throw PodSourceError(error.description)
        }
    }

    private func pods(fieldSelector: String?, deadline: ContinuousClock.Instant) async throws(PodSourceError)
        -> Listing<Pod>
    {
        let found: KubernetesList<KubernetesPod>
        do throws(KubernetesError) {
            found = try await client.pods(fieldSelector: fieldSelector, deadline: deadline)
        } catch {
            throw PodSourceError(error)
        }
        var listing = Listing<Pod>([], unreadable: found.unreadable.map { UnreadableObject(.pod, $0) })
        listing.items.reserveCapacity(found.count)
        for pod in found {
            do throws(PodSourceError) {
                listing.items.append(try Pod(pod))
            } catch {
                listing.unreadable.append(UnreadableObject(pod, problem: error.description))
            }
        }
        return listing
    }
}

extension PodSourceError {
    fileprivate init(_ error: KubernetesError) {
        let isForbidden = if case .forbidden = error { true } else { false }
        self.init(error.description, isForbidden: isForbidden)
    }
}

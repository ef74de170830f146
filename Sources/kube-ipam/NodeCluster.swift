import IPAMKit
import KubernetesClient
import KubernetesPods
import Machine
import Synchronization

/// Which Kubernetes cluster this node's pods are of, where the configuration does not say it: the UID of the namespace
/// `kube-system`. It is asked for once a day, and remembered in between, until the node's next start.
///
/// What is remembered is forgotten with another server, authority or path of the kubeconfig, and with each change of the
/// file. It only goes into records: who is judged, is judged by what Kubernetes says at that moment.
final class NodeCluster: Sendable {
    private static let folder = "/run/kube-ipam"
    private static let day: Int64 = 86_400

    private let kubeconfigPath: String
    private let file: RememberedFile
    private let pods: KubernetesPodSource
    /// What this process has been told.
    private let told = Mutex<ClusterIdentity?>(nil)

    /// - Parameter pods: where Kubernetes is asked, by `kubeconfig`.
    init(_ kubeconfig: Kubeconfig, _ pods: KubernetesPodSource) {
        kubeconfigPath = kubeconfig.path
        file = RememberedFile(folder: Self.folder, name: "cluster-\(kubeconfig.connectionDigest)")
        self.pods = pods
    }

    /// The identity that is remembered; nil where it has to be asked for.
    func remembered(at now: Timestamp) -> String? {
        guard let text = file.read(at: now.seconds, youngerThan: Self.day, writtenAfter: kubeconfigPath) else {
            return nil
        }
        return Self.isUID(text) ? text : nil
    }

    /// Asks Kubernetes, once for this process, and remembers the answer.
    var identify: Observer.Identify {
        { [self] deadline async throws(PodSourceError) in try await ask(deadline) }
    }

    private func ask(_ deadline: ContinuousClock.Instant) async throws(PodSourceError) -> ClusterIdentity {
        if let known = told.withLock({ $0 }) { return known }
        let identity = try await pods.cluster(deadline: deadline)
        told.withLock { $0 = identity }
        // Where it cannot be written the next call asks again.
        if case .known(let uid) = identity, Self.isUID(uid) { file.write(uid) }
        return identity
    }

    /// As Kubernetes makes them: a UUID (RFC 9562 section 4) in lower case.
    private static func isUID(_ text: String) -> Bool {
        let dashes = [8, 13, 18, 23]
        return text.utf8.count == 36
            && text.utf8.enumerated().allSatisfy { index, byte in
                dashes.contains(index)
                    ? byte == UInt8(ascii: "-") : (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
            }
    }
}

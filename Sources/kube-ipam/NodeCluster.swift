import IPAMKit
import KubernetesClient
import KubernetesPods
import Machine
import Synchronization

/// The identity of this node's Kubernetes cluster if it is not configured: the UID of the namespace `kube-system`. It is read
/// from Kubernetes once a day, and kept in a file until the node's next start.
///
/// The file is not used if the kubeconfig has changed, or has another server, certification authority or path. Its value is
/// only recorded in attachments. Before a holder is examined, the identity is read from Kubernetes.
final class NodeCluster: Sendable {
    private static let folder = "/run/kube-ipam"
    private static let day: Int64 = 86_400

    private let kubeconfigPath: String
    private let file: RememberedFile
    private let pods: KubernetesPodSource
    /// The answer of Kubernetes to this process.
    private let answer = Mutex<ClusterIdentity?>(nil)

    /// - Parameter pods: the connection to Kubernetes by `kubeconfig`.
    init(_ kubeconfig: Kubeconfig, _ pods: KubernetesPodSource) {
        kubeconfigPath = kubeconfig.path
        file = RememberedFile(folder: Self.folder, name: "cluster-\(kubeconfig.connectionDigest)")
        self.pods = pods
    }

    /// The identity in the file; nil if it has to be read from Kubernetes.
    func remembered(at now: Timestamp) -> String? {
        guard let text = file.read(at: now.seconds, youngerThan: Self.day, writtenAfter: kubeconfigPath) else {
            return nil
        }
        return Self.isUID(text) ? text : nil
    }

    /// Reads the identity from Kubernetes, once in this process, and writes the file.
    var identify: Observer.Identify {
        { [self] deadline async throws(PodSourceError) in try await ask(deadline) }
    }

    private func ask(_ deadline: ContinuousClock.Instant) async throws(PodSourceError) -> ClusterIdentity {
        if let known = answer.withLock({ $0 }) { return known }
        let identity = try await pods.cluster(deadline: deadline)
        answer.withLock { $0 = identity }
        // If the file cannot be written, the next call of the plugin asks Kubernetes again.
        if case .known(let uid) = identity, Self.isUID(uid) { file.write(uid) }
        return identity
    }

    /// Whether a text is a UID of Kubernetes: a UUID (RFC 9562 section 4) in lower case.
    private static func isUID(_ text: String) -> Bool {
        let dashes = [8, 13, 18, 23]
        return text.utf8.count == 36
            && text.utf8.enumerated().allSatisfy { index, byte in
                dashes.contains(index)
                    ? byte == UInt8(ascii: "-") : (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
            }
    }
}

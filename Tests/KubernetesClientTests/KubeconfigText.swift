@testable import KubernetesClient

/// Kubeconfigs for tests, as text.
enum KubeconfigText {
    /// As kubeadm writes one, less the certificates.
    static let ordinary = """
        apiVersion: v1
        clusters:
        - cluster:
            server: https://10.0.0.1:6443
          name: kubernetes
        - cluster:
            server: https://10.0.0.2:6443/k8s/clusters/c-1/
          name: other
        contexts:
        - context:
            cluster: kubernetes
            user: kubernetes-admin
          name: kubernetes-admin@kubernetes
        - context:
            cluster: other
            namespace: prod
            user: bot
          name: bot@other
        current-context: kubernetes-admin@kubernetes
        kind: Config
        preferences: {}
        users:
        - name: kubernetes-admin
          user:
            token: s3cret
        - name: bot
          user: {}

        """

    /// One with these lines in its only cluster and its only user.
    static func with(
        cluster: [String] = ["server: https://10.0.0.1:6443"], user: [String] = ["token: s3cret"]
    ) -> String {
        let lines =
            ["current-context: c", "contexts:", "- name: c", "  context: {cluster: k, user: u}"]
            + ["clusters:", "- name: k", "  cluster:"] + cluster.map { "    \($0)" }
            + ["users:", "- name: u", "  user:"] + user.map { "    \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension Kubeconfig {
    /// One from its text; files are sought in `/nowhere`, unless told otherwise.
    init(_ text: String, folder: String = "/nowhere", context: String? = nil) throws(KubeconfigError) {
        try self.init(text: Array(text.utf8), path: "admin.conf", folder: folder, context: context)
    }
}

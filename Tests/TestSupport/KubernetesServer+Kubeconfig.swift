import Foundation

extension KubernetesServer {
    /// How the user of a kubeconfig proves itself.
    public enum Credentials: Sendable {
        /// Not at all.
        case none
        case token(String)
        /// The path of a file with a token.
        case tokenFile(String)
        /// A certificate and its key, embedded.
        case certificate(CertificateAuthority.Identity)
        /// The files of a certificate and its key, by their paths.
        case certificateFiles(CertificateAuthority.Identity)
    }

    /// Writes a kubeconfig, YAML, into the server's folder.
    ///
    /// - Parameters:
    ///   - name: The file's name.
    ///   - credentials: By default, what the server's access asks for.
    ///   - authority: Whose certificate the kubeconfig trusts; by default the server's.
    ///   - embedsAuthority: False leaves the certificate out, so that the kubeconfig trusts what the system does.
    ///   - server: By default the server's own URL.
    ///   - cluster: Further lines of the cluster, such as `proxy-url: http://127.0.0.1:3128`.
    /// - Returns: The path of the file.
    public func kubeconfig(
        name: String = "kubeconfig", credentials: Credentials? = nil, authority: CertificateAuthority? = nil,
        embedsAuthority: Bool = true, server: String? = nil, cluster: [String] = []
    ) throws -> String {
        let trusted = try Self.base64(ofFile: (authority ?? self.authority).certificate)
        let user: [String]
        switch try credentials ?? defaultCredentials() {
        case .none: user = []
        case .token(let token): user = ["token: \(token)"]
        case .tokenFile(let path): user = ["tokenFile: \(path)"]
        case .certificate(let identity):
            user = [
                "client-certificate-data: \(try Self.base64(ofFile: identity.certificate))",
                "client-key-data: \(try Self.base64(ofFile: identity.key))",
            ]
        case .certificateFiles(let identity):
            user = ["client-certificate: \(identity.certificate)", "client-key: \(identity.key)"]
        }
        let lines =
            [
                "apiVersion: v1", "kind: Config", "current-context: test", "contexts:", "- name: test", "  context:",
                "    cluster: test", "    user: tester", "clusters:", "- name: test", "  cluster:",
                "    server: \(server ?? url)",
            ] + (access == .plain || !embedsAuthority ? [] : ["    certificate-authority-data: \(trusted)"])
            + cluster.map { "    \($0)" } + ["users:", "- name: tester", "  user:\(user.isEmpty ? " {}" : "")"]
            + user.map { "    \($0)" }
        return try folder.write(lines.joined(separator: "\n") + "\n", to: name).path
    }

    private func defaultCredentials() throws -> Credentials {
        switch access {
        case .anyone, .plain: .none
        case .token: .token(Self.token)
        case .clientCertificate: .certificate(try authority.client(commonName: "kube-ipam"))
        }
    }

    private static func base64(ofFile path: String) throws -> String {
        try Data(contentsOf: URL(fileURLWithPath: path)).base64EncodedString()
    }
}

import Foundation
import TestSupport
import Testing

@testable import KubernetesClient

@Suite struct KubeconfigFileTests {
    static let authority = Result { try CertificateAuthority() }

    private func base64(_ path: String) throws -> String {
        try Data(contentsOf: URL(fileURLWithPath: path)).base64EncodedString()
    }

    @Test func theFingerprintIsThatOfTheFirstCertificate() async throws {
        let authority = try Self.authority.get()
        let openssl = try await runProcess(
            "openssl", ["x509", "-in", authority.certificate, "-noout", "-fingerprint", "-sha256"],
            environment: ["PATH": "/usr/bin:/bin"])
        let expected = try #require(openssl.stdoutText.split(separator: "=").last)
            .filter { $0.isHexDigit }.lowercased()
        #expect(expected.count == 64)
        let pem = try String(contentsOfFile: authority.certificate, encoding: .utf8)
        let folder = try TemporaryDirectory(prefix: "kubeconfig")
        let other = try String(contentsOfFile: authority.server.certificate, encoding: .utf8)
        try folder.write(
            "Subject: someone\r\n" + pem.replacingOccurrences(of: "\n", with: "\r\n") + other, to: "ca.pem")
        for line in [
            "certificate-authority: \(authority.certificate)", "certificate-authority: ca.pem",
            "certificate-authority-data: \(try base64(authority.certificate))",
        ] {
            let text = KubeconfigText.with(cluster: ["server: https://h", line])
            #expect(try Kubeconfig(text, folder: folder.path).clusterFingerprint == expected, "\(line)")
        }
        // With a key in front, as some tools write it.
        let key = try String(contentsOfFile: authority.server.key, encoding: .utf8)
        #expect(PEMText.firstCertificate(Array((key + pem).utf8)) == PEMText.firstCertificate(Array(pem.utf8)))
    }

    @Test func hashesAsSha256sum() async throws {
        var generator = SeededGenerator(seed: 7)
        for count in [1, 55, 56, 63, 64, 65, 119, 120, 1000, 70_000] {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let tool = try await runProcess(
                "sha256sum", [], environment: ["PATH": "/usr/bin:/bin"], stdin: Data(bytes))
            let hash = SHA256.hash(bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            #expect(tool.stdoutText.hasPrefix(hash + " "), "\(count) bytes")
        }
    }

    @Test func pathsCountFromTheKubeconfigsFolder() throws {
        let authority = try Self.authority.get()
        let identity = try authority.client(commonName: "alice")
        let folder = try TemporaryDirectory(prefix: "kubeconfig")
        for (name, path) in [
            ("ca.pem", authority.certificate), ("me.pem", identity.certificate), ("me.key", identity.key),
        ] {
            try folder.write(try String(contentsOfFile: path, encoding: .utf8), to: name)
        }
        try folder.write("fresh\n", to: "token")
        let path = try folder.write(
            KubeconfigText.with(
                cluster: ["server: https://h", "certificate-authority: ca.pem"],
                user: ["client-certificate: ./me.pem", "client-key: me.key", "tokenFile: token", "token: stale"]),
            to: "config"
        ).path
        let kubeconfig = try Kubeconfig(contentsOf: path)
        #expect(kubeconfig.tls.trustRoots == .file("\(folder.path)/ca.pem"))
        #expect(kubeconfig.tls.certificate == .file("\(folder.path)/./me.pem"))
        #expect(kubeconfig.tls.privateKey == .file("\(folder.path)/me.key"))
        #expect(try kubeconfig.token?.current() == "fresh")
        // As client-go: the text stands in for a file that cannot be read.
        try FileManager.default.removeItem(atPath: "\(folder.path)/token")
        #expect(try kubeconfig.token?.current() == "stale")
    }
}

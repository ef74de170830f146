import Digest
import Foundation
import TestSupport
import Testing

@testable import KubernetesClient

@Suite struct KubeconfigFileTests {
    static let authority = Result { try CertificateAuthority() }

    private func base64(_ path: String) throws -> String {
        try Data(contentsOf: URL(fileURLWithPath: path)).base64EncodedString()
    }

    @Test func theDigestChangesWithTheServerTheAuthorityAndTheFile() throws {
        let authority = try Self.authority.get()
        let other = try CertificateAuthority(name: "another")
        let pem = try String(contentsOfFile: authority.certificate, encoding: .utf8)
        let folder = try TemporaryDirectory(prefix: "kubeconfig")
        // Windows' line ends, text in front and another certificate behind: the same authority.
        try folder.write(
            "Subject: someone\r\n" + pem.replacingOccurrences(of: "\n", with: "\r\n")
                + String(contentsOfFile: authority.server.certificate, encoding: .utf8), to: "ca.pem")
        func digest(_ lines: [String], file: String = "config") throws -> String {
            let path = try folder.write(KubeconfigText.with(cluster: lines), to: file).path
            return try Kubeconfig(contentsOf: path).connectionDigest
        }
        let server = "server: https://h"
        let known = try digest([server, "certificate-authority: \(authority.certificate)"])
        #expect(known.count == 64 && known.allSatisfy { $0.isHexDigit && !$0.isUppercase })
        for line in [
            "certificate-authority: ca.pem", "certificate-authority-data: \(try base64(authority.certificate))",
        ] {
            #expect(try digest([server, line]) == known, "\(line)")
        }
        let same = "certificate-authority: ca.pem"
        for lines in [
            [server, "certificate-authority: \(other.certificate)"], [server], ["server: https://h:6443", same],
            [server, same, "proxy-url: http://p"], [server, same, "tls-server-name: x"],
        ] {
            #expect(try digest(lines) != known, "\(lines)")
        }
        #expect(try digest([server, same], file: "copy") != known)
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

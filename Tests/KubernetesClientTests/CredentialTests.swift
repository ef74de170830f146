import Foundation
import HTTPTransport
import TestSupport
import Testing

@testable import KubernetesClient

@Suite(.serialized) struct CredentialTests {
    static let authority = Result { try CertificateAuthority() }
    static let stranger = Result { try CertificateAuthority(name: "a stranger") }

    private func server(_ access: KubernetesServer.Access) async throws -> KubernetesServer {
        try await KubernetesServer.start(access, authority: try Self.authority.get())
    }

    private func failure(_ kubeconfig: String) async throws -> KubernetesError {
        let client = try KubernetesClient.of(kubeconfig)
        return try await #require(throws: KubernetesError.self) { try await client.nodes(deadline: farOff) }
    }

    private func isAnswered(_ kubeconfig: String) async throws -> Bool {
        try await KubernetesClient.of(kubeconfig).nodes(deadline: farOff).isEmpty
    }

    @Test func aWrongTokenIsRefused() async throws {
        let server = try await server(.token)
        for credentials in [KubernetesServer.Credentials.none, .token("wrong")] {
            let error = try await failure(try server.kubeconfig(credentials: credentials))
            #expect(error == .unauthorized(error.question, message: "Unauthorized"), "\(error)")
        }
        #expect(server.requests.count == 2)
    }

    @Test func aTokenFileIsReadForEachRequest() async throws {
        let server = try await server(.token)
        let file = try server.folder.write("first\n", to: "token").path
        let client = try KubernetesClient.of(try server.kubeconfig(credentials: .tokenFile(file)))
        try server.accept(tokens: ["first"])
        _ = try await client.nodes(deadline: farOff)
        try server.accept(tokens: ["second"])
        try server.folder.write("second", to: "token")
        _ = try await client.nodes(deadline: farOff)
        let tokens = try server.seenRequests().map { $0.headers["authorization"] }
        #expect(tokens == ["Bearer first", "Bearer second"])
        for (text, words) in [("", "which is empty"), ("two words", "which is not one word without white space")] {
            try server.folder.write(text, to: "token")
            let error = try await #require(throws: KubernetesError.self) { try await client.nodes(deadline: farOff) }
            #expect(error.description.contains("names the token file \(file), \(words)"), "\(error)")
        }
        try FileManager.default.removeItem(atPath: file)
        let error = try await #require(throws: KubernetesError.self) { try await client.nodes(deadline: farOff) }
        #expect(error.description.contains("which cannot be read: No such file"), "\(error)")
        #expect(server.requests.count == 2)
    }

    @Test func aClientCertificateIsShown() async throws {
        let server = try await server(.clientCertificate)
        #expect(try await isAnswered(try server.kubeconfig()))
        let nobody = try await failure(try server.kubeconfig(credentials: KubernetesServer.Credentials.none))
        guard case .unauthorized = nobody else { return #expect(Bool(false), "\(nobody)") }
        let stranger = try Self.stranger.get().client(commonName: "mallory")
        let refused = try await failure(try server.kubeconfig(credentials: .certificate(stranger)))
        // The alert may meet the request, and a reset connection may overtake the alert.
        switch refused {
        case .untrusted, .cutOff: break
        default: #expect(Bool(false), "\(refused)")
        }
    }

    @Test func aCertificateThatBecameUnusableIsNamed() async throws {
        let server = try await server(.clientCertificate)
        let identity = try server.authority.client(commonName: "alice")
        let folder = server.folder
        try folder.write(try String(contentsOfFile: identity.certificate, encoding: .utf8), to: "me.pem")
        try folder.write(try String(contentsOfFile: identity.key, encoding: .utf8), to: "me.key")
        let path = try folder.write(
            KubeconfigText.with(
                cluster: ["server: \(server.url)", "certificate-authority: \(server.authority.certificate)"],
                user: ["client-certificate: me.pem", "client-key: me.key"]),
            to: "files"
        ).path
        let client = try KubernetesClient.of(path)
        #expect(try await client.nodes(deadline: farOff).isEmpty)
        try folder.write("-----BEGIN CERTIFICATE-----\n", to: "me.pem")
        let other = KubernetesClient(client.kubeconfig, userAgent: "tests", loop: .onOwnThread())
        let error = try await #require(throws: KubernetesError.self) { try await other.nodes(deadline: farOff) }
        guard case .invalidCredentials = error else { return #expect(Bool(false), "\(error)") }
        #expect(error.description.contains("me.pem"), "\(error)")
    }

    // MARK: The server's certificate

    @Test func anUntrustedServerIsToldNothing() async throws {
        let server = try await server(.token)
        for path in [
            try server.kubeconfig(name: "other-authority", authority: try Self.stranger.get()),
            try server.kubeconfig(name: "no-authority", embedsAuthority: false),
        ] {
            let error = try await failure(path)
            guard case .untrusted = error else { return #expect(Bool(false), "\(error)") }
            #expect(error.description.contains("TLS failed ("), "\(error)")
            #expect(!error.isTransient)
        }
        #expect(server.requests.isEmpty)
    }

    @Test func aServerMayBeTakenUnseen() async throws {
        let server = try await server(.token)
        #expect(
            try await isAnswered(
                try server.kubeconfig(embedsAuthority: false, cluster: ["insecure-skip-tls-verify: true"])))
    }

    @Test func anotherNameMayStandForTheServer() async throws {
        let server = try await server(.token)
        #expect(try await isAnswered(try server.kubeconfig(cluster: ["tls-server-name: localhost"])))
        let error = try await failure(try server.kubeconfig(cluster: ["tls-server-name: api.example"]))
        guard case .untrusted = error else { return #expect(Bool(false), "\(error)") }
        #expect(error.description.contains("api.example"), "\(error)")
    }

    @Test func aProxyIsGoneThrough() async throws {
        let server = try await server(.token)
        let proxy = try await ScriptedServer.start(.http)
        #expect(try await isAnswered(try server.kubeconfig(cluster: ["proxy-url: \(proxy.url)"])))
        #expect(proxy.count("CONNECT 127.0.0.1:\(server.port)") == 1)
        #expect(server.requests.count == 1)
        let nobody = try MisbehavingServer(.refuse)
        let path = try server.kubeconfig(cluster: ["proxy-url: http://127.0.0.1:\(nobody.port)"])
        let client = try KubernetesClient.of(path)
        let error = try await #require(throws: KubernetesError.self) {
            try await client.nodes(deadline: .now + .milliseconds(300))
        }
        guard case .unreachable = error else { return #expect(Bool(false), "\(error)") }
    }
}

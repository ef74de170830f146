import Foundation
import HTTPTransport
import TestSupport
import Testing

@Suite(.serialized) struct TLSTests {
    static let authority = Result { try CertificateAuthority() }
    static let stranger = Result { try CertificateAuthority(name: "a stranger") }
    let authority: CertificateAuthority
    let client = HTTPClient(loop: .onOwnThread())

    init() throws {
        authority = try Self.authority.get()
    }

    private func request(_ server: ScriptedServer, _ path: String = "/bytes/3", host: String = "127.0.0.1")
        -> HTTPRequest
    {
        var request = HTTPRequest(url: "https://\(host):\(server.port)" + path)
        request.tls.trustRoots = .file(authority.certificate)
        return request
    }

    private func failure(_ request: HTTPRequest) async throws -> HTTPError {
        try await #require(throws: HTTPError.self) { try await client.send(request) }
    }

    @Test func trustsRootsFromFileOrMemory() async throws {
        let server = try await ScriptedServer.start(.https(authority))
        for host in ["127.0.0.1", "localhost"] {
            for roots in [TLSOptions.PEM.file(authority.certificate), .bytes(try bytes(authority.certificate))] {
                var request = request(server, host: host)
                request.tls.trustRoots = roots
                #expect(try await client.send(request).body.count == 3)
            }
        }
    }

    /// OpenSSL would wait for the pipe's writer, for ever.
    @Test func aPipeIsNoCertificateFile() async throws {
        let folder = try TemporaryDirectory()
        let pipe = folder.file("pipe").path
        #expect(mkfifo(pipe, 0o600) == 0)
        let server = try await ScriptedServer.start(.https(authority))
        for change in [
            { (tls: inout TLSOptions) in tls.trustRoots = .file(pipe) },
            { (tls: inout TLSOptions) in
                tls.certificate = .file(pipe)
                tls.privateKey = .file(pipe)
            },
        ] {
            var request = request(server)
            change(&request.tls)
            let error = try await failure(request)
            #expect(error.kind == .invalidRequest && error.detail == "\(pipe) is not a file")
        }
    }

    @Test(arguments: CertificateAuthority.Encryption.allCases)
    func anEncryptedKeyIsRefusedBeforeAnythingIsSent(_ encryption: CertificateAuthority.Encryption) async throws {
        let server = try await ScriptedServer.start(.https(authority))
        let plain = try authority.client(commonName: "alice")
        let identity = try authority.encrypted(plain, encryption)
        let problem = "is encrypted: it must be a private key without a passphrase"
        let folder = try TemporaryDirectory()
        let both = try folder.write(
            String(contentsOfFile: identity.key, encoding: .utf8)
                + String(contentsOfFile: identity.certificate, encoding: .utf8), to: "both.pem"
        ).path
        let cases: [(TLSOptions.PEM, TLSOptions.PEM?, String)] = [
            (.file(plain.certificate), .file(identity.key), "the key \(identity.key) \(problem)"),
            (.file(plain.certificate), .bytes(try bytes(identity.key)), "the client's key \(problem)"),
            (.file(both), nil, "the key \(both) \(problem)"),
        ]
        for (certificate, key, detail) in cases {
            var request = request(server)
            request.tls.certificate = certificate
            request.tls.privateKey = key
            let error = try await failure(request)
            #expect(error.kind == .invalidRequest && error.detail == detail, "\(error)")
        }
        #expect(server.count("connection") == 0)
        // A key of its own counts alone, whatever stands beside the certificate.
        var request = request(server)
        request.tls.certificate = .file(both)
        request.tls.privateKey = .file(plain.key)
        #expect(try await client.send(request).body.count == 3)
    }

    @Test func distrustsAStranger() async throws {
        let server = try await ScriptedServer.start(.https(authority))
        let stranger = try Self.stranger.get()
        var request = request(server)
        // Once trusted, the connection stays in the pool: other roots must not find it there.
        _ = try await client.send(request)
        for roots in [TLSOptions.PEM.file(stranger.certificate), .bytes(try bytes(stranger.certificate)), nil] {
            request.tls.trustRoots = roots
            let error = try await failure(request)
            #expect(error.kind == .tls)
            #expect(!error.mayHaveReachedServer)
        }
        request.tls.verifiesServer = false
        #expect(try await client.send(request).body.count == 3)
    }

    @Test func theNameMustBeTheServers() async throws {
        let server = try await ScriptedServer.start(.https(authority))
        #expect(try await failure(request(server, host: "127.0.0.2")).kind != .interrupted)
        var other = request(server)
        other.tls.serverName = "etcd.example"
        let error = try await failure(other)
        #expect(error.kind == .tls)
        #expect(error.detail.contains("etcd.example"), "\(error)")
    }

    @Test func anotherNameMayStandForTheServer() async throws {
        let server = try await ScriptedServer.start(.https(authority))
        var request = request(server, "/echo")
        request.tls.serverName = "localhost"
        let text = try await client.send(request).text
        #expect(text.contains("Host: 127.0.0.1:\(server.port)"), "\(text)")
        for name in ["", "a b", "a/b", "a\0b"] {
            request.tls.serverName = name
            #expect(try await failure(request).kind == .invalidRequest, "\(name)")
        }
    }

    @Test func unusableFilesAreNamed() async throws {
        let server = try await ScriptedServer.start(.https(authority))
        var wrongs: [HTTPRequest] = []
        for path in ["/nowhere/ca.pem", "/etc/hostname"] {
            var request = request(server)
            request.tls.trustRoots = .file(path)
            wrongs.append(request)
            request.tls.trustRoots = .file(authority.certificate)
            request.tls.certificate = .file(path)
            request.tls.privateKey = .file(authority.server.key)
            wrongs.append(request)
            request.tls.certificate = .file(authority.server.certificate)
            request.tls.privateKey = .file(path)
            wrongs.append(request)
        }
        for wrong in wrongs {
            let error = try await failure(wrong)
            #expect(error.kind == .invalidRequest, "\(error)")
            #expect(!error.mayHaveReachedServer)
        }
    }

    @Test(.needs(.etcd), arguments: EtcdServer.Version.allCases)
    func aClientProvesItselfFromFilesOrMemory(_ version: EtcdServer.Version) async throws {
        let etcd = try await EtcdServer.start(version: version, security: .mutualTLS)
        let authority = try #require(etcd.certificates)
        let identity = try authority.client(commonName: "alice")
        var request = RawGRPC.range(etcd)
        request.tls.certificate = .file(identity.certificate)
        request.tls.privateKey = .file(identity.key)
        #expect(try await client.send(request).trailers["grpc-status"] == "0")
        request.tls.trustRoots = .bytes(try bytes(authority.certificate))
        request.tls.certificate = .bytes(try bytes(identity.certificate))
        request.tls.privateKey = .bytes(try bytes(identity.key))
        #expect(try await client.send(request).trailers["grpc-status"] == "0")
    }

    @Test(.needs(.etcd)) func aServerThatWantsAnotherCertificateAnswersNothing() async throws {
        let etcd = try await EtcdServer.start(security: .mutualTLS)
        let stranger = try Self.stranger.get().client(commonName: "mallory")
        var request = RawGRPC.range(etcd)
        for identity in [nil, stranger] {
            request.tls.certificate = identity.map { .file($0.certificate) }
            request.tls.privateKey = identity.map { .file($0.key) }
            // In TLS 1.3 the refusal comes behind the handshake, and a reset connection may overtake it: any error but
            // that of a server that keeps us waiting.
            #expect(try await failure(request).kind != .timedOut)
        }
        #expect(try etcd.grpcCalls("Range") == 0)
    }

    @Test(arguments: [("-tls1_1", false), ("-tls1_2", true), ("-tls1_3", true)])
    func spokenFromTLS12On(_ option: String, _ isSpoken: Bool) async throws {
        let folder = try TemporaryDirectory(prefix: "openssl")
        let port = try await freePort()
        let server = try SupervisedProcess(
            name: "openssl", log: folder.file("log"), executable: "openssl",
            arguments: [
                "s_server", "-accept", "127.0.0.1:\(port)", "-cert", authority.server.certificate, "-key",
                authority.server.key, option, "-cipher", "DEFAULT:@SECLEVEL=0", "-www",
            ])
        try server.start()
        let deadline = ContinuousClock.now + .seconds(60)
        while !server.logText.contains("ACCEPT"), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        var request = HTTPRequest(url: "https://127.0.0.1:\(port)/")
        request.tls.trustRoots = .file(authority.certificate)
        if isSpoken {
            #expect(try await client.send(request).text.contains("s_server"))
        } else {
            // The server is there and speaks what others accept.
            let others = try await runProcess(
                "openssl",
                ["s_client", "-connect", "127.0.0.1:\(port)", option, "-cipher", "DEFAULT:@SECLEVEL=0"],
                environment: ["PATH": "/usr/bin:/bin"])
            #expect(others.stdoutText.contains("TLSv1.1"), "\(others.stdoutText)\(others.stderrText)")
            #expect(try await failure(request).kind == .tls)
        }
    }

    private func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// A port that nothing listens on.
    private func freePort() async throws -> UInt16 {
        let server = try MisbehavingServer(.refuse)
        defer { server.stop() }
        return server.port
    }
}

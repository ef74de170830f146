import Foundation
import HTTPTransport
import TestSupport
import Testing

/// Certificates as servers send them and files have them.
@Suite struct CertificateTests {
    private let authority: CertificateAuthority

    init() throws {
        authority = try CertificateAuthority()
    }

    private func certificates(_ path: String) throws -> [X509Certificate] {
        X509Certificate.all(inPEM: [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    }

    @Test func aCertificateIsReadAsOpenSSLReadsIt() async throws {
        let found = try #require(try certificates(authority.server.certificate).first)
        #expect(found.subject == "localhost" && found.issuer == "kube-ipam test CA")
        #expect(found.dnsNames == ["localhost"] && found.ipAddresses == ["127.0.0.1"])
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "yyyy-MM-dd HH:mm:ss'Z'"
        for (option, seconds) in [("-startdate", found.notBefore), ("-enddate", found.notAfter)] {
            let line = try await runProcess(
                "openssl",
                ["x509", "-noout", option, "-dateopt", "iso_8601", "-in", authority.server.certificate]
            ).checked().stdoutText
            let date = Date(timeIntervalSince1970: TimeInterval(seconds))
            #expect(line.contains(format.string(from: date)), "\(line)")
        }
    }

    /// From 2050 on, certificates have times in another format (RFC 5280 section 4.1.2.5).
    @Test func aTimeAfterTheYear2050IsRead() throws {
        try authority.replaceServer(from: -3650, to: 36_500)
        let found = try #require(try certificates(authority.server.certificate).first)
        #expect(abs(Double(found.notAfter) - Date().timeIntervalSince1970 - 36_500 * 86_400) < 600)
        #expect(abs(Double(found.notBefore) - Date().timeIntervalSince1970 + 3650 * 86_400) < 600)
    }

    @Test(arguments: [
        ("DNS:etcd.example,DNS:*.pods.example", "ETCD.example", true), ("DNS:*.pods.example", "a.pods.example", true),
        ("DNS:*.pods.example", "a.b.pods.example", false), ("DNS:*.pods.example", "pods.example", false),
        ("DNS:etcd.example", "localhost", false), ("IP:10.0.0.1", "10.0.0.1", true), ("IP:10.0.0.1", "10.0.0.2", false),
        ("IP:fd00::1", "fd00:0::1", true), ("DNS:10.0.0.1", "10.0.0.1", false),
    ])
    func namesAreComparedAsOpenSSLDoes(names: String, host: String, isCovered: Bool) throws {
        try authority.replaceServer(from: -1, to: 1, names: names)
        let found = try #require(try certificates(authority.server.certificate).first)
        #expect(found.covers(host) == isCovered, "\(found)")
    }

    @Test func aFileMayHaveSeveralCertificatesAndOtherText() throws {
        let texts = try [authority.server.certificate, authority.server.key, authority.certificate].map {
            try String(contentsOfFile: $0, encoding: .utf8)
        }
        let all = X509Certificate.all(inPEM: Array(("a remark\r\n" + texts.joined()).utf8))
        #expect(all.map(\.subject) == ["localhost", "kube-ipam test CA"])
    }

    /// A certificate comes from whoever answers.
    @Test func damagedCertificatesAreRefusedAndNeverCrash() throws {
        let text = try String(contentsOfFile: authority.server.certificate, encoding: .utf8)
        let base64 = text.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
        let der = [UInt8](try #require(Data(base64Encoded: base64)))
        #expect(X509Certificate(der: der) != nil)
        for count in 0..<60 { #expect(X509Certificate(der: Array(der.prefix(count))) == nil) }
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<20_000 {
            var damaged = der
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                damaged[Int.random(in: damaged.indices, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            _ = X509Certificate(der: damaged)
        }
    }

    @Test func aResponseHasTheServersCertificatesIfTheyWereAskedFor() async throws {
        let server = try await ScriptedServer.start(.https(authority))
        let client = HTTPClient(loop: .onOwnThread())
        var request = HTTPRequest(url: "https://127.0.0.1:\(server.port)/bytes/3")
        request.tls.trustRoots = .file(authority.certificate)
        #expect(try await client.send(request).certificates.isEmpty)
        request.recordsCertificates = true
        // Also over a connection that could be used again.
        for _ in 0..<2 { #expect(try await client.send(request).certificates.first?.subject == "localhost") }
    }
}

import Foundation
import HTTPTransport
import IPAMKit
import TestSupport
import Testing

@testable import ipamctl

/// What `ipamctl doctor` says about certificates: as values at chosen times, and of real servers.
@Suite struct DoctorCertificateTests {
    private let authority: CertificateAuthority

    init() throws {
        authority = try CertificateAuthority()
    }

    private func certificates(_ path: String) throws -> [X509Certificate] {
        X509Certificate.all(inPEM: [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    }

    private func check(
        _ host: String = "127.0.0.1", problem: String? = nil, afterDays days: Double = 0
    ) throws -> Check {
        let chain = try certificates(authority.server.certificate)
        let now = Timestamp(seconds: Int64(Date().timeIntervalSince1970 + days * 86_400))
        return .server(ServerCertificates(chain: chain, problem: problem, host: host), of: "https://e:1", at: now)
    }

    @Test func thereIsAWarningBeforeACertificateExpires() throws {
        try authority.replaceServer(from: -1, to: 364.5)
        #expect(try check().status == .ok)
        #expect(try check().seen.contains("localhost, issued by kube-ipam test CA, valid for 364 days"))
        #expect(try check(afterDays: 334).status == .ok)
        let soon = try check(afterDays: 335)
        #expect(soon.status == .warning && soon.seen.contains("expires in 29 days, on 20"), "\(soon)")
        let late = try check(afterDays: 365)
        #expect(late.status == .failed && late.seen.contains("has expired on 20"), "\(late)")
        #expect(try check(afterDays: -2).seen.contains("is valid only from"))
    }

    /// Certificates that are renewed every few days always have less than 30 days left.
    @Test func aCertificateOfAFewDaysIsJudgedByAFifthOfItsTime() throws {
        try authority.replaceServer(from: 0, to: 10)
        #expect(try check(afterDays: 7).status == .ok)
        #expect(try check(afterDays: 8.5).status == .warning)
    }

    @Test func aWrongNameAndAnUnknownAuthorityAreFailures() throws {
        let name = try check("etcd.example")
        #expect(name.status == .failed)
        #expect(name.seen == "the certificate is not for etcd.example, but for localhost, 127.0.0.1")
        let untrusted = try check(problem: "unable to get local issuer certificate")
        #expect(untrusted.status == .failed && untrusted.seen.contains("issued by kube-ipam test CA"), "\(untrusted)")
        let nothing = Check.server(
            ServerCertificates(chain: [], problem: "x", host: "h"), of: "u", at: Timestamp(seconds: 0))
        #expect(nothing.status == .failed && nothing.seen == "x")
        let file = Check.file([], .clientCertificate, "/etc/c.pem", at: Timestamp(seconds: 0))
        #expect(file.status == .failed && file.seen == "the file has no certificate in PEM")
    }

    @Test(.needs(.etcd, .root)) func realCertificatesAreChecked() async throws {
        let server = try await EtcdServer.start(security: .mutualTLS)
        let authority = try #require(server.certificates)
        let client = try authority.client(commonName: "admin")
        let site = try await AdminSite(
            server, tls: TLSOptions(caFile: authority.certificate, certFile: client.certificate, keyFile: client.key))
        let connection = [
            "--endpoints", server.clientURL, "--cert", client.certificate, "--key", client.key, "--cacert",
        ]
        func report(_ authority: String) async throws -> DoctorReport {
            try DoctorReport(try await site.run(["doctor"] + connection + [authority, "-o", "json"], environment: [:]))
        }
        let good = try await report(authority.certificate)
        #expect(good.status("server-certificate") == ["ok"] && good.status("etcd-endpoint") == ["ok"], "\(good)")
        #expect(good.status("client-certificate") == ["ok"] && good.status("ca-certificate") == ["ok"], "\(good)")
        #expect(good.seen("client-certificate").hasPrefix("admin, issued by kube-ipam test CA"))

        let stranger = try CertificateAuthority(name: "a stranger")
        let untrusted = try await report(stranger.certificate)
        #expect(untrusted.exit == 1 && untrusted.status("server-certificate") == ["failed"], "\(untrusted)")
        #expect(untrusted.seen("server-certificate").contains("issued by kube-ipam test CA"), "\(untrusted)")

        try authority.replaceServer(from: -10, to: -1)
        let expired = try await report(authority.certificate)
        #expect(expired.status("server-certificate") == ["failed"] && expired.status("etcd-endpoint") == ["failed"])
        #expect(expired.seen("server-certificate").contains("has expired on"), "\(expired)")

        try authority.replaceServer(from: -10, to: 1)
        let soon = try await report(authority.certificate)
        #expect(soon.exit == 0 && soon.status("server-certificate") == ["warning"], "\(soon)")
        #expect(soon.seen("server-certificate").contains("expires in 2"), "\(soon)")

        try authority.replaceServer(from: -1, to: 300, names: "DNS:etcd.example")
        let other = try await report(authority.certificate)
        #expect(other.seen("server-certificate").contains("not for 127.0.0.1, but for etcd.example"), "\(other)")
    }
}

import EtcdClient
import Foundation
import HTTPTransport
import TestSupport
import Testing

@Suite(.needs(.etcd, .root)) struct ConnectionTests {
    @Test func anOptionWinsOverIPAMCTLVariables_theseOverFiles_andFilesOverETCDCTLOnes() async throws {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-1")
        let good = site.server.clientURL
        let bad = "http://127.0.0.1:1"
        try site.files.write(AdminSite.cniFile(etcd: bad), to: "10-k8s.conf")
        let cases: [([String], [String: String], Bool)] = [
            (["--endpoints", good], ["IPAMCTL_ENDPOINTS": bad, "ETCDCTL_ENDPOINTS": bad], true),
            ([], ["IPAMCTL_ENDPOINTS": good, "ETCDCTL_ENDPOINTS": bad], true),
            ([], ["ETCDCTL_ENDPOINTS": good], false), ([], [:], false),
            ([], ["IPAMCTL_ENDPOINTS": bad, "ETCDCTL_ENDPOINTS": good], false),
            (["--endpoints", bad], ["IPAMCTL_ENDPOINTS": good], false),
            (["--endpoints", "\(bad), \(good)"], [:], true), (["--endpoints", String(good.dropFirst(7))], [:], true),
            ([], ["IPAMCTL_ENDPOINTS": "", "ETCDCTL_ENDPOINTS": good], false),
            (["--endpoints", " \(bad) , \(good) ,\n"], [:], true), ([], ["IPAMCTL_ENDPOINTS": "\(good) "], true),
            ([], ["IPAMCTL_ENDPOINTS": good, "IPAMCTL_NETWORK": "k8s"], true),
        ]
        for (options, environment, works) in cases {
            let output = try await site.run(["list", "-o", "name"] + options, environment: environment)
            #expect(output.status == (works ? 0 : 2), "\(options) \(environment): \(output.stderrText)")
            #expect(works == (output.lines == ["10.188.0.2", "fd00:188::2"]), "\(options) \(environment)")
        }
        let verbose = try await site.run("list", "-v").checked()
        #expect(verbose.stderrText == "etcd: \(good) (IPAMCTL_ENDPOINTS)\n")
        let option = try await site.run("list", "-v", "--endpoints", good).checked()
        #expect(option.stderrText == "etcd: \(good) (--endpoints)\n")
        try FileManager.default.removeItem(at: site.files.file("10-k8s.conf"))
        let etcdctl = try await site.run("list", "-v", environment: ["ETCDCTL_ENDPOINTS": good]).checked()
        #expect(etcdctl.stderrText == "etcd: \(good) (ETCDCTL_ENDPOINTS)\n")
    }

    /// As on a control plane, where ETCDCTL_* are those of its own etcd.
    @Test func aReservationGoesToTheEtcdOfTheCNIFileWhateverETCDCTLVariablesSay() async throws {
        let site = try await AdminSite()
        let control = try await AdminSite()
        try site.files.write(AdminSite.cniFile(etcd: site.server.clientURL), to: "10-k8s.conf")
        let environment = [
            "ETCDCTL_ENDPOINTS": control.server.clientURL, "ETCDCTL_CACERT": "/nowhere/ca.pem",
            "ETCDCTL_CERT": "/nowhere/cert.pem", "ETCDCTL_KEY": "/nowhere/key.pem", "ETCDCTL_USER": "root:wrong",
        ]
        let output = try await site.run(
            "reserve", "10.188.0.20", "--for", "default/db-0", "-v", environment: environment
        ).checked()
        #expect(
            output.stderrText == "etcd: \(site.server.clientURL) (network k8s in /etc/cni/net.d/10-k8s.conf); "
                + "ETCDCTL_ENDPOINTS is not used\n")
        #expect(try await site.held() == ["reservations/10.188.0.20", "claims/default/pod/db-0/10.188.0.20"])
        #expect(try await control.dump().isEmpty)
    }

    /// Neither the certificates nor the user of one go to the etcd of another.
    @Test func settingsOfTwoSourcesAreNotMixed() async throws {
        let site = try await AdminSite()
        let url = site.server.clientURL
        let file = AdminSite.cniFile(
            etcd: url, more: #","etcdUsername":"reader","etcdPassword":"pw","etcdTrustedCAFile":"/pki/ca.pem""#)
        try site.files.write(file, to: "10-k8s.conf")
        let place = "network k8s in /etc/cni/net.d/10-k8s.conf"
        let cases: [([String], [String: String], String, String)] = [
            (["--cert", "/c", "--key", "/k"], [:], "--cert and --key", "--cacert /pki/ca.pem"),
            (["--user", "root:secret"], [:], "--user", "--cacert /pki/ca.pem"),
            (["--cacert", "/ca"], [:], "--cacert", ""),
            ([], ["IPAMCTL_USER": "root:secret"], "IPAMCTL_USER", "--cacert /pki/ca.pem"),
        ]
        for (options, environment, names, rest) in cases {
            for command in [["list"], ["reserve", "10.188.0.20"]] {
                let output = try await site.run(command + options, environment: environment)
                #expect(output.isProperFailure && output.status == 64, "\(options): \(output.stderrText)")
                #expect(
                    output.stderrText == "ipamctl: \(names) without --endpoints: the endpoints come from \(place), and "
                        + "settings of different sources are not combined\nhint: for that etcd add --endpoints \(url)"
                        + (rest.isEmpty ? "" : " " + rest) + "\n")
            }
        }
        // Whoever names the endpoints gets nothing of the file's: neither its user nor its authority, which is not there.
        _ = try await site.run("list", "--endpoints", url, environment: [:]).checked()
        try FileManager.default.removeItem(at: site.files.file("10-k8s.conf"))
        let etcdctl = try await site.run("list", "--user", "root:secret", environment: ["ETCDCTL_ENDPOINTS": url])
        #expect(
            etcdctl.isProperFailure && etcdctl.stderrText.contains("the endpoints come from ETCDCTL_ENDPOINTS"),
            "\(etcdctl.stderrText)")
        #expect(try await site.dump().isEmpty)
    }

    /// It may be the one that says where the store is.
    @Test func aFileThatCannotBeUsedKeepsETCDCTLVariablesFromCounting() async throws {
        let site = try await AdminSite()
        try site.files.write(#"{"cniVersion":"0.4.0","name":"k8s","ipam":{"type":"kube-ipam",}}"#, to: "10-k8s.conf")
        let etcdctl = ["ETCDCTL_ENDPOINTS": site.server.clientURL]
        let output = try await site.run("list", environment: etcdctl)
        #expect(output.isProperFailure && output.status == 1, "\(output.stderrText)")
        #expect(output.stderrText.contains("10-k8s.conf"), "\(output.stderrText)")
        #expect(output.stderrText.hasSuffix("\nhint: repair the file, or name etcd with --endpoints\n"))
        let named = try await site.run("list", "--endpoints", site.server.clientURL, environment: etcdctl).checked()
        #expect(named.stderrText.contains("warning: ") && named.stderrText.contains("10-k8s.conf"))
    }

    @Test func clientCertificatesComeFromOptionsVariablesOrTheFile() async throws {
        let server = try await EtcdServer.start(security: .mutualTLS)
        let authority = try #require(server.certificates)
        let client = try authority.client(commonName: "admin")
        let site = try await AdminSite(
            server,
            tls: TLSOptions(
                trustRoots: .file(authority.certificate), certificate: .file(client.certificate),
                privateKey: .file(client.key)))
        try await site.add("c1", "default/db-1")
        let options = [
            "--endpoints", server.clientURL, "--cacert", authority.certificate, "--cert", client.certificate, "--key",
            client.key,
        ]
        let variables = [
            "ENDPOINTS": server.clientURL, "CACERT": authority.certificate, "CERT": client.certificate,
            "KEY": client.key,
        ]
        func environment(_ prefix: String) -> [String: String] {
            Dictionary(uniqueKeysWithValues: variables.map { (prefix + $0.key, $0.value) })
        }
        let found = ["10.188.0.2", "fd00:188::2"]
        #expect(try await site.run(["list", "-o", "name"] + options, environment: [:]).checked().lines == found)
        #expect(try await site.run("list", "-o", "name", environment: environment("IPAMCTL_")).checked().lines == found)
        #expect(try await site.run("list", "-o", "name", environment: environment("ETCDCTL_")).checked().lines == found)
        let more = """
            ,"etcdCertFile":"\(client.certificate)","etcdKeyFile":"\(client.key)","etcdTrustedCAFileFile":"\(authority.certificate)"
            """
        try site.files.write(AdminSite.cniFile(etcd: server.clientURL, more: more), to: "10-k8s.conf")
        #expect(try await site.run("list", "-o", "name", environment: [:]).checked().lines == found)
        // Without a certificate, with another authority, and without TLS.
        let other = try CertificateAuthority()
        for wrong in [
            Array(options[..<4]), ["--cacert", other.certificate], ["--endpoints", "http://127.0.0.1:\(server.port)"],
        ] {
            try site.files.write("{}", to: "10-k8s.conf")
            let output = try await site.run(["list", "--timeout", "2s"] + options[..<2] + wrong, environment: [:])
            #expect(output.isProperFailure && [1, 2].contains(output.status), "\(wrong): \(output.stderrText)")
        }
    }

    /// Not even where there is a terminal to ask on.
    @Test(arguments: CertificateAuthority.Encryption.allCases)
    func anEncryptedKeyIsRefusedAndNothingIsAsked(encryption: CertificateAuthority.Encryption) async throws {
        let server = try await EtcdServer.start(security: .mutualTLS)
        let authority = try #require(server.certificates)
        let identity = try authority.encrypted(authority.client(commonName: "admin"), encryption)
        let site = try await AdminSite(server)
        let options = [
            "--endpoints", server.clientURL, "--cacert", authority.certificate, "--cert", identity.certificate, "--key",
            identity.key,
        ]
        let question = "Enter PEM pass phrase"
        let terminal = try await site.runOnTerminal(
            ["list"] + options, question: question, answer: CertificateAuthority.passphrase + "\n")
        #expect(terminal.status == 1 && !terminal.stdoutText.contains(question), "\(terminal.stdoutText)")
        let output = try await site.run(["list"] + options, environment: [:])
        #expect(output.isProperFailure && output.status == 1, "\(output.stderrText)")
        #expect(
            output.stderrText == """
                ipamctl: \(server.clientURL): the key \(identity.key) is encrypted: it must be a private key \
                without a passphrase
                hint: write the key without a passphrase: openssl pkey -in KEY -out NEW

                """)
    }

    @Test func userAndPasswordAreAskedForByTheHint() async throws {
        let server = try await EtcdServer.start()
        let site = try await AdminSite(server)
        try await site.add("c1", "default/db-1")
        for arguments in [
            ["user", "add", "root:rootpw"], ["user", "grant-role", "root", "root"], ["user", "add", "reader:pw"],
            ["role", "add", "reader"], ["role", "grant-permission", "reader", "--prefix=true", "read", "/etcd-cni/"],
            ["user", "grant-role", "reader", "reader"], ["user", "add", "nobody:pw"], ["auth", "enable"],
        ] { try await server.etcdctl(arguments) }
        let names = ["list", "-o", "name"]
        let found = ["10.188.0.2", "fd00:188::2"]
        let url = ["IPAMCTL_ENDPOINTS": server.clientURL]
        #expect(try await site.run(names + ["--user", "root:rootpw"]).checked().lines == found)
        for prefix in ["IPAMCTL_", "ETCDCTL_"] {
            let endpoints = [prefix + "ENDPOINTS": server.clientURL]
            for user in [[prefix + "USER": "reader:pw"], [prefix + "USER": "reader", prefix + "PASSWORD": "pw"]] {
                let environment = endpoints.merging(user) { $1 }
                #expect(try await site.run(names, environment: environment).checked().lines == found, "\(user)")
            }
        }
        let password = url.merging(["IPAMCTL_PASSWORD": "pw"]) { $1 }
        #expect(try await site.run(names + ["--user", "reader"], environment: password).checked().lines == found)
        // The password of another source is not for this user.
        let foreign = try await site.run(
            names + ["--user", "reader"], environment: url.merging(["ETCDCTL_PASSWORD": "pw"]) { $1 })
        #expect(foreign.isProperFailure && foreign.stderrText.contains("the password is missing"))
        try site.files.write(
            AdminSite.cniFile(etcd: server.clientURL, more: #","etcdUsername":"reader","etcdPassword":"pw""#),
            to: "10-k8s.conf")
        #expect(try await site.run(names, environment: [:]).checked().lines == found)
        try site.files.write("{}", to: "10-k8s.conf")
        // No user, a wrong password, and users who may not do it.
        for arguments in [
            ["list"], ["list", "--user", "root:wrong"], ["list", "--user", "nobody:pw"],
            ["reserve", "10.188.0.9", "--user", "reader:pw"],
            ["release", "10.188.0.2", "--force", "--user", "reader:pw"],
        ] {
            let output = try await site.run(arguments, environment: url)
            #expect(output.isProperFailure && output.status == 1, "\(arguments): \(output.stderrText)")
            #expect(output.stderrText.contains("\nhint: "), "\(arguments): \(output.stderrText)")
            #expect(
                !output.stderrText.contains("wrong") && !output.stderrText.contains(":pw"),
                "no password: \(output.stderrText)")
        }
        #expect(try await site.run(names + ["--user", "root:rootpw"]).checked().lines == found, "nothing was changed")
    }
}

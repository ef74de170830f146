import Foundation
import TestSupport
import Testing

@testable import KubernetesClient

/// Each error is one sentence that says where, what, and what would be right.
@Suite struct KubeconfigErrorTests {
    private func message(_ text: String, folder: String = "/nowhere", context: String? = nil) -> String {
        do {
            let read = try Kubeconfig(text, folder: folder, context: context)
            return "no error: \(read.server)"
        } catch {
            return error.description
        }
    }

    @Test(arguments: [
        ("a: [1, 2", "the kubeconfig admin.conf, line 2, column 1: while parsing a flow sequence: did not find"),
        ("a: 1\n\tb: 2", "admin.conf, line 2, column 1: a tab is used for indentation, where YAML allows only spaces"),
        ("a: 1\n  \tb: 2", "line 2, column"),
        ("a: 'open", "while scanning a quoted scalar: found unexpected end of stream"),
        ("a: *x", "line 1, column 4: the alias *x has no anchor before it"),
        ("a: &x [*x]", "line 1, column 8: the alias *x has no anchor before it"),
        ("a: 1\na: 2", "line 2, column 1: the key \"a\" is defined twice"),
        ("a: &x {b: 1}\nc:\n  <<: *x", "line 3, column 3: merge keys (<<) are not supported"),
        ("? [a, b]\n: 1", "line 1, column 3: a key must be a string, not a list"),
        ("a: 1\n---\nb: 2", "line 2, column 1: a second document begins"),
        ("a: b: c", "line 1, column 5: mapping values are not allowed in this context"),
        ("", "the kubeconfig admin.conf is empty"),
        ("# nothing\n", "the kubeconfig admin.conf is empty"),
        ("null", "the kubeconfig admin.conf is empty"),
        ("just text", "line 1: the file must be a mapping of fields, not a string"),
        ("[a]", "line 1: the file must be a mapping of fields, not a list"),
        ("kind: Pod", "line 1: kind is \"Pod\", not \"Config\""),
    ])
    func aTextThatIsNone(_ text: String, _ expected: String) {
        #expect(message(text).contains(expected), "\(message(text))")
    }

    @Test func bytesThatAreNoText() {
        for (bytes, place) in [([0x61, 0x0A, 0xFF], "line 2, column 1"), ([0x61, 0x3A, 0x20, 0xC0, 0x80], "line 1")] {
            let error = #expect(throws: KubeconfigError.self) {
                try Kubeconfig(text: bytes.map { UInt8($0) }, path: "admin.conf", folder: "/")
            }
            #expect(error?.description.contains("\(place)") == true, "\(error?.description ?? "")")
            #expect(error?.description.contains("not valid UTF-8") == true, "\(error?.description ?? "")")
        }
    }

    @Test func depthIsBounded() {
        #expect(message(String(repeating: "[", count: 5000)).contains("nested more than 64 levels deep"))
        // Each line is two levels deep, and as deep as all before it.
        let chain = (1...200).map { "a\($0): &a\($0) [*a\($0 - 1)]\n" }.joined()
        #expect(message("a0: &a0 [x]\n" + chain).contains("nested more than 64 levels deep"))
        // Ten to the power of thirty elements, if they were copied.
        let laughs = (1...30).map { number in
            "a\(number): &a\(number) [\(Array(repeating: "*a\(number - 1)", count: 10).joined(separator: ", "))]\n"
        }
        #expect(message("a0: &a0 [x]\n" + laughs.joined()).contains("no current-context"))
    }

    @Test func whatIsMeantMustBeSaid() {
        let ordinary = KubeconfigText.ordinary
        let silent = ordinary.replacingOccurrences(
            of: "current-context: kubernetes-admin@kubernetes", with: "current-context: \"\"")
        #expect(
            message(silent)
                == "the kubeconfig admin.conf has no current-context: "
                + "set it to one of \"kubernetes-admin@kubernetes\", \"bot@other\"")
        #expect(message("kind: Config").contains("it has no contexts"))
        #expect(
            message(ordinary, context: "prod")
                == "the kubeconfig admin.conf: there is no context \"prod\", only "
                + "\"kubernetes-admin@kubernetes\", \"bot@other\"")
        #expect(
            message(ordinary.replacingOccurrences(of: "current-context: kubernetes", with: "current-context: x"))
                .contains("admin.conf, line 19: there is no context \"x-admin@kubernetes\", only"))
        #expect(
            message(ordinary.replacingOccurrences(of: "cluster: kubernetes", with: "cluster: gone"))
                .contains("line 11: there is no cluster \"gone\", only \"kubernetes\", \"other\""))
        #expect(
            message(ordinary.replacingOccurrences(of: "user: kubernetes-admin", with: "user: gone"))
                .contains("line 12: there is no user \"gone\", only \"kubernetes-admin\", \"bot\""))
        #expect(
            message(ordinary.replacingOccurrences(of: "    cluster: kubernetes\n", with: ""))
                .contains("context \"kubernetes-admin@kubernetes\": cluster is missing: it must name one"))
        #expect(
            message(ordinary.replacingOccurrences(of: "name: other", with: "name: kubernetes"))
                .contains("line 6: cluster \"kubernetes\" is defined twice"))
        #expect(
            message(ordinary.replacingOccurrences(of: "  name: other\n", with: ""))
                .contains("line 6: an entry of clusters: name is missing: each cluster needs one"))
        #expect(message("clusters: 7\ncurrent-context: x").contains("there is no context \"x\", nor any other context"))
        #expect(message("contexts: 7\ncurrent-context: x").contains("line 1: contexts must be a list, not a number"))
        #expect(message("contexts: [7]").contains("line 1: an entry of contexts must be a mapping of fields"))
        #expect(message("contexts: [{name: [7]}]").contains("an entry of contexts: name must be a string, not a list"))
    }

    @Test(arguments: [
        (["namespace: x"], "cluster \"k\": server is missing: it must be the API server's URL, such as https://"),
        (["server: 10.0.0.1:6443"], "line 8: cluster \"k\": server \"10.0.0.1:6443\" is not an http or https URL"),
        (["server: ftp://h"], "is not an http or https URL"), (["server: 'https://'"], "is not an http or https URL"),
        (["server: https://:6443"], "is not an http or https URL"), (["server: 'https://h:0'"], "is not an http"),
        (["server: 'https://h:x'"], "is not an http"), (["server: 'https://h h'"], "is not an http"),
        (["server: 'https://hé'"], "is not an http"),
        (["server: https://me:pw@h"], "cluster \"k\": server must not contain a user: credentials belong in"),
        (["server: https://h/?a=b"], "must end before any \"?\" or \"#\""),
        (
            ["server: https://h", "proxy-url: ftp://me:pw@p"],
            "line 9: cluster \"k\": proxy-url is not an http, https or"
        ),
        (["server: https://h", "certificate-authority-data: '!'"], "certificate-authority-data is not Base64"),
        (
            ["server: https://h", "certificate-authority-data: aGVsbG8="],
            "certificate-authority-data has no certificate"
        ),
        (
            ["server: https://h", "certificate-authority: ca.pem"],
            "names /nowhere/ca.pem, which cannot be read: No such"
        ),
        (["server: https://h", "certificate-authority: /etc"], "names /etc, which cannot be read: Is a directory"),
        (
            ["server: https://h", "certificate-authority: /dev/zero"],
            "names /dev/zero, which cannot be read: it is not"
        ),
        (
            ["server: https://h", "certificate-authority: a", "certificate-authority-data: aGVsbG8="],
            "certificate-authority and certificate-authority-data are both set: remove one of them"
        ),
        (["server: https://h", "insecure-skip-tls-verify: 'true'"], "must be true or false, without quotes"),
        (["server: https://h", "insecure-skip-tls-verify: maybe"], "insecure-skip-tls-verify must be true or false"),
        (["server: [https://h]"], "cluster \"k\": server must be a string, not a list"),
        (["server: \"https://h\\0\""], "cluster \"k\": server contains a NUL character"),
    ])
    func aWrongCluster(_ lines: [String], _ expected: String) {
        let message = message(KubeconfigText.with(cluster: lines))
        #expect(message.contains(expected), "\(message)")
        #expect(!message.contains("pw@"), "\(message)")
    }

    @Test(arguments: [
        (["exec: {command: aws}"], "line 12: user \"u\": exec is not supported: credential plugins are not run"),
        (
            ["auth-provider: {name: gcp}"],
            "user \"u\": auth-provider is not supported: Kubernetes 1.26 removed it"
        ),
        (
            ["username: admin", "password: s3cret"],
            "user \"u\": username is not supported: Kubernetes 1.19 removed"
        ),
        (["token: t", "as: root"], "user \"u\": as is not supported: impersonation is not implemented"),
        (["token: t", "as-groups: [a]"], "user \"u\": as-groups is not supported"),
        (["token: 'a s3cret'"], "user \"u\": token must be one word without white space"),
        (["token: \"a\\r\\nX: s3cret\""], "user \"u\": token must be one word without white space"),
        (["tokenFile: token"], "user \"u\": tokenFile names /nowhere/token, which cannot be read: No such file"),
        (["tokenFile: /dev/null"], "tokenFile names /dev/null, which cannot be read: it is not a file"),
        (["client-key-data: aGVsbG8="], "client-key-data needs its certificate"),
        (["client-certificate-data: aGVsbG8="], "client-certificate-data needs its key"),
        (["client-certificate-data: aGVsbG8=", "client-key-data: aGVsbG8="], "client-certificate-data is not PEM"),
        (["client-certificate-data: s3cret!", "client-key-data: x"], "client-certificate-data is not Base64"),
        (
            ["client-certificate: /nowhere/c", "client-key: /nowhere/k"],
            "client-certificate names /nowhere/c, which cannot"
        ),
    ])
    func aWrongUser(_ lines: [String], _ expected: String) {
        let message = message(KubeconfigText.with(user: lines))
        #expect(message.contains(expected), "\(message)")
        #expect(!message.contains("s3cret"), "\(message)")
        if message.contains("not supported") {
            #expect(message.hasSuffix("; give the user a client certificate or a token instead"), "\(message)")
        }
    }

    @Test func anEncryptedKeyIsNamed() async throws {
        let authority = try CertificateAuthority()
        let certificate = try Data(contentsOf: URL(fileURLWithPath: authority.server.certificate)).base64EncodedString()
        for encryption in CertificateAuthority.Encryption.allCases {
            let key = try authority.encrypted(authority.server, encryption).key
            let data = try Data(contentsOf: URL(fileURLWithPath: key)).base64EncodedString()
            let problem = "is encrypted: it must be a private key without a passphrase"
            let named = message(
                KubeconfigText.with(user: ["client-certificate-data: \(certificate)", "client-key: \(key)"]))
            #expect(named.hasSuffix("line 13: user \"u\": client-key names \(key), which \(problem)"), "\(named)")
            let embedded = message(
                KubeconfigText.with(user: ["client-certificate-data: \(certificate)", "client-key-data: \(data)"]))
            #expect(embedded.hasSuffix("line 13: user \"u\": client-key-data \(problem)"), "\(embedded)")
        }
    }

    @Test func unusedEntriesNeedNotBeUsable() throws {
        let text = KubeconfigText.with() + "- name: other\n  user: {exec: {command: aws}}\n"
        #expect(try Kubeconfig(text).token?.text == "s3cret")
    }

    @Test func aFileThatCannotBeRead() async throws {
        let folder = try TemporaryDirectory(prefix: "kubeconfig")
        let large = try folder.write(String(repeating: "#", count: (1 << 20) + 1), to: "large").path
        for (path, expected) in [
            ("/nowhere/config", "the kubeconfig /nowhere/config cannot be read: No such file or directory"),
            (folder.path, "the kubeconfig \(folder.path) cannot be read: Is a directory"),
            (large, "the kubeconfig \(large) is longer than the limit of 1048576 bytes"),
        ] {
            let error = #expect(throws: KubeconfigError.self) { try Kubeconfig(contentsOf: path) }
            #expect(error?.description == expected)
        }
        let inMemory = #expect(throws: KubeconfigError.self) {
            try Kubeconfig(String(repeating: "#", count: (1 << 20) + 1))
        }
        #expect(inMemory == .tooLarge(path: "admin.conf", limit: 1 << 20))
    }
}

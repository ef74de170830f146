import Testing

@testable import KubernetesClient

/// The forms in which one kubeconfig may be written.
@Suite struct KubeconfigFormTests {
    private func sameAsOrdinary(_ text: String, _ comment: Comment) {
        do {
            let kubeconfig = try Kubeconfig(text)
            #expect(kubeconfig.server == "https://10.0.0.1:6443", comment)
            #expect(kubeconfig.token?.text == "s3cret", comment)
            #expect(kubeconfig.cluster == "kubernetes", comment)
            #expect(kubeconfig.user == "kubernetes-admin", comment)
            #expect(kubeconfig.context == "kubernetes-admin@kubernetes", comment)
            #expect(kubeconfig.namespace == nil, comment)
        } catch {
            Issue.record("\(comment): \(error)")
        }
    }

    @Test func lineEndsAndMarksDoNotMatter() {
        let text = KubeconfigText.ordinary
        sameAsOrdinary(text, "as it is")
        sameAsOrdinary(text.split(separator: "\n").joined(separator: "\r\n"), "CRLF")
        sameAsOrdinary("\u{FEFF}" + text, "byte order mark")
        sameAsOrdinary("# a comment\n---\n" + text + "...\n", "document marks")
        sameAsOrdinary("%YAML 1.1\n---\n" + text, "directive")
        sameAsOrdinary(text + "---\n", "an empty document behind it")
        sameAsOrdinary("---\n---\n" + text + "---\nnull\n", "empty documents around it")
    }

    @Test func itMayBeJSON() {
        let json = """
            {"apiVersion":"v1","kind":"Config","current-context":"kubernetes-admin@kubernetes","preferences":{},
            \t"clusters":[{"name":"kubernetes","cluster":{"server":"https:\\/\\/10.0.0.1:6443","insecure-skip-tls-verify":false}}],
            \t"contexts":[{"name":"kubernetes-admin@kubernetes","context":{"cluster":"kubernetes","user":"kubernetes-admin","namespace":null}}],
            \t"users":[{"name":"kubernetes-admin","user":{"token":"s3cret"}}]}
            """
        sameAsOrdinary(json, "JSON")
        sameAsOrdinary(json.split(whereSeparator: \.isNewline).joined().filter { $0 != "\t" }, "JSON in one line")
    }

    @Test func quotesBlocksAndFlowDoNotMatter() {
        sameAsOrdinary(
            """
            clusters: [{name: "kubernetes", cluster: {server: 'https://10.0.0.1:6443'}}]
            contexts:
              - name: >-
                  kubernetes-admin@kubernetes
                context:
                  "cluster": |-
                    kubernetes
                  'user': kubernetes-admin
            current-context: "kubernetes-\\x61dmin@kubernetes"
            users: [
              {name: kubernetes-admin, user: {token: !!str s3cret}},
            ]
            """, "flow, quotes and blocks")
    }

    @Test func anchorsStandForWhatTheyName() {
        sameAsOrdinary(
            """
            x-name: &name kubernetes-admin
            clusters:
            - &cluster
              name: kubernetes
              cluster: {server: https://10.0.0.1:6443}
            contexts:
            - name: &current kubernetes-admin@kubernetes
              context: {cluster: kubernetes, user: *name}
            current-context: *current
            users:
            - name: *name
              user: &user {token: s3cret}
            - {name: another, user: *user}
            """, "anchors")
    }

    @Test func aContextMayBeChosen() throws {
        let kubeconfig = try Kubeconfig(KubeconfigText.ordinary, context: "bot@other")
        #expect(kubeconfig.server == "https://10.0.0.2:6443/k8s/clusters/c-1")
        #expect(kubeconfig.namespace == "prod")
        #expect(kubeconfig.token == nil)
        #expect(kubeconfig.user == "bot")
    }

    @Test func aContextNeedsNoUser() throws {
        let kubeconfig = try Kubeconfig(
            "{current-context: c, contexts: [{name: c, context: {cluster: k}}], "
                + "clusters: [{name: k, cluster: {server: 'http://h:8080'}}]}")
        #expect(kubeconfig.user == nil)
        #expect(kubeconfig.server == "http://h:8080")
    }

    @Test(arguments: [
        ("https://10.0.0.1:6443", "https://10.0.0.1:6443"), ("HTTPS://Api.Example/", "https://Api.Example"),
        ("https://[fd00::1]:6443//", "https://[fd00::1]:6443"), ("https://[fd00::1]", "https://[fd00::1]"),
        ("https://h/a/b%20c/", "https://h/a/b%20c"),
    ])
    func aServerIsAURL(_ text: String, _ expected: String) throws {
        #expect(try Kubeconfig(KubeconfigText.with(cluster: ["server: '\(text)'"])).server == expected)
    }

    @Test(arguments: [
        ("http://127.0.0.1:3128", "http://127.0.0.1:3128"), ("https://me:pw@p", "https://me:pw@p"),
        ("socks5://p:1080", "socks5h://p:1080"),
    ])
    func aProxyIsAURL(_ text: String, _ expected: String) throws {
        let text = KubeconfigText.with(cluster: ["server: https://h", "proxy-url: \(text)"])
        #expect(try Kubeconfig(text).proxy == expected)
    }

    @Test func aTokenNeverGoesOverAnOpenConnection() throws {
        #expect(try Kubeconfig(KubeconfigText.with(cluster: ["server: http://h"])).token == nil)
    }

    @Test(arguments: [("true", false), ("False", true), ("TRUE", false), ("null", true)])
    func aFlagIsReadAsYAMLHasIt(_ text: String, _ verifies: Bool) throws {
        let kubeconfig = try Kubeconfig(
            KubeconfigText.with(cluster: ["server: https://h", "insecure-skip-tls-verify: \(text)"]))
        #expect(kubeconfig.tls.verifiesServer == verifies)
    }

    @Test func namesMayLookLikeNumbers() throws {
        let text =
            "{current-context: 1, contexts: [{name: 1, context: {cluster: 2, user: 3}}], "
            + "clusters: [{name: 2, cluster: {server: 'https://h', tls-server-name: api.example}}], "
            + "users: [{name: 3, user: {token: 12345}}]}"
        let kubeconfig = try Kubeconfig(text)
        #expect(kubeconfig.token?.text == "12345")
        #expect(kubeconfig.tls.serverName == "api.example")
    }
}

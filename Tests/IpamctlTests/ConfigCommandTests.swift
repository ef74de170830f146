import Foundation
import IPAMKit
import TestSupport
import Testing

/// `ipamctl config check`, `show` and `generate`.
@Suite(.needs(.etcd, .root)) struct ConfigCommandTests {
    private static let good = AdminSite.cniFile(etcd: "http://127.0.0.1:1")

    private func check(_ site: AdminSite, _ arguments: String..., stdin: String? = nil) async throws -> ProcessOutput {
        try await site.run(["config", "check"] + arguments, environment: [:], stdin: stdin)
    }

    // MARK: check

    @Test func theFilesOfTheNodeAreChecked() async throws {
        let site = try await AdminSite()
        let nothing = try await check(site)
        #expect(nothing.status == 1 && nothing.stderrText.contains("no CNI configuration uses kube-ipam"))
        try site.files.write(Self.good, to: "10-k8s.conf")
        let good = try await check(site).checked()
        #expect(
            good.lines == [
                "ok       /etc/cni/net.d/10-k8s.conf: network k8s, plugin macvlan, CNI 0.4.0, 10.188.0.2-10.188.3.254"
            ])
        #expect(good.stderrText == "1 file: 0 errors, 0 warnings\n")
        try site.files.write(
            Self.good.replacing("10.188.0.0/22", with: "10.188.0.5/22").replacing(#""master""#, with: "\n\"master\""),
            to: "20-bad.conf")
        try site.files.write("{", to: "30-broken.conflist")
        try site.files.write(#"{"name":"lo","type":"loopback"}"#, to: "99-lo.conf")
        let bad = try await check(site)
        #expect(bad.status == 1)
        #expect(bad.lines.count == 4 && bad.lines[0].hasPrefix("ok "), "\(bad.stdoutText)")
        #expect(bad.lines[1].hasPrefix("failed   /etc/cni/net.d/20-bad.conf, line 2, column "))
        #expect(bad.lines[1].contains(#": ipam.subnet: "10.188.0.5/22" is not the address of a network"#))
        #expect(bad.lines[2].hasPrefix("failed   /etc/cni/net.d/30-broken.conflist, line 1, column 2: not valid JSON"))
        #expect(bad.lines[3] == "skipped  /etc/cni/net.d/99-lo.conf: no plugin in it uses kube-ipam")
        #expect(
            bad.stderrText
                == "ipamctl: 4 files: 2 errors, 0 warnings\nhint: 'man kube-ipam.conf' explains every key\n")
        let missing = try await check(site, "/nowhere")
        #expect(missing.status == 1 && missing.lines[0].contains("/nowhere: cannot be read"))
        #expect(missing.stderrText.hasPrefix("ipamctl: 0 files: 1 error, 0 warnings\nhint: 'ipamctl config check"))
    }

    /// The samples of the repository have no errors; the files that they name need not exist here.
    @Test func theSamplesHaveNoErrors() async throws {
        let site = try await AdminSite()
        let root = BuildProducts.packageRoot.path
        let output = try await check(site, "\(root)/deploy", "\(root)/docs/examples", "-o", "json").checked()
        let rows = try #require(try output.json.array)
        let networks = rows.filter { $0["status"] == "ok" }.compactMap { $0["network"]?.string }
        #expect(networks == ["k8snetwork", "database"])
        for row in rows where row["status"] == "warning" {
            #expect(row["message"]?.string?.contains("does not exist on this machine") == true, "\(row)")
        }
    }

    private static let manifest = """
        apiVersion: v1
        kind: ConfigMap
        ---
        apiVersion: k8s.cni.cncf.io/v1
        kind: NetworkAttachmentDefinition
        metadata: { name: database, namespace: shop }
        spec:
          config: |
            {
              "type": "ptp", "ipam": {
                "type": "kube-ipam", "annotations": "none", "etcdConfig": {"etcdURL": "a"},
                "subnet": "10.9.0.0/99" }
            }
        ---
        apiVersion: v1
        kind: List
        items:
          - apiVersion: k8s.cni.cncf.io/v1
            kind: NetworkAttachmentDefinition
            metadata: { name: quoted }
            spec: { config: "{\\"type\\":\\"ptp\\",\\n\\"ipam\\":{\\"type\\":\\"kube-ipam\\"}}" }
          - apiVersion: k8s.cni.cncf.io/v1
            kind: NetworkAttachmentDefinition
            metadata: { name: onthenode }
        """

    @Test func errorsInAManifestHaveTheirLineInIt() async throws {
        let site = try await AdminSite()
        let output = try await check(site, "-", stdin: Self.manifest)
        #expect(output.status == 1)
        let from = "standard input, NetworkAttachmentDefinition"
        #expect(
            output.lines.first?.hasPrefix("failed   \(from) shop/database, line 12, column 9: ipam.subnet: ") == true)
        #expect(output.lines.contains { $0.hasPrefix("failed   \(from) quoted, spec.config line 2, column 1: ipam.") })
        #expect(output.lines.contains { $0.hasPrefix("skipped  \(from) onthenode: it has no spec.config") })
        let json = try await check(site, "-", "-o", "json", stdin: Self.manifest).json
        #expect(json.array?.first?["definition"] == "shop/database" && json.array?.first?["line"] == 12)
        let broken = try await check(site, "-", stdin: "kind: [\nx: y")
        #expect(
            broken.status == 1 && broken.lines[0].contains("standard input, line 3, column 1: not valid YAML: "),
            "\(broken.stdoutText)")
    }

    @Test func networksThatAreConfiguredTwiceOrOverlapAreWarnedOf() async throws {
        let site = try await AdminSite()
        try site.files.write(Self.good, to: "10.conf")
        try site.files.write(Self.good, to: "20.conf")
        try site.files.write(AdminSite.cniFile("other", etcd: "http://a", subnet: "10.188.2.0/24"), to: "30.conf")
        let output = try await check(site).checked()
        let warnings = output.lines.filter { $0.hasPrefix("warning") }
        #expect(warnings.count == 2)
        #expect(warnings[0].contains("20.conf: network k8s is also configured in /etc/cni/net.d/10.conf"))
        #expect(warnings[1].contains("30.conf: networks k8s and other overlap: 10.188.0.0/22 and 10.188.2.0/24"))
        let one = try await check(site, "-n", "other", "-o", "name").checked()
        #expect(one.lines == ["/etc/cni/net.d/30.conf"])
    }

    // MARK: show

    @Test func aConfigurationIsShownWithItsDefaults_andWithoutItsPassword() async throws {
        let site = try await AdminSite()
        let text = AdminSite.cniFile(
            etcd: "http://127.0.0.1:1", more: #","etcdUsername":"u","etcdPassword":"geheim""#)
        try site.files.write(text, to: "10.conf")
        let table = try await site.run("config", "show", environment: [:]).checked()
        #expect(table.lines[0].split(separator: " ") == ["KEY", "VALUE", "ORIGIN"])
        #expect(table.lines.contains { $0.split(separator: " ") == ["ipam.rangeEnd", "10.188.3.254", "default"] })
        #expect(table.lines.contains { $0.contains("etcdPassword") && $0.contains("(set, not shown)") })
        let json = try await site.run("config", "show", "-n", "k8s", "-o", "json", environment: [:]).checked()
        #expect(try json.json["ipam"]?["etcdConfig"]?["etcdPassword"] == .null)
        #expect(json.stderrText == "note: secrets are not printed, and are null: ipam.etcdConfig.etcdPassword\n")
        #expect(!(table.stdoutText + json.stdoutText).contains("geheim"))
        _ = try await check(site, "-", stdin: json.stdoutText).checked()

        try site.files.write(AdminSite.cniFile("other", etcd: "http://a"), to: "20.conf")
        let two = try await site.run("config", "show", environment: [:])
        #expect(two.isProperFailure && two.status == 64 && two.stderrText.contains("several networks: k8s, other"))
        let named = try await site.run("config", "show", "\(site.files.path)/20.conf", "-o", "name", environment: [:])
        #expect(try named.checked().lines.contains("ipam.subnet"))
        let absent = try await site.run("config", "show", "-n", "nope", environment: [:])
        #expect(absent.isProperFailure && absent.status == 4, "\(absent.stderrText)")
    }

    @Test func standardInputIsReadOnce() async throws {
        let site = try await AdminSite()
        let text = AdminSite.cniFile(etcd: site.server.clientURL)
        let shown = try await site.run("config", "show", "-", environment: [:], stdin: text).checked()
        #expect(shown.lines.contains { $0.split(separator: " ") == ["name", "k8s", "file"] }, "\(shown.stdoutText)")
        let option = try await site.run("config", "show", "-c", "-", environment: [:], stdin: text).checked()
        #expect(option.stdoutText == shown.stdoutText)
        let doctor = try await site.run("doctor", "-c", "-", environment: [:], stdin: text)
        #expect(doctor.lines.contains { $0.contains("network k8s") }, "\(doctor.stdoutText)")
        #expect(!doctor.stdoutText.contains("not valid JSON"), "\(doctor.stdoutText)")
    }

    @Test func secretsOfTheCallingPluginAreNotShown() async throws {
        let site = try await AdminSite()
        let text = AdminSite.cniFile(etcd: "http://a").replacing(
            #""type":"macvlan""#,
            with:
                #""type":"calico","policy":{"type":"k8s","k8s_auth_token":"geheim"},"x":[{"Client-Key-Data":"geheim"}]"#
        )
        #expect(text.contains("geheim"))
        for format in ["table", "json", "yaml", "wide", "csv"] {
            let shown = try await site.run("config", "show", "-", "-o", format, environment: [:], stdin: text).checked()
            #expect(!(shown.stdoutText + shown.stderrText).contains("geheim"), "\(format): \(shown.stdoutText)")
            #expect((shown.stdoutText + shown.stderrText).contains("k8s_auth_token"))
        }
    }

    @Test func aMissingFolderAndOptionFHaveHints() async throws {
        let site = try await AdminSite()
        let command = PrivateFolder.command(
            showing: site.files.path, at: "/etc/cni", try BuildProducts.product("ipamctl").path, ["config", "check"])
        let missing = try await runProcess(
            command.program, command.arguments, environment: site.environment([:]))
        #expect(
            missing.status == 1
                && missing.stdoutText.contains("failed   /etc/cni/net.d: there is no such folder"),
            "\(missing.stdoutText)")
        #expect(missing.stdoutText.contains("name a file: ipamctl config check FILE"))
        #expect(missing.stderrText.hasPrefix("ipamctl: 0 files: 1 error, 0 warnings\n"), "\(missing.stderrText)")
        for arguments in [["config", "check", "-f", "x"], ["config", "show", "-f", "x"]] {
            let output = try await site.run(arguments, environment: [:])
            #expect(output.status == 64 && output.stderrText.contains("hint: write the file without -f"))
        }
        let preflight = try await site.run("preflight", "x.yaml", environment: [:])
        #expect(preflight.status == 64 && preflight.stderrText.contains("hint: write the file with -f"))
    }

    @Test func excludedAddressesAreGenerated() async throws {
        let site = try await AdminSite()
        let base = ["config", "generate", "--type", "ptp", "--name", "lan", "--subnet", "10.20.0.0/24"]
        let output = try await site.run(
            base + [
                "--subnet", "fd00::/64", "--fixed-start", "10.20.0.8", "--fixed-end", "10.20.0.15", "--exclude",
                "10.20.0.9", "--exclude", "10.20.0.64/28", "--exclude", "fd00::5-fd00::7",
            ]
        ).checked()
        let checked = try await check(site, "-", stdin: output.stdoutText).checked()
        #expect(
            checked.lines[0].contains(
                "fixed 10.20.0.8-10.20.0.15 excluding 10.20.0.9 and 10.20.0.64-10.20.0.79; fd00::")
                && checked.lines[0].hasSuffix("excluding fd00::5-fd00::7"), "\(checked.stdoutText)")
        let outside = try await site.run(base + ["--exclude", "10.30.0.1"])
        #expect(outside.status == 64 && outside.stderrText.contains("--exclude: 10.30.0.1 lies in no subnet"))
    }

    // MARK: generate

    @Test func wrongValuesAreUsageErrorsAndWriteNothing() async throws {
        let site = try await AdminSite()
        let folder = try TemporaryDirectory()
        let base = ["config", "generate", "--output-file", folder.file("x").path]
        let ptp = base + ["--type", "ptp", "--name", "x", "--subnet", "10.0.0.0/24"]
        let cases: [([String], String)] = [
            (base, "missing expected argument '--type <type>'"),
            (base + ["--type", "vlan"], "macvlan, ipvlan, bridge"),
            (base + ["--type", "ptp", "--name", "x"], "--subnet is missing"),
            (base + ["--type", "ptp", "--subnet", "10.0.0.0/24"], "--name is missing"),
            (base + ["--type", "macvlan", "--subnet", "10.0.0.0/24"], "--type macvlan needs --master"),
            (ptp + ["--master", "eth0"], "--master goes with --type macvlan and ipvlan"),
            (ptp + ["--bridge", "b"], "--bridge goes with"), (ptp + ["--namespace", "a"], "--namespace goes with"),
            (ptp + ["--subnet", "10.0.0.5/24"], "--subnet: \"10.0.0.5/24\" is not the address of a network"),
            (ptp + ["--subnet", "10.0.0.0/25"], "overlaps"),
            (ptp + ["--range-start", "10.0.1.5"], "--range-start: 10.0.1.5 lies in no subnet"),
            (ptp + ["--range-start", "10.0.0.9", "--range-end", "10.0.0.5"], "--range-end: \"10.0.0.5\" is before"),
            (
                ptp + ["--range-end", "10.0.0.9", "--range-end", "10.0.0.5"],
                "--range-end: the subnet 10.0.0.0/24 has two"
            ),
            (ptp + ["--fixed-start", "10.0.0.9"], "--fixed-start and --fixed-end go together"),
            (ptp + ["--gateway", "10.0.0.0"], "--gateway: \"10.0.0.0\""),
            (ptp + ["--route", "10.9.0.0/16,fd00::1"], "--route: the gateway fd00::1 is IPv6"),
            (ptp + ["--cni-version", "2"], "0.1.0, 0.2.0"), (ptp + ["--endpoints", "ftp://x"], "--endpoints: "),
            (
                base + ["--type", "calico", "--name", "x", "--subnet", "10.0.0.0/24", "--multus"],
                "--multus does not apply"
            ),
            (base + ["--type", "ptp", "--name", "A_b", "--subnet", "10.0.0.0/24", "--multus"], "lower-case letters"),
            (ptp + ["--frob"], "unknown option '--frob'"),
        ]
        for (arguments, message) in cases {
            let output = try await site.run(arguments)
            #expect(
                output.isProperFailure && output.status == 64, "\(arguments): \(output.status) \(output.stderrText)")
            #expect(output.stderrText.contains(message), "\(arguments): \(output.stderrText)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test func whatIsGeneratedIsCheckedAndUsed() async throws {
        let site = try await AdminSite()
        let base = ["config", "generate", "--name", "lan", "--subnet", "10.20.0.0/16", "--kubeconfig", "/etc/hostname"]
        let path = "\(site.files.path)/10-lan.conf"
        let written = try await site.run(base + ["--type", "macvlan", "--master", "eth0", "--output-file", path])
        #expect(try written.checked().stdoutText.isEmpty)
        let checked = try await check(site).checked()
        #expect(checked.lines.map { $0.prefix(2) } == ["ok"], "\(checked.stdoutText)")
        #expect(try await site.run("networks", "-o", "name", environment: [:]).checked().lines == ["lan"])
        // The endpoints of the CNI file are used again.
        let second = try await site.run(
            base + ["--type", "ipvlan", "--master", "eth0", "--multus", "--namespace", "shop"], environment: [:])
        let manifest = try second.checked().stdoutText
        #expect(manifest.contains("  namespace: \"shop\"\n") && manifest.contains(site.server.clientURL))
        let again = try await check(site, "-", stdin: manifest).checked()
        #expect(again.lines.map { $0.prefix(2) } == ["ok"], "\(again.stdoutText)")
        #expect(!manifest.contains("routes") && !manifest.contains("capabilities"))
    }

    // MARK: --nad

    @Test func aDefinitionInKubernetesStandsForAFile() async throws {
        let site = try await AdminSite()
        let kubernetes = try await KubernetesServer.start()
        let config = AdminSite.cniFile("x", etcd: site.server.clientURL).replacing(#""name":"x","#, with: "")
        try kubernetes.put(networkDefinition: "database", namespace: "shop", config: config)
        try kubernetes.put(networkDefinition: "empty", namespace: "shop", config: nil)
        try kubernetes.put(networkDefinition: "other", namespace: "shop", config: #"{"type":"ptp"}"#)
        let environment = ["KUBECONFIG": try kubernetes.kubeconfig()]
        func run(_ arguments: String...) async throws -> ProcessOutput {
            try await site.run(arguments, environment: environment)
        }
        #expect(try await run("networks", "--nad", "shop/database", "-o", "name").checked().lines == ["database"])
        // A network is reserved from before its first pod.
        _ = try await run("--nad", "shop/database", "reserve", "10.188.0.20", "--for", "shop/db-0").checked()
        #expect(try await site.held("database").contains("reservations/10.188.0.20"))
        let shell = try await run("shell", "--nad", "shop/database", "-c", "list -o name; config show -o name")
        #expect(try shell.checked().lines.first == "10.188.0.20" && shell.lines.contains("ipam.subnet"))
        let checked = try await run("config", "check", "--nad", "shop/database").checked()
        #expect(
            checked.lines.first?.hasPrefix("ok       NetworkAttachmentDefinition shop/database: network database")
                == true)
        let shown = try await run("config", "show", "--nad", "shop/database", "-o", "json").checked()
        #expect(try shown.json["name"] == "database")
        let doctor = try DoctorReport(try await run("doctor", "--nad", "shop/database", "-o", "json"))
        #expect(doctor.status("cni-file", "NetworkAttachmentDefinition shop/database") == ["ok"], "\(doctor)")

        let failures: [([String], Int32, String, String)] = [
            (
                ["list", "--nad", "shop/nope"], 4, "Kubernetes has no NetworkAttachmentDefinition shop/nope",
                "kubectl get"
            ),
            (
                ["list", "--nad", "shop/empty"], 1,
                "has no spec.config: Multus reads its configuration from a CNI file", "--config"
            ),
            (["list", "--nad", "shop/other"], 1, "has no plugin whose ipam.type is \"kube-ipam\"", "--nad"),
            (["list", "--nad", "database"], 64, "--nad: \"database\" is not a NetworkAttachmentDefinition", "hint"),
            (["list", "--nad", "shop/database", "-c", "/x"], 64, "--nad and --config exclude each other", "hint"),
            (
                ["shell", "--nad", "shop/database", "--config", "/x"], 64, "--nad and --config exclude each other",
                "hint"
            ),
            (["config", "check", "x", "--nad", "shop/database"], 64, "do not go with files", "hint"),
        ]
        for (arguments, status, message, hint) in failures {
            let output = try await site.run(arguments, environment: environment)
            #expect(
                output.isProperFailure && output.status == status, "\(arguments): \(output.status) \(output.stderrText)"
            )
            #expect(output.stderrText.contains(message) && output.stderrText.contains(hint), "\(output.stderrText)")
        }
        let without = try await site.run("list", "--nad", "shop/database", environment: [:])
        #expect(
            without.isProperFailure && without.status == 64 && without.stderrText.contains("there is no kubeconfig"))
        try kubernetes.fail(.status(403), on: "/apis/k8s.cni.cncf.io")
        let forbidden = try await run("list", "--nad", "shop/database")
        #expect(forbidden.isProperFailure && forbidden.status == 1)
        #expect(forbidden.stderrText.contains("get on network-attachment-definitions of the API group k8s.cni.cncf.io"))
        kubernetes.stop()
        let gone = try await run("list", "--nad", "shop/database", "--timeout", "1s")
        #expect(gone.isProperFailure && gone.status == 2, "\(gone.stderrText)")
    }

    @Test func aClusterWithoutDefinitionsSaysSo() async throws {
        let site = try await AdminSite()
        let kubernetes = try await KubernetesServer.start()
        let output = try await site.run(
            "list", "--nad", "shop/database", environment: ["KUBECONFIG": try kubernetes.kubeconfig()])
        #expect(output.isProperFailure && output.status == 4)
        #expect(output.stderrText.contains("they come with Multus"), "\(output.stderrText)")
    }
}

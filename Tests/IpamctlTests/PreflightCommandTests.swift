import Foundation
import IPAMKit
import TestSupport
import Testing

@testable import ipamctl

/// `ipamctl preflight` with manifests as people write them.
@Suite(.needs(.etcd, .root)) struct PreflightCommandTests {
    /// A network with a fixed range, a running pod, and reservations.
    private struct Site {
        let admin: AdminSite
        let folder: TemporaryDirectory

        init() async throws {
            admin = try await AdminSite()
            folder = try TemporaryDirectory(prefix: "manifests")
            try admin.files.write(Self.configuration(etcd: admin.server.clientURL), to: "10-k8s.conf")
            let sets = try NetworkConfiguration(json: Array(Self.configuration(etcd: admin.server.clientURL).utf8))
                .rangeSets
            let holder = Holder(
                pod: PodReference(namespace: try Namespace("default"), name: try PodName("old-0")), uid: "u", node: "n1"
            )
            _ = try await admin.pool().add(
                AddRequest(
                    attachment: AttachmentReference(
                        containerID: try ContainerID("c1"), ifname: try InterfaceName("eth0")),
                    holder: holder, rangeSets: sets, requested: [try IPAddress("10.188.0.30")],
                    now: Timestamp(seconds: 1_795_000_000)))
            for (address, holder) in [
                ("10.188.0.216", "default/deploy/fixed-ip-test"), ("10.188.0.20-10.188.0.21", "default/sts/db"),
            ] {
                _ = try await admin.run("reserve", address, "--for", holder, environment: [:]).checked()
            }
        }

        private static func configuration(etcd: String) -> String {
            """
            {"cniVersion":"0.4.0","name":"k8s","type":"macvlan","master":"eth0","ipam":{"type":"kube-ipam",\
            "annotations":"none","etcdConfig":{"etcdURL":"\(etcd)"},"subnet":"10.188.0.0/16",\
            "fixedStart":"10.188.0.10","fixedEnd":"10.188.0.255","rangeStart":"10.188.1.0","rangeEnd":"10.188.1.3"}}
            """
        }

        func file(_ name: String, _ text: String) throws -> String { try folder.write(text, to: name).path }

        func run(_ arguments: String..., stdin: String? = nil) async throws -> ProcessOutput {
            try await admin.run(["preflight"] + arguments, environment: [:], stdin: stdin)
        }
    }

    private static let api = """
        # A Service and a Deployment that wants another's address
        apiVersion: v1
        kind: Service
        metadata: {name: api}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: api
          annotations:
            kube-ipam.netmask: "16"
        spec:
          replicas: 2
          template:
            metadata:
              annotations:
                kube-ipam.ip: 10.188.0.216
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: agent}
        spec: {template: {spec: {hostNetwork: true}}}
        """

    private static let database = """
        {"apiVersion": "v1", "kind": "List", "items": [
          {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "default"},
           "spec": {"replicas": 3, "template": {"metadata": {"labels": {"app": "db"}}}}},
          {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "solo", "annotations": {"kube-ipam.ip": "10.188.0.30"}}}]}
        """

    @Test func thePublishedSampleGetsItsAddress() async throws {
        let site = try await Site()
        let before = try await site.admin.dump()
        let output = try await site.run("-f", site.file("fixed-ip-test-Deployment.yaml", PublishedManifest.deployment))
            .checked()
        #expect(
            output.lines == [
                "STATUS  POD                           PODS  ADDRESS       REASON",
                "ok      default/deploy/fixed-ip-test     1  10.188.0.216  requested by annotation",
            ], "\(output.stdoutText)")
        #expect(output.stderrText == "1 object with 1 pod: every pod gets its address\n")
        #expect(try await site.admin.dump() == before)
    }

    @Test func eachProblemSaysWhereItIsAndWhatToDo() async throws {
        let site = try await Site()
        let path = try site.file("api.yaml", Self.api)
        let output = try await site.run("-f", path, "-f", site.file("db.json", Self.database))
        #expect(output.status == 3)
        let text = output.stdoutText
        #expect(
            text.hasPrefix(
                """
                STATUS   POD                 PODS  ADDRESS         REASON
                error    default/deploy/api     2  10.188.0.216    reserved for others
                warning  default/deploy/api     -  -               an annotation is misplaced
                """), "\(text)")
        #expect(
            text.contains("\nok       default/db-0           1  10.188.0.20 +1  one of 2 addresses reserved"), "\(text)"
        )
        #expect(
            text.contains("\nerror    default/db-2           1  -               more pods than addresses"), "\(text)")
        #expect(text.contains("\nerror    default/solo           1  10.188.0.30     in use by others"), "\(text)")
        #expect(
            text.contains(
                "\nerror: \(path), line 17: default/deploy/api: 10.188.0.216 is reserved for "
                    + "default/deploy/fixed-ip-test\nhint: see 'ipamctl show 10.188.0.216'; "), "\(text)")
        #expect(text.contains("\nwarning: \(path), line 11: default/deploy/api: annotation kube-ipam.netmask is on"))
        #expect(
            text.contains(
                "default/sts/db has 3 replicas and 2 reserved addresses: 1 pod gets no address\nhint: "
                    + "reserve more: ipamctl reserve --next 1 --for default/sts/db"), "\(text)")
        #expect(text.contains("10.188.0.30 is in use by default/old-0 on n1"))
        #expect(
            output.stderrText
                == "skipped: 1 Service\nskipped: default/ds/agent (\(path), line 19): its pods use the network of their "
                + "node (hostNetwork)\nipamctl: 3 objects with 6 pods: 3 errors, 1 warning\n", "\(output.stderrText)")
    }

    @Test func aFolderAndStandardInputAreReadAsKubectlReadsThem() async throws {
        let site = try await Site()
        for (name, text) in [
            ("a.yaml", PublishedManifest.deployment), ("b.json", Self.database),
            ("c.yml", "apiVersion: v1\nkind: Pod\nmetadata: {name: x}"),
            ("README.md", "{"), (".hidden.yaml", "{"), ("values.txt", "{"),
        ] {
            _ = try site.file(name, text)
        }
        let output = try await site.run("-f", site.folder.path, "-o", "json")
        let names = try output.json["results"]?.array?.map { $0["pod"]?.string ?? "" } ?? []
        #expect(
            names == [
                "default/deploy/fixed-ip-test", "default/db-0", "default/db-1", "default/db-2", "default/solo",
                "default/x",
            ])
        let piped = try await site.run(
            "-f", "-", "--namespace", "shop", "-o", "name", stdin: "apiVersion: v1\nkind: Pod\nmetadata: {name: x}")
        #expect(try piped.checked().lines == ["shop/x"] && piped.stderr.isEmpty)
    }

    @Test func whatSeveralPodsHaveInCommonIsSaidOnce() async throws {
        let site = try await Site()
        func set(_ annotation: String) -> String {
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: pg}\nspec:\n  replicas: 3\n  template:\n"
                + "    metadata: {annotations: {kube-ipam.ip: \"\(annotation)\"}}\n"
        }
        let several = try await site.run("-f", "-", stdin: set("10.188.0.40,10.188.0.41,10.188.0.42"))
        let text = several.stdoutText
        #expect(several.status == 3 && text.components(separatedBy: "error: standard input").count == 2, "\(text)")
        #expect(text.contains("default/pg-0 and 2 more: "), "\(text)")
        #expect(
            text.contains("ipamctl reserve 10.188.0.40-10.188.0.42 --for default/sts/pg --each\n"), "\(text)")
        #expect(several.stderrText == "ipamctl: 1 object with 3 pods: 3 errors\n", "\(several.stderrText)")
        let outside = try await site.run("-f", "-", stdin: set("10.188.0.1"))
        #expect(outside.lines[1].contains("10.188.0.1 "), "\(outside.stdoutText)")
        #expect(outside.stdoutText.contains("and 'ipamctl map' shows the ranges"), "\(outside.stdoutText)")
        let plan = try site.file("plan.csv", "address,for\n10.188.0.50,default/cache-0\n")
        _ = try await site.admin.run("reserve", "-f", plan, "--plan", "web", environment: [:]).checked()
        let planned = try await site.run("-f", "-", stdin: set("10.188.0.50"))
        #expect(planned.stdoutText.contains("hint: it belongs to plan web: "), "\(planned.stdoutText)")
    }

    @Test func thereAreFewerDynamicAddressesThanPods() async throws {
        let site = try await Site()
        let text = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: many}\nspec: {parallelism: 6, template: {}}"
        let output = try await site.run("-f", "-", "-o", "csv", stdin: text)
        #expect(output.status == 3 && output.lines.count == 3)
        #expect(output.lines[1].hasPrefix("ok,default/job/many,4,k8s,,,a dynamic address,"), "\(output.stdoutText)")
        #expect(output.lines[2].hasPrefix("error,default/job/many,2,k8s,,pool-exhausted,"), "\(output.stdoutText)")
    }

    @Test func qualifiedAnnotationsAreJudgedOnTheirNetworks() async throws {
        let site = try await AdminSite()
        try await site.add("c1", "default/a-0", subnets: ["10.188.0.0/24"])
        try await site.add("c2", "default/b-0", network: "storage", subnets: ["172.18.0.0/24"])
        func pod(_ annotation: String) -> String {
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n  annotations:\n    \(annotation)\n"
        }
        // The network of eth0 cannot be told.
        let open = try await site.run("preflight", "-f", "-", "-o", "json", stdin: pod("kube-ipam.ip/storage: dynamic"))
        #expect(try open.checked().json["networks"]?.array?.map { $0["network"]?.string } == ["storage"])
        #expect(open.stderrText.contains("only the networks that annotations name were judged: several networks match"))
        let none = try await site.run("preflight", "-f", "-", stdin: pod("x: y"))
        #expect(
            none.status == 64 && none.isProperFailure
                && none.stderrText.contains("several networks match: k8s, storage"))
        // An address shows which one it is.
        let both = try await site.run(
            "preflight", "-f", "-", "--columns", "network,code",
            stdin: pod("{kube-ipam.ip: 10.188.0.9, kube-ipam.ip/storage: 172.18.0.1}"))
        #expect(
            both.status == 3
                && both.lines.dropFirst().map { $0.split(separator: " ").map(String.init) } == [
                    ["k8s", "address-not-reserved"], ["storage", "address-not-allowed"],
                ], "\(both.stdoutText)")
        let chosen = try await site.run(
            "preflight", "-n", "storage", "-f", "-", stdin: pod("kube-ipam.ip/k8s: 10.188.0.9"))
        #expect(try chosen.checked().lines.count == 2)
    }

    @Test func whatCannotBeReadIsAUsageError() async throws {
        let site = try await Site()
        let empty = try TemporaryDirectory(prefix: "empty")
        let cases: [([String], String?, String)] = [
            ([], nil, "name a manifest with -f"), (["-f", "/no/such"], nil, "/no/such cannot be read"),
            (["-f", empty.path], nil, "has no manifest"), (["-f", "-", "-f", "-"], "", "can be read once"),
            (["-f", "https://example.org/x.yaml"], nil, "is a URL"),
            (["-f", "-"], "# nothing\n", "there is no object"),
            (["-f", "-"], "a: {{ .Values.b }}", "standard input, line 1: column"),
            (["-f", "-"], "resources: [a.yaml]", "kind is missing"),
            (["-f", "-", "--namespace", "A_b"], "", "Kubernetes does not accept"),
            (
                ["-f", "-"],
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec:\n  replicas: \"3\"\n  template: {}",
                "standard input, line 5: spec.replicas must be a number, not a string"
            ),
            (
                ["-f", "-"],
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {replicas: 70000, template: {}}",
                "the manifests have 70000 pods; at most 65536"
            ),
        ]
        for (arguments, stdin, message) in cases {
            let output = try await site.admin.run(["preflight"] + arguments, environment: [:], stdin: stdin)
            #expect(output.isProperFailure && output.stderrText.contains(message), "\(arguments): \(output.stderrText)")
            #expect(output.status == (message.contains("cannot be read") ? 1 : 64), "\(arguments): \(output.status)")
            #expect(output.stderrText.contains("\nhint: "), "\(arguments): \(output.stderrText)")
        }
    }

    @Test func everyFieldOfTheJSONIsDocumented() async throws {
        let site = try await Site()
        let path = try site.file("api.yaml", Self.api)
        var seen: Set<String> = []
        let document = try OutputDocument()
        let output = try await site.run("-f", path, "-f", site.file("db.json", Self.database), "-o", "json")
        #expect(document.differences(try output.json, "preflight", seen: &seen).isEmpty, "\(output.stdoutText)")
        #expect(Set(document.fields("preflight").map(\.path)).subtracting(seen).isEmpty, "\(seen)")
        let codes = try String(
            contentsOf: BuildProducts.packageRoot.appendingPathComponent("docs/preflight.md"), encoding: .utf8
        ).split(separator: "\n").filter {
            $0.hasPrefix("| `") && ($0.contains("| error |") || $0.contains("| warning |"))
        }
        let documented = codes.map { row in row.split(separator: "|").prefix(2).map { $0.filter { !" `".contains($0) } }
        }
        #expect(
            Set(documented)
                == Set(PreflightCode.allCases.map { [$0.rawValue, $0.isError ? "error" : "warning"] }))
    }

    @Test func aTerminalOf80ColumnsShowsEverySentenceWhole() async throws {
        let site = try await Site()
        let path = try site.file("a.yaml", Self.api)
        let command = try site.admin.command(["preflight", "-f", path])
        let run = try await runOnScreen(
            command.program, command.arguments, environment: site.admin.environment([:]), steps: [.end])
        #expect(run.status == 3)
        #expect(run.screen.allSatisfy { $0.count <= 80 }, "\(run.text)")
        let words = run.screen.joined(separator: " ").split(separator: " ").joined(separator: " ")
        #expect(
            words.contains("10.188.0.216 is reserved for default/deploy/fixed-ip-test hint: see 'ipamctl show"),
            "\(run.text)")
        #expect(run.raw.contains("\u{1B}["), "errors are red")
    }
}

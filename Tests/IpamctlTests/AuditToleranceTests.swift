import Foundation
import IPAMKit
import TestSupport
import Testing

/// What Kubernetes says in a way that nobody can read does not stop an audit, and lets nothing be freed.
@Suite(.needs(.etcd, .root)) struct AuditToleranceTests {
    private struct Cluster {
        let site: AdminSite
        let kubernetes: KubernetesServer
        let kubeconfig: String

        static func start(subnet: String = "10.188.0.0/22") async throws -> Cluster {
            let kubernetes = try await KubernetesServer.start()
            let site = try await AdminSite()
            let cluster = Cluster(site: site, kubernetes: kubernetes, kubeconfig: try kubernetes.kubeconfig())
            try cluster.configure("k8s", subnet)
            try kubernetes.put(node: "n1")
            return cluster
        }

        func configure(_ network: String, _ subnet: String) throws {
            try site.files.write(
                """
                {"cniVersion":"0.4.0","name":"\(network)","type":"macvlan","ipam":{"type":"kube-ipam","cluster":"c1",\
                "kubeConfig":"\(kubeconfig)","etcdConfig":{"etcdURL":"\(site.server.clientURL)"},"subnet":"\(subnet)"}}
                """, to: "\(network).conf")
        }

        func ipamctl(_ arguments: String..., environment: [String: String] = [:]) async throws -> ProcessOutput {
            try await site.run(arguments, environment: environment)
        }

        /// Findings as `address code repair`.
        func findings(_ arguments: String...) async throws -> [String] {
            let json = try await site.run(["audit", "-n", "k8s", "-o", "json"] + arguments, environment: [:]).json
            return (json["findings"]?.array ?? []).map { finding in
                [finding["address"]?.string ?? "", finding["code"]?.string ?? "", finding["repair"]?.string ?? ""]
                    .joined(separator: " ")
            }
        }

        func run(
            _ container: String, _ pod: String, ip: String, network: String = "k8s", subnet: String = "10.188.0.0/22"
        )
            async throws
        {
            try await site.add(
                container, "default/\(pod)", node: "n1", ip: ip, network: network, subnets: [subnet], cluster: "c1")
            try kubernetes.put(pod: .init(pod, uid: "uid-\(container)", node: "n1", podIPs: [ip]))
        }
    }

    @Test(arguments: ["<nil>", "none", "10.188.0.300"])
    func aPodsUnreadableAddressIsAWarningAndTheRestIsJudged(text: String) async throws {
        let cluster = try await Cluster.start()
        try await cluster.run("live", "live-0", ip: "10.188.0.10")
        try await cluster.site.add(
            "dead", "default/dead-0", node: "n9", ip: "10.188.0.20", subnets: ["10.188.0.0/22"], cluster: "c1")
        try await cluster.site.put([("/etcd-cni/networks/k8s/used/10.188.0.30", "go")])
        try cluster.kubernetes.put(pods: [
            .init("odd-0", node: "n1", podIPs: [text]),
            .init("proxy", node: "n1", podIPs: [text], hostNetwork: true),
        ])
        let output = try await cluster.ipamctl("audit")
        #expect(output.status == 5, "\(output.stderrText)")
        let warning = "Kubernetes reports an address of pod default/odd-0 on n1 that is none: \"\(text)\""
        #expect(output.stderrText.hasPrefix("warning: \(warning)\nipamctl: "), "\(output.stderrText)")
        #expect(try await cluster.ipamctl("audit", "-o", "json").json["warnings"] == [.string(warning)])
        #expect(try await cluster.findings() == ["10.188.0.20 leaked free", "10.188.0.30 doubtful free"])
        let repair = try await cluster.ipamctl(
            "audit", "--repair", "--yes", "--include", "unverified", "--grace", "1s")
        let used = try await cluster.site.held().filter { $0.hasPrefix("used/") }
        #expect(
            used == ["used/10.188.0.10", "used/10.188.0.30"],
            "\(used.sorted()) \(repair.stdoutText)\(repair.stderrText)")
    }

    /// The pod of a holder, and a node that holders are on.
    @Test func objectsThatCannotBeReadCountAsThere() async throws {
        let cluster = try await Cluster.start()
        try await cluster.run("live", "live-0", ip: "10.188.0.10")
        for (container, node) in [("odd", "n1"), ("far", "n7"), ("dead", "n9")] {
            let ip = ["odd": "10.188.0.20", "far": "10.188.0.21", "dead": "10.188.0.22"][container]
            try await cluster.site.add(
                container, "default/\(container)-0", node: node, ip: ip, subnets: ["10.188.0.0/22"], cluster: "c1")
        }
        try cluster.kubernetes.put(
            podJSON: """
                {"metadata": {"name": "odd-0", "namespace": "default", "uid": "uid-odd", "labels": 7}}
                """)
        #expect(
            try await cluster.findings() == ["10.188.0.21 leaked free", "10.188.0.22 leaked free"])
        #expect(
            try await cluster.ipamctl("audit").stderrText.hasPrefix(
                "warning: Kubernetes lists pod default/odd-0, which cannot be read: .metadata.labels has the wrong type\n"
            ))
        try cluster.kubernetes.fail(
            .body(
                #"""
                {"kind": "NodeList", "items": [{"metadata": {"name": "n1"}}, {"metadata": {"name": "n7"}, "kind": "Odd"}]}
                """#), on: "/api/v1/nodes")
        let json = try await cluster.ipamctl("audit", "-o", "json").json
        #expect(json["findings"]?.array?.map { $0["confirm"]?.bool ?? false } == [true, false])
        #expect(json["warnings"]?.array?.count == 2)
    }

    /// Each kind of key, damaged: the other addresses are shown and judged, and what leaked is freed.
    @Test func valuesOfTheStoreThatCannotBeReadStopNothing() async throws {
        let cluster = try await Cluster.start()
        try await cluster.run("live", "live-0", ip: "10.188.0.10")
        for (container, ip) in [("dead", "10.188.0.20"), ("odd", "10.188.0.21")] {
            try await cluster.site.add(
                container, "default/\(container)-0", node: "n9", ip: ip, subnets: ["10.188.0.0/22"], cluster: "c1")
        }
        let base = "/etcd-cni/networks/k8s/"
        try await cluster.site.put(
            [
                ("used/nonsense", "x"), ("used/10.188.0.40", ""), ("attachments/bad/eth0", "{"),
                ("attachments/odd/eth0", #"{"addresses":["10.188.0.21","<nil>"],"uid":7}"#), ("attachments/bad", "{}"),
                ("used/10.188.0.41", "bad"), ("reservations/10.188.0.50", "{"), ("reservations/nonsense", "{}"),
                ("history/10.188.0.20", "{"), ("history/nonsense", "[]"), ("suspects/10.188.0.20", "x"),
                ("claims/x", ""),
                ("lastReserved/0", "x"), ("else/entirely", "x"),
            ].map { (base + $0.0, $0.1) })
        for arguments in [
            ["networks"], ["list"], ["list", "-o", "csv"], ["show", "10.188.0.10"], ["show", "10.188.0.20"],
            ["history", "10.188.0.10"], ["history", "--pod", "default/live-0"],
            ["reserve", "10.188.0.60", "--dry-run"],
        ] {
            let output = try await cluster.site.run(arguments, environment: [:])
            #expect(output.status == 0, "\(arguments): \(output.stderrText)")
        }
        let list = try await cluster.ipamctl("list", "-o", "name").checked()
        #expect(list.lines.contains("10.188.0.10") && list.lines.contains("10.188.0.20"))
        #expect(list.stderrText.contains("warning: the value of \(base)attachments/odd/eth0 cannot be used: "))
        #expect(
            try await cluster.findings() == ["10.188.0.20 leaked free", "10.188.0.40 unverified free"],
            "what an attachment that cannot be read may have is not judged")
        let repair = try await cluster.ipamctl(
            "audit", "--repair", "--yes", "--include", "unverified", "--grace", "1s")
        #expect(repair.stdoutText.contains("10.188.0.20 freed"), "\(repair.stdoutText)\(repair.stderrText)")
        let held = try await cluster.site.held()
        #expect(!held.contains("used/10.188.0.20"))
        #expect(
            held.isSuperset(of: ["used/10.188.0.10", "used/10.188.0.21", "used/10.188.0.41", "attachments/odd/eth0"]))
    }

    @Test func overlappingNetworksAreToldAndTheOthersAddressesAreNotUntracked() async throws {
        let cluster = try await Cluster.start()
        try await cluster.run("c1", "one-0", ip: "10.188.0.10")
        try await cluster.run("c2", "two-0", ip: "10.188.1.7", network: "storage", subnet: "10.188.1.0/24")
        try cluster.kubernetes.put(pod: .init("stray-0", uid: "stray", node: "n1", podIPs: ["10.188.2.9"]))
        let warning =
            "networks k8s and storage overlap: 10.188.0.0/22 and 10.188.1.0/24 have addresses in common, and both networks "
            + "may give out 10.188.1.2-10.188.1.254"
        for arguments in [["networks"], ["networks", "-n", "k8s"], ["audit", "-n", "k8s"]] {
            let output = try await cluster.site.run(arguments, environment: [:])
            #expect(output.stderrText.hasPrefix("warning: \(warning)\n"), "\(arguments): \(output.stderrText)")
        }
        #expect(try await cluster.findings() == ["10.188.2.9 untracked fence"])
        // Of an etcd user who may not look there nothing is asked.
        #expect(try await cluster.ipamctl("list", "-o", "name").stderrText.isEmpty)
    }

    @Test func aNodesOwnAddressInThePoolIsFoundAndTheCommandFencesIt() async throws {
        let cluster = try await Cluster.start()
        try await cluster.run("live", "live-0", ip: "10.188.0.10")
        try cluster.kubernetes.put(node: "n1", addresses: ["10.188.0.99", "192.0.2.1", "?"])
        let output = try await cluster.ipamctl("audit")
        #expect(output.status == 5)
        let command = "ipamctl reserve 10.188.0.99 --fence --note \"node n1\" -n k8s"
        #expect(
            output.lines.contains {
                $0.hasPrefix("10.188.0.99 ") && $0.contains(" node-address ") && $0.contains("'\(command)'")
            }, "\(output.stdoutText)")
        _ = try await cluster.ipamctl(
            "reserve", "10.188.0.99", "--fence", "--note", "node n1", "-n", "k8s", "--yes"
        ).checked()
        #expect(try await cluster.ipamctl("audit").status == 0)
    }

    // MARK: Kubeconfigs

    /// As kubectl: what is not there is passed over, and the first file that has the context counts.
    @Test func kubeconfigMayBeAListAndContextChoosesFromIt() async throws {
        let cluster = try await Cluster.start()
        try await cluster.run("live", "live-0", ip: "10.188.0.10")
        let other = try await KubernetesServer.start()
        try other.withholdIdentity()
        let folder = try TemporaryDirectory()
        // Its context is called other, and it is the current one.
        let text = try String(contentsOfFile: try other.kubeconfig(), encoding: .utf8)
            .replacing("user: tester", with: "user: bot").replacing("name: tester", with: "name: bot")
            .replacing("current-context: test", with: "current-context: other").replacing(
                "name: test", with: "name: other"
            )
            .replacing("cluster: test", with: "cluster: other")
        let first = try folder.write(text, to: "other").path
        // Without the file's own kubeconfig, so that the variable is what counts.
        try cluster.site.files.write(
            try String(contentsOf: cluster.site.files.file("k8s.conf"), encoding: .utf8)
                .replacing("\"kubeConfig\":\"\(cluster.kubeconfig)\",", with: ""), to: "k8s.conf")
        let list = ["KUBECONFIG": "/nowhere:\(first):\(cluster.kubeconfig)"]
        let current = try await cluster.ipamctl("audit", environment: list)
        #expect(current.stdoutText.contains(" 0 pods, "), "\(current.stdoutText)\(current.stderrText)")
        #expect(other.requests.contains { $0.hasPrefix("GET /api/v1/pods") } && cluster.kubernetes.requests.isEmpty)
        let chosen = try await cluster.ipamctl("audit", "--context", "test", environment: list)
        #expect(chosen.status == 0 && chosen.stdoutText.contains(" 1 pod,"), "\(chosen.stdoutText)\(chosen.stderrText)")
        let variable = try await cluster.ipamctl(
            "audit", environment: list.merging(["IPAMCTL_CONTEXT": "test"]) { $1 })
        #expect(variable.status == 0 && variable.stdoutText.contains(" 1 pod,"))
        let before = try await cluster.ipamctl("--context=test", "audit", environment: list)
        #expect(before.status == 0, "\(before.stderrText)")
        let unknown = try await cluster.ipamctl("audit", "--context", "x", environment: list)
        #expect(
            unknown.stderrText
                == "ipamctl: the kubeconfig \(first):\(cluster.kubeconfig): there is no context \"x\", only \"other\", \"test\"\n"
                + "hint: correct the kubeconfig, or choose another with --kubeconfig or --context\n",
            "\(unknown.stderrText)")
    }
}

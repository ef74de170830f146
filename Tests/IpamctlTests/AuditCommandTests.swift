import Foundation
import IPAMKit
import TestSupport
import Testing

/// `ipamctl audit` and `release --from-report`, with a real etcd and a Kubernetes API over TLS.
@Suite(.needs(.etcd, .root)) struct AuditCommandTests {
    private struct Cluster {
        let site: AdminSite
        let kubernetes: KubernetesServer
        /// The kubeconfig of this cluster; its certification authority is the cluster's name.
        let kubeconfig: String

        /// A network with one live pod, one that leaked with its node, and one that may still be stopping.
        static func start() async throws -> Cluster {
            let kubernetes = try await KubernetesServer.start()
            let site = try await AdminSite()
            let kubeconfig = try kubernetes.kubeconfig()
            try site.files.write(
                """
                {"cniVersion":"0.4.0","name":"k8s","type":"macvlan","master":"eth0","ipam":{"type":"kube-ipam",\
                "kubeConfig":"\(kubeconfig)","cluster":"c1","etcdConfig":{"etcdURL":"\(site.server.clientURL)"},\
                "ranges":[[{"subnet":"10.188.0.0/22"}],[{"subnet":"fd00:188::/64"}]]}}
                """, to: "10-k8s.conf")
            try kubernetes.put(node: "n1")
            let cluster = Cluster(site: site, kubernetes: kubernetes, kubeconfig: kubeconfig)
            try await cluster.run("live", "default/live-0", ip: "10.188.0.10")
            _ = try await site.add("dead", "default/dead-0", node: "n9", ip: "10.188.0.20", cluster: "c1")
            _ = try await site.add("seen", "default/seen-0", node: "n1", ip: "10.188.0.30", cluster: "c1")
            return cluster
        }

        func run(_ container: String, _ pod: String, ip: String) async throws {
            let given = try await site.add(container, pod, node: "n1", ip: ip, cluster: "c1")
            let name = String(pod.split(separator: "/")[1])
            try kubernetes.put(
                pod: .init(name, uid: "uid-\(container)", node: "n1", podIPs: given.map(\.description)))
        }

        func ipamctl(_ arguments: String...) async throws -> ProcessOutput {
            try await site.run(arguments, environment: [:])
        }

        func used() async throws -> Set<String> {
            Set(try await site.held().filter { $0.hasPrefix("used/10.") }.map { String($0.dropFirst("used/".count)) })
        }
    }

    @Test func anAuditTellsWhatItFoundAndChangesNothing() async throws {
        let cluster = try await Cluster.start()
        let before = try await cluster.site.dump()
        let output = try await cluster.ipamctl("audit")
        #expect(output.status == 5, "\(output.stdoutText)\(output.stderrText)")
        #expect(output.stdoutText.hasPrefix("network k8s: 6 addresses used or reserved, 1 pod, revision "))
        #expect(
            output.lines.contains {
                $0.hasPrefix("10.188.0.20 ") && $0.contains(" leaked ") && $0.contains("default/dead-0")
            })
        #expect(output.stdoutText.contains("its pod is gone, but its node n1 may still be stopping it"))
        #expect(!output.stdoutText.contains("live-0"))
        #expect(
            output.stderrText.contains("ipamctl: 4 findings\nhint: 'ipamctl audit --repair'"), "\(output.stderrText)")
        let json = try await cluster.ipamctl("audit", "-o", "json").json
        #expect(json["network"] == "k8s" && json["findings"]?.array?.count == 4 && json["pods"] == 1)
        #expect(json["findings"]?.array?.first?["code"] == "leaked")
        let some = try await cluster.ipamctl("audit", "--only", "duplicate")
        #expect(some.status == 0 && some.stdoutText.contains("no findings"))
        #expect(
            try await cluster.ipamctl("audit", "--node", "n9", "-o", "name").lines == ["10.188.0.20", "fd00:188::3"])
        #expect(
            try await cluster.ipamctl("audit", "--pod", "default/dead-0", "-o", "name").lines == [
                "10.188.0.20", "fd00:188::3",
            ])
        #expect(try await cluster.ipamctl("audit", "--namespace", "other").status == 0)
        #expect(try await cluster.site.dump() == before)
    }

    @Test func networksWithoutFindingsAreNamedInOneLine() async throws {
        let cluster = try await Cluster.start()
        for (network, subnet) in [("storage", "10.98.0.0/24"), ("database", "10.99.0.0/24")] {
            let given = try await cluster.site.add(
                "x-\(network)", "default/x-\(network)", node: "n1", network: network, subnets: [subnet],
                cluster: cluster.kubernetes.clusterUID)
            try cluster.kubernetes.put(
                pod: .init("x-\(network)", uid: "uid-x-\(network)", node: "n1", podIPs: given.map(\.description)))
        }
        let output = try await cluster.ipamctl("audit", "--kubeconfig", cluster.kubeconfig)
        #expect(output.status == 5, "\(output.stderrText)")
        #expect(output.lines.count { $0.hasPrefix("network ") } == 1 && output.lines[0].hasPrefix("network k8s: "))
        let clean = "no findings in 2 networks (addresses used or reserved): database (1), storage (1)"
        #expect(output.stdoutText.hasSuffix("\n\n\(clean)\n"), "\(output.stdoutText)")
        let json = try await cluster.ipamctl("audit", "--kubeconfig", cluster.kubeconfig, "-o", "json").json
        #expect(json.array?.map { $0["network"]?.string } == ["database", "k8s", "storage"])

        let repaired = try await cluster.ipamctl(
            "audit", "--kubeconfig", cluster.kubeconfig, "--repair", "--yes", "--grace", "0")
        #expect(repaired.status == 0 && repaired.stdoutText.hasSuffix("\n\n\(clean)\n"), "\(repaired.stdoutText)")
        let again = try await cluster.ipamctl("audit", "--kubeconfig", cluster.kubeconfig).checked()
        #expect(
            again.stdoutText
                == "no findings in 3 networks (addresses used or reserved): database (1), k8s (2), storage (1)\n")
        // One alone has its line as ever.
        let one = try await cluster.ipamctl("audit", "-n", "k8s", "--kubeconfig", cluster.kubeconfig).checked()
        #expect(one.stdoutText.hasPrefix("network k8s: 2 addresses") && one.stdoutText.contains("  no findings"))
    }

    /// A tenant's pod that passes itself off as the dead one's, as its manifest's hash.
    @Test(arguments: [["hash"], ["hash", "mirror", "source"]])
    func aConfigHashThatATenantWritesHidesNoLeak(keys: [String]) async throws {
        let cluster = try await Cluster.start()
        let annotations = keys.map { ("kubernetes.io/config.\($0)", "uid-dead") }
        try cluster.kubernetes.put(
            pod: .init("tenant", annotations: Dictionary(uniqueKeysWithValues: annotations), node: "n1"))
        let output = try await cluster.ipamctl("audit", "--only", "leaked", "--node", "n9", "-o", "name")
        #expect(output.lines == ["10.188.0.20", "fd00:188::3"], "\(output.stdoutText)\(output.stderrText)")
        #expect(try await cluster.ipamctl("audit", "--repair", "--yes", "--node", "n9").status == 0)
        #expect(try await cluster.used() == ["10.188.0.10", "10.188.0.30"])
    }

    @Test func aRepairFreesWhatIsSureAtOnceAndWhatIsSeenTwice() async throws {
        let cluster = try await Cluster.start()
        let dry = try await cluster.ipamctl("audit", "--repair", "--dry-run")
        #expect(dry.stdoutText.contains("10.188.0.20 frees it (leaked: default/dead-0 on n9: "), "\(dry.stdoutText)")
        #expect(dry.stdoutText.contains("10.188.0.30 frees it, if a second check confirms it"))
        #expect(try await cluster.used() == ["10.188.0.10", "10.188.0.20", "10.188.0.30"])
        let first = try await cluster.ipamctl("audit", "--repair", "--yes", "--node", "n9")
        #expect(first.status == 0, "\(first.stdoutText)\(first.stderrText)")
        #expect(try await cluster.used() == ["10.188.0.10", "10.188.0.30"], "that on a ready node waits")
        let second = try await cluster.ipamctl("audit", "--repair", "--yes", "--grace", "1s")
        #expect(second.status == 0 && second.stderrText.contains("checking again in 1 s"), "\(second.stderrText)")
        #expect(try await cluster.used() == ["10.188.0.10"])
        let clean = try await cluster.ipamctl("audit")
        #expect(clean.status == 0 && clean.stdoutText.contains("no findings"))
    }

    @Test func withGraceZeroOneLookIsEnough() async throws {
        let cluster = try await Cluster.start()
        #expect(try await cluster.ipamctl("audit", "--repair", "--yes", "--grace", "0").status == 0)
        #expect(try await cluster.used() == ["10.188.0.10"])
    }

    /// The pod came back between the two looks: as it would when its status was late.
    @Test func whatIsAliveAtTheSecondLookIsKept() async throws {
        let cluster = try await Cluster.start()
        async let repair = cluster.ipamctl("audit", "--repair", "--yes", "--grace", "5s", "--node", "n1")
        // The first look has listed the pods and the nodes.
        let deadline = ContinuousClock.now + .seconds(60)
        while cluster.kubernetes.requests.count(where: { $0.contains("/nodes") }) == 0 {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(20))
        }
        try cluster.kubernetes.put(pod: .init("seen-0", uid: "uid-seen", node: "n1"))
        let output = try await repair
        #expect(output.status == 0, "\(output.stdoutText)\(output.stderrText)")
        #expect(try await cluster.used().contains("10.188.0.30"))
    }

    @Test(arguments: [KubernetesServer.Fault.status(403), .status(401), .status(404), .cutBody, .notFoundPage])
    func aKubernetesThatDoesNotAnswerJudgesNobody(fault: KubernetesServer.Fault) async throws {
        let cluster = try await Cluster.start()
        try cluster.kubernetes.fail(fault)
        let before = try await cluster.site.dump()
        for arguments in [["audit"], ["audit", "--repair", "--yes", "--grace", "0"]] {
            let output = try await cluster.site.run(arguments + ["--timeout", "2s"], environment: [:])
            #expect(output.isProperFailure && output.status == 2, "\(output.stdoutText)\(output.stderrText)")
            #expect(output.stderrText.contains("nothing was judged"))
        }
        #expect(try await cluster.site.dump() == before)
    }

    /// The second page is refused: a half list would make the rest look gone.
    @Test func aHalfListJudgesNobody() async throws {
        let cluster = try await Cluster.start()
        try cluster.kubernetes.put(
            pods: (0..<1200).map { .init("many-\($0)", namespace: "many", node: "n1", podIPs: ["192.0.2.1"]) })
        try cluster.kubernetes.fail(.status(403), continuing: true)
        let output = try await cluster.ipamctl("audit", "--repair", "--yes", "--grace", "0")
        #expect(output.isProperFailure && output.status == 2, "\(output.stdoutText)\(output.stderrText)")
        #expect(try await cluster.used().count == 3)
    }

    @Test func aSavedReportIsRepairedLaterAsFarAsItIsStillSo() async throws {
        let cluster = try await Cluster.start()
        let file = cluster.site.files.file("leaks.json").path
        #expect(try await cluster.ipamctl("audit", "--report", file).status == 5)
        let report = try AuditReport(JSONValue(parsing: String(contentsOfFile: file, encoding: .utf8)))
        #expect(report.findings.count == 4)
        // A report of this minute is no second look yet, and its findings are so all the same.
        let young = try await cluster.ipamctl("release", "--from-report", file, "--dry-run").checked()
        #expect(
            young.stdoutText.contains("10.188.0.30 frees it, if a second check confirms it"), "\(young.stdoutText)")
        #expect(!young.stderrText.contains("no longer exist"), "\(young.stderrText)")
        // Meanwhile the dead one's address has come to another pod.
        _ = try await cluster.site.pool().delete(
            AttachmentReference(containerID: ContainerID("dead"), ifname: InterfaceName("eth0")))
        try await cluster.run("new", "default/new-0", ip: "10.188.0.20")
        // The report is a minute old.
        let aged = try String(contentsOfFile: file, encoding: .utf8)
            .replacingOccurrences(of: "\"\(report.at)\"", with: "\"\(report.at.advanced(bySeconds: -60))\"")
        try aged.write(toFile: file, atomically: true, encoding: .utf8)
        let dry = try await cluster.ipamctl("release", "--from-report", file, "--dry-run").checked()
        #expect(dry.stdoutText.contains("10.188.0.30 frees it"), "\(dry.stdoutText)")
        let output = try await cluster.ipamctl("release", "--from-report", file, "--yes").checked()
        #expect(output.stdoutText.contains("10.188.0.30 freed (leaked: "), "\(output.stdoutText)")
        #expect(try await cluster.used() == ["10.188.0.10", "10.188.0.20"])
    }

    @Test func aReportOfAnotherClusterNetworkOrEtcdIsRefused() async throws {
        let cluster = try await Cluster.start()
        let file = cluster.site.files.file("leaks.json").path
        _ = try await cluster.ipamctl("audit", "--report", file)
        let text = try String(contentsOfFile: file, encoding: .utf8)
        for (what, with, sentence) in [
            ("\"cluster\": \"c1\"", "\"cluster\": \"c2\"", "is about cluster c2, and this is cluster c1"),
            ("\"revision\": ", "\"revision\": 99999", "is about another etcd, or from the future"),
            ("\"network\": \"k8s\"", "\"network\": \"other\"", "network other"), ("{", "", "is not valid JSON"),
            ("\"format\": 1", "\"format\": 9", "is not a report of an audit"),
        ] {
            guard let range = text.range(of: what) else {
                Issue.record("the report has no \(what): \(text.prefix(300))")
                continue
            }
            try text.replacingCharacters(in: range, with: with).write(toFile: file, atomically: true, encoding: .utf8)
            let output = try await cluster.ipamctl("release", "--from-report", file, "--yes")
            #expect(output.isProperFailure && output.stderrText.contains(sentence), "\(what): \(output.stderrText)")
        }
        #expect(try await cluster.used().count == 3)
        // Of several reports one that is refused keeps the others from being carried out.
        let other = try #require(text.range(of: "\"cluster\": \"c1\""))
        let both = "[\(text), \(text.replacingCharacters(in: other, with: "\"cluster\": \"c2\""))]"
        try both.write(toFile: file, atomically: true, encoding: .utf8)
        let output = try await cluster.ipamctl("release", "--from-report", file, "--yes")
        #expect(output.isProperFailure && output.status == 3, "\(output.stderrText)")
        #expect(try await cluster.used().count == 3)
    }

    @Test func anotherClustersKubeconfigJudgesNobody() async throws {
        let cluster = try await Cluster.start()
        let other = try await KubernetesServer.start(authority: CertificateAuthority(name: "another cluster"))
        try other.put(node: "n1")
        // Without a name in the CNI file the certification authority tells.
        let plain = try cluster.site.files.write(
            AdminSite.cniFile(etcd: cluster.site.server.clientURL), to: "20-plain.conf")
        let output = try await cluster.site.run(
            [
                "audit", "-c", plain.path, "--kubeconfig", other.kubeconfig(), "--repair", "--yes", "--grace", "0",
                "--only", "leaked",
            ],
            environment: [:])
        #expect(output.status == 0, "\(output.stdoutText)\(output.stderrText)")
        #expect(output.stdoutText.contains("3 not judged: it is of another Kubernetes cluster"), "\(output.stdoutText)")
        #expect(try await cluster.used().count == 3)
    }

    @Test func aNodeJudgesItsOwnContainersByTheCacheAndItsNamespaces() async throws {
        let cluster = try await Cluster.start()
        let cache = try TemporaryDirectory(prefix: "results")
        try cache.write(
            #"{"kind":"cniCacheV1","containerId":"live","ifName":"eth0","networkName":"k8s","result":{"ips":[{"address":"10.188.0.10/22"}]}}"#,
            to: "k8s-live-eth0")
        let output = try await cluster.ipamctl("audit", "--node-local", "--cni-cache", cache.path)
        #expect(
            output.status == 0 && output.stdoutText.contains("by node "), "\(output.stdoutText)\(output.stderrText)")
        let without = try await cluster.ipamctl("audit", "--node-local", "--cni-cache", "/nowhere")
        #expect(
            without.isProperFailure && without.stderrText.contains("/nowhere cannot be read"), "\(without.stderrText)")
        try cache.write("{", to: "damaged")
        let damaged = try await cluster.ipamctl("audit", "--node-local", "--cni-cache", cache.path)
        #expect(damaged.stdoutText.contains("by node ") && damaged.status == 0, "\(damaged.stdoutText)")
        #expect(
            damaged.stderrText.hasPrefix("warning: \(cache.path)/damaged is not valid JSON: "), "\(damaged.stderrText)")
    }

    @Test(arguments: [
        (["audit", "--include", "unverified"], "--dry-run, --yes, --include and --grace go with --repair"),
        (
            ["audit", "--repair", "--include", "leaked"],
            "the value 'leaked' is invalid for '--include <code>'. It is one of: unverified, doubtful, node-gone, untracked, "
                + "reservation-orphaned, stale-lock\n"
        ),
        (["audit", "--only", "leak"], "leak"),
        (["audit", "--repair", "--grace", "soon"], "--grace: \"soon\" is not valid: write a time span"),
        (["release", "--include", "unverified", "10.188.0.1"], "--include goes with --from-report"),
    ])
    func wrongUsageIsOneSentence(arguments: [String], sentence: String) async throws {
        let site = try await AdminSite()
        let output = try await site.run(arguments)
        #expect(
            output.isProperFailure && output.status == 64 && output.stderrText.contains(sentence),
            "\(output.stderrText)")
    }
}

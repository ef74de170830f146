import IPAMKit
import TestSupport
import Testing

/// What makes the exit status of an audit 5.
@Suite(.needs(.etcd, .root)) struct AuditStatusTests {
    private struct Cluster {
        let site: AdminSite
        let kubernetes: KubernetesServer

        static func start() async throws -> Cluster {
            let kubernetes = try await KubernetesServer.start()
            let site = try await AdminSite()
            try site.files.write(
                """
                {"cniVersion":"0.4.0","name":"k8s","type":"macvlan","ipam":{"type":"kube-ipam",\
                "kubeConfig":"\(try kubernetes.kubeconfig())","cluster":"c1",\
                "etcdConfig":{"etcdURL":"\(site.server.clientURL)"},"subnet":"10.188.0.0/24"}}
                """, to: "10-k8s.conf")
            try kubernetes.put(node: "n1")
            let cluster = Cluster(site: site, kubernetes: kubernetes)
            try await cluster.run("live", node: "n1", recordsCluster: true, isAlive: true)
            return cluster
        }

        func run(_ name: String, node: String, recordsCluster: Bool, isAlive: Bool) async throws {
            let given = try await site.add(
                name, "default/\(name)", node: node, subnets: ["10.188.0.0/24"], cluster: recordsCluster ? "c1" : nil)
            guard isAlive else { return }
            try kubernetes.put(
                pod: .init(name, uid: "uid-\(name)", node: node, podIPs: given.map(\.description)))
        }

        func audit(_ arguments: String...) async throws -> ProcessOutput {
            try await site.run(["audit"] + arguments, environment: [:])
        }
    }

    private static let unjudged = "ipamctl: 1 holder not judged\nhint: the result says why, and what helps\n"

    /// A real leak of which nothing can be said is no finding, but it is told with what helps.
    @Test func whatCannotBeJudgedComesWithTheReasonAndTheRemedy() async throws {
        let cluster = try await Cluster.start()
        try await cluster.run("gone", node: "n1", recordsCluster: false, isAlive: false)
        let remedy =
            "set ipam.kubeConfig or ipam.cluster in the nodes' CNI files, for pods that start from then on; for "
            + "this one, 'ipamctl audit --node-local' on its node judges it"
        let output = try await cluster.audit().checked()
        #expect(
            output.stdoutText.contains(
                "\n  no findings\n  1 not judged: no cluster is recorded for it\n    to judge: \(remedy)\n"),
            "\(output.stdoutText)")
        let json = try await cluster.audit("-o", "json").checked().json
        #expect(json["unjudged"]?["no cluster is recorded for it"] == 1)
        #expect(json["remedies"]?["no cluster is recorded for it"]?.string == remedy)
        let strict = try await cluster.audit("--strict")
        #expect(strict.status == 5 && strict.stderrText == Self.unjudged, "\(strict.stderrText)")
        try await cluster.run("dead", node: "n9", recordsCluster: true, isAlive: false)
        let both = try await cluster.audit("--strict")
        #expect(both.status == 5 && both.stderrText.hasPrefix("ipamctl: 1 finding, 1 holder not judged\n"))
        let strictRepair = try await cluster.audit("--strict", "--repair", "--yes")
        #expect(strictRepair.status == 5 && strictRepair.stderrText == Self.unjudged)
        #expect(try await cluster.audit("--repair", "--yes").status == 0)
    }

    /// As after a Deployment with automatic addresses was scaled down on purpose.
    @Test func informationDoesNotMakeTheExitStatus5UnlessItIsAskedFor() async throws {
        let cluster = try await Cluster.start()
        try await cluster.site.put([
            (
                "/etcd-cni/networks/k8s/reservations/10.188.0.77",
                #"{"for":"default/deploy/web","by":"\#(Reservation.automaticAuthor)","since":"2026-11-23T02:00:00Z"}"#
            )
        ])
        let output = try await cluster.audit()
        #expect(output.status == 0 && output.stderr.isEmpty, "\(output.stderrText)")
        #expect(
            output.lines.contains { $0.split(separator: " ").prefix(3) == ["1", "reservation-orphaned", "info"] },
            "\(output.stdoutText)")
        #expect(output.stdoutText.contains("10.188.0.77  reservation-orphaned  "), "it is shown all the same")
        #expect(try await cluster.audit("-o", "json").json["findings"]?.array?.count == 1)
        #expect(try await cluster.audit("--severity", "error").status == 0)
        let all = try await cluster.audit("--severity", "info")
        #expect(
            all.status == 5
                && all.stderrText
                    == "ipamctl: 1 finding\nhint: 'ipamctl audit --repair --include reservation-orphaned' "
                    + "repairs it\n",
            "\(all.stderrText)")

        // A leak is a warning, and a live pod that nobody recorded an error.
        try await cluster.run("dead", node: "n9", recordsCluster: true, isAlive: false)
        #expect(try await cluster.audit().stderrText.hasPrefix("ipamctl: 1 finding\n"))
        #expect(try await cluster.audit("--severity", "warning").status == 5)
        #expect(try await cluster.audit("--severity", "error").status == 0)
        try cluster.kubernetes.put(pod: .init("unknown", node: "n1", podIPs: ["10.188.0.88"]))
        let error = try await cluster.audit("--severity", "error")
        #expect(error.status == 5 && error.stderrText.hasPrefix("ipamctl: 1 finding\n"), "\(error.stderrText)")
        #expect(try await cluster.audit("--severity", "error", "--repair", "--yes").status == 5)
        let wrong = try await cluster.audit("--severity", "fatal")
        #expect(wrong.isProperFailure && wrong.status == 64 && wrong.stderrText.contains("info"), "\(wrong.stderrText)")
    }
}

import Foundation
import IPAMKit
import TestSupport
import Testing

/// `ipamctl doctor`: CNI files, Kubernetes, the node, and how the result is printed.
@Suite(.needs(.etcd, .root)) struct DoctorCommandTests {
    private func report(_ site: AdminSite, _ arguments: [String] = [], environment: [String: String]? = nil)
        async throws
        -> DoctorReport
    {
        try DoctorReport(try await site.run(["doctor", "-o", "json"] + arguments, environment: environment))
    }

    // MARK: CNI files

    @Test func theCNIFilesAreCheckedAndComparedWithTheStore() async throws {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-0", subnets: ["10.188.0.0/22"])
        try site.files.write(AdminSite.cniFile(etcd: site.server.clientURL), to: "10-k8s.conf")
        let good = try await report(site, environment: [:])
        #expect(good.exit == 0 && good.status("cni-file") == ["ok"] && good.status("config-drift") == ["ok"], "\(good)")
        #expect(good.seen("cni-file") == "network k8s, plugin macvlan, CNI 0.4.0")
        #expect(good.seen("etcd-access") == "1 endpoint from network k8s in /etc/cni/net.d/10-k8s.conf")

        try site.files.write(
            AdminSite.cniFile(etcd: site.server.clientURL, subnet: "10.188.0.0/23"), to: "10-k8s.conf")
        let drift = try await report(site, environment: [:])
        #expect(drift.exit == 0 && drift.status("config-drift") == ["warning"], "\(drift)")
        #expect(drift.seen("config-drift").hasPrefix("the CNI file says 10.188.0.0/23 10.188.0.2-10.188.1.254"))

        try site.files.write(
            AdminSite.cniFile("other", etcd: site.server.clientURL, subnet: "10.188.1.0/24"), to: "20-other.conf")
        let overlap = try await report(site, environment: [:])
        #expect(overlap.status("network-overlap", "k8s other") == ["warning"], "\(overlap)")
        #expect(overlap.status("config-drift", "other") == ["ok"], "\(overlap)")
        let one = try await report(site, ["-n", "k8s"], environment: [:])
        #expect(
            one.status("network-overlap", "k8s other") == ["warning"] && one.status("etcd-rights") == ["ok"], "\(one)")
        #expect(overlap.seen("config-drift", "other").hasPrefix("etcd has no ranges of the network yet"))

        try site.files.write(
            AdminSite.cniFile("other", etcd: site.server.clientURL, subnet: "10.9.1.0/24"), to: "20-other.conf")
        #expect(try await report(site, environment: [:]).status("network-overlap") == ["ok"])
    }

    @Test func filesThatCannotBeUsedAreFailures() async throws {
        let site = try await AdminSite()
        try site.files.write("{\"name\": \"k8s\" \"type\"}", to: "10-k8s.conf")
        try site.files.write(
            AdminSite.cniFile("bad", etcd: site.server.clientURL, subnet: "10.188.0.0/99"), to: "20-bad.conf")
        let named = try await report(site)
        #expect(named.exit == 1 && named.status("cni-file") == ["failed", "failed"], "\(named)")
        #expect(named.seen("cni-file").contains("/etc/cni/net.d/10-k8s.conf is not valid JSON: "), "\(named)")
        #expect(named.seen("cni-file", "/etc/cni/net.d/20-bad.conf").contains("10.188.0.0/99"), "\(named)")
        // etcd is named by a variable, so that it is checked all the same.
        #expect(named.status("etcd-read") == ["ok"])
        let found = try await report(site, environment: [:])
        #expect(found.status("etcd-access") == ["failed"] && found.status("etcd-read") == ["skipped"], "\(found)")

        try site.files.write(AdminSite.cniFile(etcd: site.server.clientURL), to: "10-k8s.conf")
        try site.files.write(AdminSite.cniFile(etcd: site.server.clientURL), to: "20-bad.conf")
        let twice = try await report(site, environment: [:])
        #expect(twice.status("cni-file") == ["ok", "warning"], "\(twice)")
        #expect(twice.seen("cni-file").contains("also configured in /etc/cni/net.d/10-k8s.conf, which is used"))
        let absent = try await report(site, ["--config", "/nowhere"])
        #expect(absent.exit == 1 && absent.status("cni-file", "/nowhere") == ["failed"], "\(absent)")
    }

    @Test func aDamagedNetworkIsAFailure() async throws {
        let site = try await AdminSite()
        try await site.put([("/etcd-cni/networks/k8s", "junk")])
        let report = try await report(site)
        #expect(report.exit == 1 && report.status("config-drift", "k8s") == ["failed"], "\(report)")
        #expect(report.next("config-drift").contains("etcdctl get /etcd-cni/networks/k8s"), "\(report)")
    }

    // MARK: Kubernetes

    @Test func theRightsInKubernetesAndTheClusterAreChecked() async throws {
        let site = try await AdminSite()
        let kubernetes = try await KubernetesServer.start()
        let path = try kubernetes.kubeconfig()
        let good = try await report(site, ["--kubeconfig", path])
        #expect(good.status("kubeconfig") == ["ok"] && good.status("kubernetes-rights") == ["ok"], "\(good)")
        #expect(good.status("server-certificate", kubernetes.url) == ["ok"], "\(good)")
        #expect(good.status("cluster-identity") == ["ok"], "\(good)")

        try kubernetes.deny(["list pods", "get deployments"])
        let denied = try await report(site, ["--kubeconfig", path])
        #expect(denied.exit == 1 && denied.status("kubernetes-rights") == ["failed"], "\(denied)")
        #expect(denied.seen("kubernetes-rights").hasPrefix("its user may not list pods, get deployments: "))
        #expect(denied.next("kubernetes-rights").contains("rbac.yaml"))
        try kubernetes.deny(["get deployments"])
        #expect(try await report(site, ["--kubeconfig", path]).status("kubernetes-rights") == ["warning"])
        try kubernetes.withholdIdentity()
        #expect(try await report(site, ["--kubeconfig", path]).status("cluster-identity") == ["warning"])

        try kubernetes.accept(tokens: [])
        let stranger = try await report(site, ["--kubeconfig", path])
        #expect(stranger.status("kubeconfig") == ["failed"], "\(stranger)")
        #expect(stranger.status("kubernetes-rights") == ["skipped"] && stranger.seen("kubeconfig").contains("401"))
        try kubernetes.freeze()
        let frozen = try await report(site, ["--kubeconfig", path])
        #expect(frozen.status("kubeconfig") == ["failed"] && frozen.seen("kubeconfig").contains(#/time/#), "\(frozen)")
        #expect(frozen.status("etcd-read") == ["ok"] && frozen.status("etcd-rights") == ["skipped"], "\(frozen)")
        try kubernetes.thaw()
        kubernetes.stop()
        let dead = try await report(site, ["--kubeconfig", path])
        #expect(dead.status("kubeconfig") == ["failed"] && dead.seen("kubeconfig").contains("not reachable"), "\(dead)")
        let nothing = try await report(site, ["--kubeconfig", "/nowhere"])
        #expect(nothing.exit == 1 && nothing.seen("kubeconfig").contains("/nowhere"), "\(nothing)")
    }

    private func cniFile(_ site: AdminSite, kubeconfig: String, log: String, node: String) -> String {
        """
        {"cniVersion":"0.4.0","name":"k8s","type":"macvlan","ipam":{"type":"kube-ipam","kubeConfig":"\(kubeconfig)",\
        "nodeName":"\(node)","logFile":"\(log)","etcdConfig":{"etcdURL":"\(site.server.clientURL)"},\
        "subnet":"10.188.0.0/22"}}
        """
    }

    @Test func aKubeconfigOfAnotherClusterThanTheNodesIsAFailure() async throws {
        let site = try await AdminSite()
        let (mine, theirs) = (try await KubernetesServer.start(), try await KubernetesServer.start())
        try site.files.write(
            cniFile(site, kubeconfig: try theirs.kubeconfig(), log: "/var/log/x.log", node: "n1"), to: "10.conf")
        let report = try await report(site, ["--kubeconfig", try mine.kubeconfig()], environment: [:])
        #expect(report.exit == 1 && report.failed == ["cluster-identity"], "\(report)")
    }

    // MARK: The node

    @Test func aNodeIsChecked() async throws {
        let site = try await AdminSite()
        let kubernetes = try await KubernetesServer.start()
        try kubernetes.put(node: "n1")
        let folder = try TemporaryDirectory(prefix: "node")
        let plugins = folder.file("bin")
        try FileManager.default.createDirectory(at: plugins, withIntermediateDirectories: true)
        let cache = folder.file("results").path
        let log = folder.file("log/kube-ipam.log").path
        let kubeconfig = try kubernetes.kubeconfig()
        func write(node: String) throws {
            try site.files.write(cniFile(site, kubeconfig: kubeconfig, log: log, node: node), to: "10.conf")
        }
        func install(_ name: String, _ script: String) throws {
            let path = plugins.appendingPathComponent(name).path
            try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
        func report() async throws -> DoctorReport {
            try await self.report(
                site, ["--node", "--cni-bin", plugins.path, "--cni-cache", cache], environment: [:])
        }
        try write(node: "n2")
        let bare = try await report()
        #expect(bare.failed == ["plugin-binary", "plugin-binary", "log-file", "node-name"], "\(bare)")
        #expect(bare.seen("plugin-binary").contains("a CNI file names this plugin, and it is not there"), "\(bare)")
        #expect(bare.next("log-file") == "create it: mkdir -p \(folder.path)/log", "\(bare)")
        #expect(bare.status("node-name", "n2") == ["failed"] && bare.status("result-cache") == ["warning"])

        for (name, isFolder) in [("log", true), ("results", true), ("results/k8s-c1-eth0", false)] {
            let url = folder.file(name)
            if isFolder {
                try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            } else {
                try Data("{}".utf8).write(to: url)
            }
        }
        try write(node: "n1")
        try install("macvlan", "exit 0")
        try install("kube-ipam", "echo kube-ipam 0.0.1")
        let old = try await report()
        #expect(old.exit == 0 && old.status("plugin-binary") == ["warning"], "\(old)")
        #expect(old.seen("plugin-binary") == "kube-ipam 0.0.1, and ipamctl is \(ProductVersion.text)")
        #expect(old.status("log-file") == ["ok"] && old.status("node-name", "n1") == ["ok"], "\(old)")
        #expect(old.seen("result-cache") == "1 result of an ADD")

        try install("kube-ipam", "exec sleep 1000")
        let stuck = try await report()
        #expect(stuck.seen("plugin-binary") == "'--version' did not end" && stuck.exit == 1, "\(stuck)")
        try kubernetes.deny(["get pods", "get nodes"])
        let own = plugins.appendingPathComponent("kube-ipam")
        try FileManager.default.removeItem(at: own)
        try FileManager.default.createSymbolicLink(at: own, withDestinationURL: BuildProducts.product("kube-ipam"))
        try kubernetes.put(node: "n1", ready: false)
        let same = try await report()
        #expect(same.status("plugin-binary") == ["ok"], "\(same)")
        #expect(same.status("node-name", "n1") == ["warning"], "\(same)")
        #expect(same.seen("kubernetes-rights").contains("may not get pods, get nodes: annotations cannot be read"))
    }

    // MARK: Printing

    @Test func itFitsATerminal_andAPipeGetsOneLineForEachCheck() async throws {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-0")
        let endpoints = ["--endpoints", "\(site.server.clientURL),http://127.0.0.1:1"]
        let command = try site.command(["doctor"] + endpoints)
        let run = try await runOnScreen(
            command.program, command.arguments, environment: site.environment(), size: (80, 60), steps: [.end])
        #expect(run.status == 1 && run.screen.allSatisfy { $0.count <= 80 }, "\(run.text)")
        let failed = try #require(
            run.screen.firstIndex { $0.contains(#/^failed +etcd-endpoint +http://127\.0\.0\.1:1: /#) }, "\(run.text)")
        let indent = run.screen[failed].prefix { $0 != ":" }.count - "http".count
        let next = String(repeating: " ", count: indent) + "next: check that etcd runs there"
        #expect(run.screen[failed...].contains { $0.hasPrefix(next) }, "\(run.text)")
        #expect(run.text.contains("ipamctl: ") && run.text.contains(" checks: ") && run.text.contains("1 failed"))
        #expect(run.raw.contains("\u{1B}[31mfailed\u{1B}[0m") && run.raw.contains("\u{1B}[32mok\u{1B}[0m"))

        let piped = try await site.run(["doctor"] + endpoints)
        let json = try await site.run(["doctor", "-o", "json"] + endpoints)
        #expect(piped.status == 1 && !piped.stdoutText.contains("\u{1B}"))
        #expect(piped.lines.count == (try json.json.array?.count), "\(piped.stdoutText)")
        #expect(
            piped.lines.allSatisfy { line in
                ["ok ", "warning ", "failed ", "skipped "].contains { line.hasPrefix($0) }
            })
        #expect(piped.lines.contains { $0.contains(#/^failed +etcd-endpoint .* -- next: check that/#) })
    }

    @Test func everyFormatAndTheShellHaveTheChecks() async throws {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-0")
        let csv = try await site.run("doctor", "-o", "csv").checked()
        #expect(csv.lines[0] == "STATUS,CHECK,SUBJECT,SEEN,NEXT")
        let names = try await site.run("doctor", "-o", "name").checked().lines
        #expect(names.count == csv.lines.count - 1 && names.contains("etcd-rights"))
        let wide = try await site.run("doctor", "-o", "wide").checked()
        #expect(wide.lines[0].split(separator: " ") == ["STATUS", "CHECK", "SUBJECT", "SEEN", "NEXT"])
        let chosen = try await site.run("doctor", "--columns", "check,status", "--sort-by", "-check").checked().lines
        #expect(chosen[0].hasPrefix("CHECK ") && chosen[1].hasPrefix("network-overlap "), "\(chosen)")
        #expect(try await site.run("doctor", "-o", "yaml").checked().stdoutText.contains("etcd-access"))
        let shell = try await site.run("shell", "-c", "doctor; networks")
        #expect(shell.status == 0 && shell.stdoutText.contains("etcd-endpoint") && shell.stdoutText.contains("TOTAL"))
        let failed = try await site.run("shell", "-c", "doctor --endpoints http://127.0.0.1:1; networks")
        #expect(failed.status == 1 && !failed.stdoutText.contains("TOTAL"), "\(failed.stdoutText)")
    }

    @Test func optionsOfANodeNeedNode() async throws {
        let site = try await AdminSite()
        let output = try await site.run("doctor", "--cni-bin", "/x")
        #expect(output.isProperFailure && output.status == 64, "\(output.stderrText)")
    }
}

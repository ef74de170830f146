import Foundation
import IPAMKit
import TestSupport
import Testing

/// `ipamctl adopt` on a network that the Go plugin made, over a real etcd and a Kubernetes API with TLS, and what the plugin
/// does with it afterwards.
@Suite(.needs(.etcd, .root)) struct AdoptCommandTests {
    private static let fixed = "10.188.0.216"

    /// Two pods that the Go plugin gave addresses to, one of a Deployment with a fixed address, which it does not record,
    /// and one of a StatefulSet.
    private struct GoCluster {
        var cluster: PluginCluster
        let web = PluginCluster.replica(of: "web", on: "n1", [:])
        let db = PluginCluster.member("db-0", on: "n2", [:])
        let front = PluginCluster.replica(of: "front", on: "n1")
        let mysql = PluginCluster.member("mysql-0", on: "n2", ["kube-ipam.ip": "10.188.0.100"])
        var network: PluginNetwork { cluster.network }

        init() async throws {
            cluster = try await PluginCluster(access: .clientCertificate)
            try await network.etcd.put(
                network.key,
                #"[[{"rangeStart":"10.188.1.0","rangeEnd":"10.188.255.254","subnet":"10.188.0.0/16","#
                    + #""gateway":"10.188.0.1"}]]"#)
            try await network.put("used/10.188.1.0", "goweb")
            try await network.put("used/10.188.1.1", "godb")
            try await network.put("lastReserved/0", "10.188.0.255")
            for (pod, address) in [
                (web, "10.188.1.0"), (db, "10.188.1.1"), (front, AdoptCommandTests.fixed), (mysql, "10.188.0.100"),
            ] {
                var pod = pod
                pod.podIPs = [address]
                try cluster.api.put(pod: pod)
            }
            var host = KubernetesServer.Pod("kube-proxy", node: "n1", podIPs: ["10.188.1.200"], hostNetwork: true)
            host.uid = "host"
            try cluster.api.put(pod: host)
        }
    }

    @Test func podsOfTheGoPluginAreRecordedOrFenced_andThePluginGoesOnWithThem() async throws {
        let site = try await GoCluster()
        let network = site.network
        let before = try await network.contents()
        let dry = try await network.ipamctl("adopt", network.name, "--dry-run").checked()
        #expect(dry.stdoutText.split(separator: "\n").allSatisfy { $0.hasSuffix(" (dry run)") })
        #expect(try await network.contents() == before)

        let output = try await network.ipamctl("adopt", network.name).checked()
        #expect(
            output.stdoutText == """
                10.188.0.100 reserved for default/mysql-0: default/mysql-0 on n2 has it, but it was not recorded
                10.188.0.216 reserved for default/deploy/front: default/\(site.front.name) on n1 has it, but it was not recorded
                10.188.1.0 recorded for default/\(site.web.name) on n1 (container goweb)
                10.188.1.1 recorded for default/db-0 on n2 (container godb)

                """)
        let attachment = try #require(try await network.attachments()["goweb/eth0"])
        #expect(attachment["uid"]?.string == site.web.uid && attachment["workload"]?.string == "deploy/web")
        #expect(attachment["cluster"]?.string?.isEmpty == false && attachment["fixed"]?.bool == false)
        let again = try await network.ipamctl("adopt", network.name).checked()
        #expect(again.stdoutText == "network \(network.name): nothing to adopt\n")
        #expect(try await network.show("10.188.1.0")["Pod"] == "default/\(site.web.name)")

        // The plugin: nobody else gets an adopted address.
        let (n1, n2) = (try SimulatedNode("n1"), try SimulatedNode("n2"))
        for index in 0..<3 {
            let pod = PluginCluster.member("new-\(index)", on: "n1", [:])
            let given = try await site.cluster.run("new\(index)", pod, on: n1).address()
            #expect(!["10.188.1.0", "10.188.1.1", Self.fixed].contains(given))
        }
        let thief = PluginCluster.member("thief-0", on: "n2")
        #expect(try await site.cluster.run("thief", thief, on: n2).failure?.code == 102)
        let sibling = PluginCluster.replica(of: "front", on: "n2")
        #expect(
            try await site.cluster.run("sibling", sibling, on: n2).failure?.code == 101,
            "a pod of the same Deployment, while Kubernetes reports the other one")

        // A DEL, wherever it comes from, frees both keys.
        #expect(try await network.delete("goweb").isSilentSuccess)
        #expect(try await network.attachments()["goweb/eth0"] == nil)
        #expect(try await network.used()["10.188.1.0"] == nil)
        #expect(
            try await network.history("10.188.1.0").map { $0.tenancy?.phrase } == ["default/\(site.web.name) on n1"])
    }

    @Test func goNodesEndWhenNothingStandsAgainstIt() async throws {
        let site = try await GoCluster()
        let network = site.network
        try await network.put("used/10.188.1.77", "goleaked")
        let refused = try await network.ipamctl("adopt", "--no-go-nodes")
        #expect(refused.status == 3, "\(refused.stderrText)")
        #expect(refused.stdoutText.contains("10.188.1.0 recorded for "), "what can be adopted was")
        #expect(refused.stderrText.contains("10.188.1.77 is held by container goleaked without an attachment"))
        #expect(
            refused.stderrText.contains(
                "10.188.0.216 of default/\(site.front.name) on n1 is reserved for default/deploy/front"))
        #expect(refused.stderrText.contains("cannot record that network \(network.name) has no Go nodes: 2 obstacles"))
        #expect(try await network.contents()[network.key("config")] == nil)

        // The pod with the unrecorded address is rebuilt by kube-ipam, and the leaked address freed.
        let n1 = try SimulatedNode("n1")
        try site.cluster.api.delete(pod: site.front.name)
        var rebuilt = PluginCluster.replica(of: "front", on: "n1")
        #expect(try await site.cluster.run("rebuilt", rebuilt, on: n1).address() == Self.fixed)
        rebuilt.podIPs = [Self.fixed]
        try site.cluster.api.put(pod: rebuilt)
        _ = try await network.ipamctl("release", "10.188.1.77", "--force").checked()

        let dry = try await network.ipamctl("adopt", "--no-go-nodes", "--dry-run").checked()
        #expect(dry.stdoutText == "network \(network.name) has no Go nodes any more (dry run)\n")
        let ended = try await network.ipamctl("adopt", "--no-go-nodes", "-o", "json").checked()
        #expect(try JSONValue(parsing: ended.stdoutText).array?.map { $0["action"]?.string } == ["no-go-nodes"])
        let settings = try NetworkSettings(stored: #require(try await network.contents()[network.key("config")]).value)
        #expect(!settings.hasGoNodes && settings.fixed.map(\.description) == ["10.188.0.10-10.188.0.255"])
        let again = try await network.ipamctl("adopt", "--no-go-nodes").checked()
        #expect(again.stdoutText == "network \(network.name) is already recorded as having no Go nodes\n")
        // DELs of adopted containers need no search.
        #expect(try await network.delete("godb").isSilentSuccess)
        #expect(try await network.used()["10.188.1.1"] == nil)
    }

    @Test func anAddressRecordedForAnotherIsToldAndLeft() async throws {
        let site = try await GoCluster()
        let network = site.network
        let n1 = try SimulatedNode("n1")
        let holder = PluginCluster.member("holder-0", on: "n1", ["kube-ipam.ip": "10.188.0.50"])
        _ = try await site.cluster.run("holder", holder, on: n1).address()
        var other = PluginCluster.member("other-0", on: "n2", [:])
        other.podIPs = ["10.188.0.50"]
        try site.cluster.api.put(pod: other)
        let output = try await network.ipamctl("adopt", "-o", "json")
        #expect(output.status == 3 && output.stderrText.contains("1 address of a live pod was left alone"))
        let conflict = try JSONValue(parsing: output.stdoutText).array?.first { $0["action"]?.string == "conflict" }
        #expect(conflict?["address"]?.string == "10.188.0.50" && conflict?["pod"]?.string == "default/other-0")
        #expect(conflict?["reason"]?.string == "it is recorded for default/holder-0 on n1")
        #expect(try await network.used()["10.188.0.50"] == "holder")
        for format in ["table", "wide", "yaml", "csv", "name"] {
            let again = try await network.ipamctl("adopt", "-o", format)
            #expect(again.status == 3 && again.stdoutText.contains("10.188.0.50"), "\(format)")
        }
    }

    @Test func withoutKubernetesNothingIsChanged() async throws {
        let site = try await GoCluster()
        var network = site.network
        let before = try await network.contents()
        try site.cluster.api.fail(.status(403), on: "/api/v1/pods")
        let forbidden = try await network.ipamctl("adopt")
        #expect(forbidden.status == 2 && forbidden.stdout.isEmpty)
        #expect(forbidden.stderrText.contains("pods is forbidden"), "\(forbidden.stderrText)")
        try site.cluster.api.fail(.refuseConnections)
        let unreachable = try await network.ipamctl("adopt")
        #expect(unreachable.status == 2 && unreachable.stdout.isEmpty, "\(unreachable.stderrText)")
        network.ipam["kubeConfig"] = "/no/such"
        let missing = try await network.ipamctl("adopt")
        #expect(missing.status == 1 && missing.stderrText.contains("/no/such"), "\(missing.stderrText)")
        let unknown = try await site.network.ipamctl("adopt", "nowhere")
        #expect(unknown.status == 4)
        #expect(try await network.contents() == before)
    }

    /// What an audit's report says leaked becomes a metric.
    @Test func aLeakFoundByAnAuditIsAMetric() async throws {
        let cluster = try await PluginCluster()
        let network = cluster.network
        let n1 = try SimulatedNode("n1")
        let pod = PluginCluster.member("gone-0", on: "n1")
        _ = try await cluster.run("c1", pod, on: n1).address()
        try cluster.api.delete(pod: pod.name)
        try cluster.api.delete(node: "n1")
        _ = try await cluster.run("c2", .init("here-0", node: "n2"), on: try SimulatedNode("n2")).address()
        let folder = try TemporaryDirectory()
        let report = folder.file("audit.json").path
        #expect(try await network.ipamctl("audit", "--report", report).status == 5)
        let metrics = try await network.ipamctl("networks", "-o", "prometheus", "--report", report).checked().stdoutText
        #expect(metrics.contains("\nkube_ipam_leaked_addresses{network=\"\(network.name)\"} 1\n"), "\(metrics)")
        #expect(
            metrics.contains("\nkube_ipam_last_audit_timestamp_seconds{network=\"\(network.name)\"} 1"), "\(metrics)")
        #expect(metrics.contains("\nkube_ipam_addresses_used{network=\"\(network.name)\"} 2\n"), "\(metrics)")
    }
}

import Foundation
import IPAMKit
import TestSupport
import Testing

/// Beside the Go plugin, on the further interfaces that Multus makes: a fixed address there is recorded nowhere but in the
/// pod's annotation `k8s.v1.cni.cncf.io/network-status`, and sometimes not even there.
@Suite(.needs(.etcd, .root)) struct NetworkStatusTests {
    private static let address = "10.188.0.216"
    private static let keys = ["k8s.v1.cni.cncf.io/network-status", "k8s.v1.cni.cncf.io/networks-status"]

    /// What Multus writes of a pod with `net1` beside `eth0`.
    private static func status(_ ips: String...) -> String {
        let list = ips.map { "\"\($0)\"" }.joined(separator: ",")
        return """
            [{"name":"cbr0","interface":"eth0","ips":["192.0.2.7"],"mac":"0a:58:c0:00:02:07","default":true,"dns":{}},
             {"name":"default/storage","interface":"net1","ips":[\(list)],"mac":"0a:58:c0:00:02:08","dns":{}}]
            """
    }

    /// A network that the Go plugin has made, and a pod of a Go node with `net1` there.
    private func cluster(_ annotations: [String: String], isGo: Bool = true) async throws
        -> (cluster: PluginCluster, pod: KubernetesServer.Pod)
    {
        var cluster = try await PluginCluster()
        cluster.network.ipam["cluster"] = "blue"
        if isGo {
            try await cluster.network.etcd.put(
                cluster.network.key,
                #"[[{"rangeStart":"10.188.1.0","rangeEnd":"10.188.255.254","subnet":"10.188.0.0/16","#
                    + #""gateway":"10.188.0.1"}]]"#)
        }
        var annotations = annotations
        annotations["k8s.v1.cni.cncf.io/networks"] = "storage"
        var pod = PluginCluster.member("go-0", on: "n1", annotations)
        pod.podIPs = ["192.0.2.7"]
        try cluster.api.put(pod: pod)
        return (cluster, pod)
    }

    private func lists(_ cluster: PluginCluster) -> Int {
        cluster.api.requests.count { $0.hasPrefix("GET /api/v1/pods?") }
    }

    // MARK: ADD

    enum Way: CaseIterable { case named, reserved, automatic }

    @Test(arguments: keys, Way.allCases)
    func fixedAddressOfAGoPodsFurtherInterfaceIsRefusedToAnotherPod(key: String, way: Way) async throws {
        var (cluster, former) = try await cluster([key: Self.status(Self.address)])
        var pod = PluginCluster.member("db-0", on: "n2", [:])
        switch way {
        case .named: pod.annotations = ["kube-ipam.ip": Self.address]
        case .reserved: try await cluster.network.reserve(Self.address, for: "default/db-0", claim: "default/pod/db-0")
        case .automatic:
            pod.annotations = ["kube-ipam.ip": "auto"]
            // No other one is free.
            cluster.network.ipam["fixedStart"] = .string(Self.address)
            cluster.network.ipam["fixedEnd"] = .string(Self.address)
        }
        let n2 = try SimulatedNode("n2")
        let refusal = PluginFailure(
            101,
            "\(Self.address) is in use by default/go-0 on n1: its k8s.v1.cni.cncf.io/network-status reports it, and a Go node "
                + "did not record it")
        #expect(try await cluster.run("c2", pod, on: n2).failure == refusal)
        #expect(try await cluster.network.used().isEmpty)
        #expect(lists(cluster) == 1, "\(cluster.api.requests)")
        former.terminating = true
        try cluster.api.put(pod: former)
        #expect(try await cluster.add("c2", pod, on: n2).output.status != 0)
        #expect(try await cluster.network.used().isEmpty)
        try cluster.api.delete(pod: former.name)
        #expect(try await cluster.add("c2", pod, on: n2).address() == Self.address)
    }

    /// Its own status does not stand against a pod, and where there are no Go nodes nobody's is looked at.
    @Test func ownStatusAndANetworkWithoutGoNodesWithholdNothing() async throws {
        let (cluster, former) = try await cluster([
            Self.keys[0]: Self.status(Self.address), "kube-ipam.ip": Self.address,
        ])
        #expect(try await cluster.add("c1", former, on: SimulatedNode("n1"), ifname: "net1").address() == Self.address)
        let (plain, _) = try await self.cluster([Self.keys[0]: Self.status(Self.address)], isGo: false)
        let pod = PluginCluster.replica(on: "n2")
        #expect(try await plain.run("c2", pod, on: SimulatedNode("n2")).address() == Self.address)
        #expect(lists(plain) == 0, "\(plain.api.requests)")
    }

    /// What pods are listed for is known after one list, however many addresses are looked at; a dynamic address needs none.
    @Test func podsAreListedOnceForAnAddAndOnlyForFixedAddresses() async throws {
        var (cluster, _) = try await cluster([Self.keys[0]: Self.status("10.188.0.10", "10.188.0.11", "10.188.0.12")])
        cluster.network.ipam["fixedEnd"] = "10.188.0.13"
        let node = try SimulatedNode("n2")
        _ = try await cluster.run("c1", PluginCluster.member("plain-0", on: "n2", [:]), on: node).address()
        #expect(lists(cluster) == 0)
        let automatic = PluginCluster.member("auto-0", on: "n2", ["kube-ipam.ip": "auto"])
        #expect(try await cluster.run("c2", automatic, on: node).address() == "10.188.0.13")
        #expect(lists(cluster) == 1, "\(cluster.api.requests)")
    }

    @Test(arguments: ["}{", "[{\"ips\":\"\(address)\"}]", "[\(address)]", "null", "[{\"ips\":[null,7,\"x\"]}]"])
    func malformedStatusWithholdsNothingAndBreaksNothing(text: String) async throws {
        let (cluster, _) = try await cluster([Self.keys[0]: text])
        #expect(
            try await cluster.run("c2", PluginCluster.replica(on: "n2"), on: SimulatedNode("n2")).address()
                == Self.address)
    }

    // MARK: adopt

    @Test func adoptFencesWhatAStatusReportsAndGivesItToNobody() async throws {
        let (cluster, former) = try await cluster([Self.keys[0]: Self.status(Self.address)])
        let network = cluster.network
        let refused = try await network.ipamctl("adopt", "--no-go-nodes", "--yes")
        #expect(
            refused.stdoutText == """
                \(Self.address) reserved for default/: default/go-0 on n1 reports it in \
                k8s.v1.cni.cncf.io/network-status, but it was not recorded

                """)
        #expect(refused.status == 3 && refused.stderrText.contains("has no Go nodes: 1 obstacle\n"), "\(refused)")
        #expect(try await network.contents()[network.key("config")] == nil)
        let again = try await network.ipamctl("adopt", "--no-go-nodes", "--yes")
        #expect(again.status == 3, "as long as that pod lives: \(again)")
        #expect(try await network.contents()[network.key("config")] == nil)
        // Its own next start is not given it unasked, and no pod of another namespace gets it.
        try cluster.api.delete(pod: former.name)
        let n2 = try SimulatedNode("n2")
        var stranger = PluginCluster.replica(of: "stranger", on: "n2")
        stranger.namespace = "other"
        #expect(try await cluster.run("c3", stranger, on: n2).failure?.code == 102)
        try cluster.api.delete(pod: stranger.name, namespace: "other")
        let unasked = PluginCluster.member("go-0", on: "n2", [:])
        #expect(try await cluster.run("c1", unasked, on: n2).address().hasPrefix("10.188.1."))
        // Who names it, as Go pods do, has it again, and then all is recorded.
        var rebuilt = PluginCluster.member("go-0", on: "n2", [Self.keys[0]: Self.status(Self.address)])
        rebuilt.annotations["kube-ipam.ip"] = Self.address
        #expect(try await network.delete("c1").isSilentSuccess)
        try cluster.api.put(pod: rebuilt)
        #expect(try await cluster.add("c2", rebuilt, on: n2, ifname: "net1").address() == Self.address)
        let ended = try await network.ipamctl("adopt", "--no-go-nodes", "--yes").checked()
        #expect(ended.stdoutText == "network \(network.name) has no Go nodes any more\n")
    }

    /// A tenant that writes another's address into its annotation must not have it freed when its own pod goes.
    @Test func adoptRecordsNothingByAStatusAlone() async throws {
        let (cluster, tenant) = try await cluster([Self.keys[0]: Self.status("10.188.1.5")])
        let network = cluster.network
        try await network.put("used/10.188.1.5", "govictim")
        let before = try await network.contents()
        let refused = try await network.ipamctl("adopt", "--no-go-nodes", "--yes")
        #expect(refused.status == 3, "\(refused)")
        #expect(
            refused.stderrText.contains(
                "10.188.1.5 is held by container govictim without an attachment, and default/go-0 on n1 reports it only in "
                    + "k8s.v1.cni.cncf.io/network-status"), "\(refused)")
        #expect(try await network.contents() == before)
        try cluster.api.delete(pod: tenant.name)
        let left = try await network.ipamctl("audit", "--repair", "--yes", "--grace", "1s", "--severity", "info")
        #expect(left.status == 5, "\(left)")
        #expect(try await network.used() == ["10.188.1.5": "govictim"])
    }

    /// Multus has written nothing: that the pod has the address that it asks for can only be supposed.
    @Test func goNodesDoNotEndWhileASilentPodAsksForAFixedAddress() async throws {
        let (cluster, former) = try await cluster(["kube-ipam.ip": Self.address])
        let network = cluster.network
        let refused = try await network.ipamctl("adopt", "--no-go-nodes", "--yes")
        #expect(refused.status == 3, "\(refused)")
        #expect(
            refused.stderrText.contains(
                "warning: live pods on n1 have interfaces that report no address (default/go-0)"), "\(refused)")
        #expect(
            refused.stderrText.contains(
                "\(Self.address) is requested by annotation kube-ipam.ip of default/go-0 on n1, which may have it on an interface"
            ),
            "\(refused)")
        try cluster.api.delete(pod: former.name)
        try await network.ipamctl("adopt", "--no-go-nodes", "--yes").checked()
    }

    // MARK: audit

    /// A used key of the Go plugin's may be that of an interface which reports nothing: the finding says so, and the code by
    /// which Go leaks are repaired does not repair it.
    @Test(arguments: [nil, #"[{"name":"default/storage","interface":"net1","dns":{}}]"#, "}{"])
    func leakThatASilentInterfaceMayHaveIsOnlyFreedWhenThatIsAskedFor(status: String?) async throws {
        var annotations: [String: String] = [:]
        annotations[Self.keys[0]] = status
        let (cluster, former) = try await cluster(annotations)
        let network = cluster.network
        try await network.put("used/10.188.1.5", "goleaked")
        let found = try await network.ipamctl("audit", "-o", "json")
        let finding = try #require(try JSONValue(parsing: found.stdoutText)["findings"]?.array?.first)
        #expect(finding["code"]?.string == "doubtful", "\(found)")
        #expect(
            finding["evidence"]?.string
                == "container goleaked has it without an attachment, and no live pod reports it; but live pods on n1 have "
                + "interfaces that report no address (default/go-0)")
        let kept = try await network.ipamctl(
            "audit", "--repair", "--yes", "--grace", "1s", "--include", "unverified", "--severity", "info")
        #expect(kept.status == 5, "\(kept)")
        #expect(try await network.used() == ["10.188.1.5": "goleaked"])
        let freed = try await network.ipamctl("audit", "--repair", "--yes", "--grace", "1s", "--include", "doubtful")
        #expect(freed.status == 0 && freed.stdoutText.contains("10.188.1.5 freed (doubtful: "), "\(freed)")
        #expect(try await network.used().isEmpty)
        // With that pod the doubt goes.
        try await network.put("used/10.188.1.6", "goleaked")
        try cluster.api.delete(pod: former.name)
        let sure = try await network.ipamctl("audit", "--repair", "--yes", "--grace", "1s", "--include", "unverified")
        #expect(sure.status == 0 && sure.stdoutText.contains("10.188.1.6 freed (unverified: "), "\(sure)")
    }
}

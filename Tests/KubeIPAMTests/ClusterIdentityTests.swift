import Foundation
import IPAMKit
import TestSupport
import Testing

/// Which cluster a pod is of: clusters that share a certification authority, or an address one after the other, never judge
/// each other's pods.
@Suite(.needs(.etcd, .root)) struct ClusterIdentityTests {
    private static let address = "10.188.0.216"

    /// Two clusters of one authority on one network in etcd, each with a node n1 and n2; a pod of the second holds the
    /// published address.
    private struct Neighbours {
        let a: PluginCluster
        let b: PluginCluster
        let pod = PluginCluster.replica(of: "theirs", on: "n1")

        init() async throws {
            a = try await PluginCluster()
            var b = try await PluginCluster()
            #expect(a.api.authority === b.api.authority)
            b.network = a.network
            b.network.ipam["kubeConfig"] = .string(try b.api.kubeconfig())
            self.b = b
            #expect(try await b.run("theirs", pod, on: SimulatedNode("n1")).address() == ClusterIdentityTests.address)
            #expect(try await b.network.attachments()["theirs/eth0"]?["cluster"] == .string(b.api.clusterUID))
        }
    }

    // MARK: One authority, two clusters

    @Test func addIsRefusedALiveAddressOfAnotherClusterOfTheSameAuthority() async throws {
        let both = try await Neighbours()
        // In their eyes the holder's pod is gone, and its node is not ready.
        try both.a.api.put(node: "n1", ready: false)
        let contents = try await both.a.network.contents()
        let refused = try await both.a.run("ours", PluginCluster.replica(on: "n2"), on: SimulatedNode("n2"))
        #expect(
            refused.failure
                == PluginFailure(
                    101,
                    "\(Self.address) is in use by default/\(both.pod.name) on n1; cannot tell whether default/\(both.pod.name) on n1 "
                        + "is still running: it is of another Kubernetes cluster"))
        #expect(try await both.a.network.contents() == contents)
    }

    @Test func auditOfOneClusterFreesNothingOfAnotherOfTheSameAuthority() async throws {
        let both = try await Neighbours()
        var automatic = PluginCluster.member("db-0", on: "n2", ["kube-ipam.ip": "auto"])
        automatic.uid = "auto"
        let reserved = try await both.b.run("auto", automatic, on: SimulatedNode("n2")).address()
        #expect(try await both.b.network.delete("auto").isSilentSuccess)
        let ours = PluginCluster.replica(of: "ours", on: "n2", [:])
        let own = try await both.a.run("ours", ours, on: SimulatedNode("n2")).address()
        try both.a.api.delete(pod: ours.name)
        for cluster in [both.a, both.b] { try cluster.api.put(node: "n1", ready: false) }

        let repaired = try await both.a.network.ipamctl(
            "audit", "--repair", "--yes", "--grace", "1s", "--include", "unverified", "--include", "node-gone",
            "--include", "reservation-orphaned", "--severity", "info")
        #expect(repaired.stdoutText.contains("\(own) freed (leaked"), "\(repaired)")
        #expect(repaired.stdoutText.contains("1 not judged: it is of another Kubernetes cluster"), "\(repaired)")
        #expect(try await both.a.network.used() == [Self.address: "theirs"])
        let reservation = both.a.network.key("reservations/\(reserved)")
        #expect(try await both.a.network.contents()[reservation] != nil, "a reservation for a pod of the other cluster")
        #expect(repaired.status == 5, "what is left is told: \(repaired)")
    }

    /// A kubeconfig of another cluster than the nodes' is refused by its identity, whoever certifies it, and whether or not
    /// the configuration names the cluster.
    @Test(arguments: [true, false])
    func kubeconfigOfAnotherClusterIsRefusedByIpamctl(isNamed: Bool) async throws {
        let both = try await Neighbours()
        var network = both.b.network
        if isNamed { network.ipam["cluster"] = "blue" }
        let theirs = try both.a.api.kubeconfig(name: "theirs")
        for arguments in [["audit"], ["adopt", network.name], ["audit", "--repair", "--yes"]] {
            let output = try await network.ipamctl(arguments + ["--kubeconfig", theirs])
            #expect(output.status == 64 && output.stdout.isEmpty, "\(output)")
            #expect(
                output.stderrText.contains(
                    "\(theirs) belongs to another cluster (\(both.a.api.clusterUID)) than \(try both.b.api.kubeconfig()) "
                        + "(\(both.b.api.clusterUID))"), "\(output)")
        }
        // Another way to the same cluster is none.
        let way = try both.b.api.kubeconfig(name: "admin")
        #expect(try await network.ipamctl("audit", "--kubeconfig", way).status == 0)
        try both.b.api.fail(.status(403), on: "/api/v1/namespaces/kube-system", times: 1)
        let unknown = try await network.ipamctl("audit", "--kubeconfig", way)
        #expect(unknown.status == 64, "\(unknown)")
        #expect(unknown.stderrText.contains("cannot tell whether \(way) and"), "\(unknown)")
    }

    /// One file may have the contexts of several clusters: the nodes go by its current one.
    @Test(arguments: [true, false])
    func contextOfAnotherClusterIsRefusedByIpamctl(isNamed: Bool) async throws {
        let servers = [try await KubernetesServer.start(.plain), try await KubernetesServer.start(.plain)]
        let folder = try TemporaryDirectory(prefix: "contexts")
        let file = try folder.write(
            """
            apiVersion: v1
            kind: Config
            current-context: prod
            clusters:
            - {name: prod, cluster: {server: "\(servers[0].url)"}}
            - {name: test, cluster: {server: "\(servers[1].url)"}}
            contexts:
            - {name: prod, context: {cluster: prod}}
            - {name: test, context: {cluster: test}}
            """, to: "config"
        ).path
        var network = try await PluginNetwork()
        network.ipam["annotations"] = nil
        network.ipam["kubeConfig"] = .string(file)
        if isNamed { network.ipam["cluster"] = "prod" }
        let pod = PluginCluster.member("db-0", on: "n1", [:])
        try servers[0].put(node: "n1")
        try servers[0].put(pod: pod)
        let address = try await network.add(
            "c1", arguments: PluginCluster.arguments(pod), on: SimulatedNode("n1")
        ).address()
        for options in [["--context", "test"], ["--kubeconfig", file, "--context", "test"]] {
            let output = try await network.ipamctl(["audit", "--repair", "--yes", "--grace", "0"] + options)
            #expect(output.status == 64 && output.stderrText.contains("belongs to another cluster"), "\(output)")
        }
        #expect(try await network.used() == [address: "c1"])
        #expect(try await network.ipamctl("audit", "--context", "prod").status == 0)
        withExtendedLifetime(folder) {}
    }

    @Test func reportOfAnotherClusterOfTheSameAuthorityIsRefused() async throws {
        let both = try await Neighbours()
        let folder = try TemporaryDirectory()
        let report = folder.file("report.json").path
        #expect(try await both.b.network.ipamctl("audit", "--report", report).status == 0)
        let output = try await both.a.network.ipamctl("release", "--from-report", report, "--yes")
        #expect(output.status == 3, "\(output)")
        #expect(
            output.stderrText.contains(
                "is about cluster \(both.b.api.clusterUID), and this is cluster \(both.a.api.clusterUID)"), "\(output)")
    }

    /// Clusters that were built alike: a static pod of one manifest and one node name has the same UID and name in both.
    @Test(arguments: [true, false])
    func twinOfAStaticPodInAnotherClusterKeepsItsAddress(isKnown: Bool) async throws {
        let a = try await PluginCluster()
        var b = try await PluginCluster()
        b.network = a.network
        b.network.ipam["kubeConfig"] = .string(try b.api.kubeconfig())
        var pod = KubernetesServer.Pod.mirror("vip-n1", of: "manifest", node: "n1")
        pod.annotations["kube-ipam.ip"] = Self.address
        for cluster in [a, b] { try cluster.api.put(pod: pod) }
        let arguments = PluginCluster.arguments(pod, uid: "manifest")
        if !isKnown { try b.api.withholdIdentity() }
        #expect(
            try await b.network.add("theirs", arguments: arguments, on: SimulatedNode("n1")).address() == Self.address)
        // A machine of the same name, which does not know which cluster it is of.
        try a.api.withholdIdentity()
        let refused = try await a.network.add("ours", arguments: arguments, on: SimulatedNode("n1"))
        #expect(refused.failure?.code == 101, "\(refused)")
        #expect(try await a.network.used() == [Self.address: "theirs"])
    }

    // MARK: What a node remembers

    private func identityRequests(_ cluster: PluginCluster) -> Int {
        cluster.api.requests.count { $0 == KubernetesServer.identityRequest }
    }

    /// The file in which a node remembers its cluster.
    private func memory(_ node: SimulatedNode) throws -> URL {
        let files = try FileManager.default.contentsOfDirectory(at: node.runFolder, includingPropertiesForKeys: nil)
        #expect(files.count == 1, "\(files)")
        return try #require(files.first)
    }

    @Test func identityIsAskedForOnceAndRememberedForTheNextProcess() async throws {
        let cluster = try await PluginCluster()
        let node = try SimulatedNode("n1")
        for index in 0..<3 {
            let pod = PluginCluster.member("db-\(index)", on: "n1", [:])
            _ = try await cluster.run("c\(index)", pod, on: node).address()
            #expect(
                try await cluster.network.attachments()["c\(index)/eth0"]?["cluster"] == .string(cluster.api.clusterUID)
            )
        }
        #expect(identityRequests(cluster) == 1)
        let file = try memory(node)
        #expect(file.lastPathComponent.hasPrefix("cluster-"))
        #expect(try String(contentsOf: file, encoding: .utf8) == cluster.api.clusterUID + "\n")
        #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int == 0o600)
        // A start of the machine empties /run.
        _ = try await cluster.run("c3", PluginCluster.member("db-3", on: "n1", [:]), on: node.rebooted()).address()
        #expect(identityRequests(cluster) == 2)
    }

    enum Damage: String, CaseIterable {
        case empty, cut, longer, otherWords, noLineEnd, large
        case writableByAll, writableByGroup, ofAnotherUser, symbolicLink, hardLink, folder
        case folderWritableByAll, folderOfAnotherUser
        case old, ofTheFuture, changedKubeconfig, otherServer
    }

    @Test(arguments: Damage.allCases)
    func whatIsRememberedDoesNotCountWhereItIsNotCertain(damage: Damage) async throws {
        var cluster = try await PluginCluster()
        let node = try SimulatedNode("n1")
        _ = try await cluster.run("c0", PluginCluster.member("db-0", on: "n1", [:]), on: node).address()
        let file = try memory(node)
        let manager = FileManager.default
        // Another cluster's: to be believed would be a fault.
        let wrong = "11111111-2222-4333-8444-555555555555"
        try Data("\(wrong)\n".utf8).write(to: file)
        func set(_ attributes: [FileAttributeKey: Any], _ url: URL) throws {
            try manager.setAttributes(attributes, ofItemAtPath: url.path)
        }
        switch damage {
        case .empty: try Data().write(to: file)
        case .cut: try Data("\(wrong.dropLast())\n".utf8).write(to: file)
        case .longer: try Data("\(wrong)0\n".utf8).write(to: file)
        case .otherWords: try Data("\u{0}\u{1} no UID at all\n".utf8).write(to: file)
        case .noLineEnd: try Data(wrong.utf8).write(to: file)
        case .large: try Data(repeating: 0x61, count: 1 << 20).write(to: file)
        case .writableByAll: try set([.posixPermissions: 0o666], file)
        case .writableByGroup: try set([.posixPermissions: 0o620], file)
        case .ofAnotherUser: try set([.ownerAccountID: 65534], file)
        case .symbolicLink:
            let target = node.runFolder.deletingLastPathComponent().appendingPathComponent("target")
            try manager.moveItem(at: file, to: target)
            try manager.createSymbolicLink(at: file, withDestinationURL: target)
        case .hardLink:
            try manager.linkItem(
                at: file, to: node.runFolder.deletingLastPathComponent().appendingPathComponent("link"))
        case .folder:
            try manager.removeItem(at: file)
            try manager.createDirectory(at: file, withIntermediateDirectories: false)
        case .folderWritableByAll: try set([.posixPermissions: 0o777], node.runFolder)
        case .folderOfAnotherUser: try set([.ownerAccountID: 65534], node.runFolder)
        case .old: try set([.modificationDate: Date(timeIntervalSinceNow: -86_401)], file)
        case .ofTheFuture: try set([.modificationDate: Date(timeIntervalSinceNow: 3600)], file)
        case .changedKubeconfig: _ = try cluster.api.kubeconfig()
        case .otherServer:
            cluster.network.ipam["kubeConfig"] = .string(
                try cluster.api.kubeconfig(server: "https://localhost:\(cluster.api.port)"))
        }
        try cluster.api.forgetRequests()
        for index in 1...2 {
            let pod = PluginCluster.member("db-\(index)", on: "n1", [:])
            #expect(try await cluster.run("c\(index)", pod, on: node).output.status == 0)
            #expect(
                try await cluster.network.attachments()["c\(index)/eth0"]?["cluster"] == .string(cluster.api.clusterUID)
            )
        }
        // Where it can be mended it is: the next call does not ask.
        let cannotBeMended = [.folder, .folderWritableByAll, .folderOfAnotherUser].contains(damage)
        #expect(identityRequests(cluster) == (cannotBeMended ? 2 : 1))
    }

    /// A cluster built anew at its old address, with its old authority: what nodes remember of the former one judges nobody.
    @Test func rememberedIdentityOfAFormerClusterJudgesNobody() async throws {
        let cluster = try await PluginCluster()
        let former = PluginCluster.replica(on: "n1")
        #expect(try await cluster.run("c1", former, on: SimulatedNode("n1")).address() == Self.address)
        let n2 = try SimulatedNode("n2")
        _ = try await cluster.run("c2", PluginCluster.member("db-0", on: "n2", [:]), on: n2).address()
        try cluster.api.put(uid: UUID().uuidString.lowercased())
        try cluster.api.delete(pod: former.name)
        try cluster.api.put(node: "n1", ready: false)
        let pod = PluginCluster.replica(of: "shop", on: "n2")
        let refused = try await cluster.run("c3", pod, on: n2)
        #expect(refused.failure?.code == 101, "\(refused)")
        #expect(refused.failure?.message.hasSuffix("it is of another Kubernetes cluster") == true, "\(refused)")
        #expect(try await cluster.network.used()[Self.address] == "c1")
    }

    // MARK: Without an identity

    @Test func whereTheRuleIsMissingAddsGoOnAndTheLogNamesTheRule() async throws {
        let cluster = try await PluginCluster()
        try cluster.api.withholdIdentity()
        let former = PluginCluster.replica(on: "n1")
        #expect(try await cluster.run("c1", former, on: SimulatedNode("n1")).address() == Self.address)
        #expect(try await cluster.network.attachments()["c1/eth0"]?["cluster"] == nil)
        let warnings = try cluster.network.logLines().filter { $0.contains(" warning ") }
        #expect(warnings.count == 1, "\(warnings)")
        #expect(
            warnings.first?.contains("its user needs an RBAC rule: get on namespaces, resourceNames [kube-system]")
                == true,
            "\(warnings)")
        // Who could only be judged by Kubernetes is not judged.
        try cluster.api.delete(pod: former.name)
        try cluster.api.put(node: "n1", ready: false)
        let refused = try await cluster.run("c2", PluginCluster.replica(on: "n2"), on: SimulatedNode("n2"))
        #expect(refused.failure?.code == 101, "\(refused)")
        #expect(refused.failure?.message.hasSuffix("no cluster is recorded for it") == true, "\(refused)")
        let audit = try await cluster.network.ipamctl("audit", "--repair", "--yes", "--grace", "1s")
        #expect(audit.stdoutText.contains("1 not judged: no cluster is recorded for it"), "\(audit)")
        #expect(audit.stderrText.contains("warning: cannot identify this cluster ("), "\(audit)")
        #expect(audit.stderrText.contains("get on namespaces, resourceNames [kube-system]"), "\(audit)")
        #expect(try await cluster.network.used() == [Self.address: "c1"])
    }

    /// Recorded while the rule was there, and judged after it was taken away.
    @Test func holderIsNotJudgedWhereTheRuleIsMissingNow() async throws {
        let cluster = try await PluginCluster()
        let former = PluginCluster.replica(on: "n1")
        #expect(try await cluster.run("c1", former, on: SimulatedNode("n1")).address() == Self.address)
        try cluster.api.delete(pod: former.name)
        try cluster.api.put(node: "n1", ready: false)
        try cluster.api.withholdIdentity()
        let refused = try await cluster.run("c2", PluginCluster.replica(on: "n2"), on: SimulatedNode("n2"))
        #expect(refused.failure?.code == 101, "\(refused)")
        #expect(
            refused.failure?.message.contains("cannot tell which cluster this is: could not get namespace kube-system")
                == true, "\(refused)"
        )
        let audit = try await cluster.network.ipamctl("audit", "--repair", "--yes", "--grace", "1s")
        #expect(audit.stdoutText.contains("1 not judged: cannot tell which cluster this is"), "\(audit)")
        #expect(try await cluster.network.used() == [Self.address: "c1"])
    }

    /// The runtime passes the annotations: an ADD needs Kubernetes for nothing but the record.
    @Test(arguments: [KubernetesServer.Fault.hang, .status(500), .status(401), .refuseConnections])
    func failedLookUpOfTheIdentityFailsNoAddThatJudgesNobody(fault: KubernetesServer.Fault) async throws {
        let cluster = try await PluginCluster()
        try cluster.api.fail(fault)
        let pod = PluginCluster.replica(on: "n1", [:])
        let node = try SimulatedNode("n1")
        let passed: JSONObject = ["runtimeConfig": ["io.kubernetes.cri.pod-annotations": [:]]]
        #expect(try await cluster.add("c1", pod, on: node, passed).address() == "10.188.1.0")
        #expect(try await cluster.network.attachments()["c1/eth0"]?["cluster"] == nil)
        let warnings = try cluster.network.logLines().filter {
            $0.contains(" warning recorded the attachment without its cluster ")
        }
        #expect(warnings.count == 1, "\(warnings)")
        // Asked again, and recorded by the next ADD of the same sandbox.
        try cluster.api.recover()
        #expect(try await cluster.add("c1", pod, on: node, passed).address() == "10.188.1.0")
        #expect(try await cluster.network.attachments()["c1/eth0"]?["cluster"] == .string(cluster.api.clusterUID))
        #expect(try await cluster.network.history("10.188.1.0").isEmpty)
        // And kept where it cannot be asked for once more.
        try cluster.api.fail(fault)
        #expect(try await cluster.add("c1", pod, on: node.rebooted(), passed).output.status == 0)
        #expect(try await cluster.network.attachments()["c1/eth0"]?["cluster"] == .string(cluster.api.clusterUID))
    }

    @Test func configuredClusterWinsAndNothingIsAsked() async throws {
        var cluster = try await PluginCluster()
        cluster.network.ipam["cluster"] = "blue"
        let former = PluginCluster.replica(on: "n1")
        #expect(try await cluster.run("c1", former, on: SimulatedNode("n1")).address() == Self.address)
        #expect(try await cluster.network.attachments()["c1/eth0"]?["cluster"] == "blue")
        try cluster.api.delete(pod: former.name)
        try cluster.api.put(node: "n1", ready: false)
        #expect(
            try await cluster.run("c2", PluginCluster.replica(on: "n2"), on: SimulatedNode("n2")).address()
                == Self.address, "who is of the named cluster is judged")
        #expect(try await cluster.network.ipamctl("audit").status == 0)
        #expect(identityRequests(cluster) == 0, "\(cluster.api.requests)")
    }

    // MARK: What earlier versions recorded

    @Test func holderThatAnEarlierVersionRecordedIsNotJudgedAndARepeatedAddRefreshesIt() async throws {
        let cluster = try await PluginCluster()
        let n1 = try SimulatedNode("n1")
        let pod = PluginCluster.replica(on: "n1")
        #expect(try await cluster.run("c1", pod, on: n1).address() == Self.address)
        let record = try #require(try await cluster.network.contents()[cluster.network.key("attachments/c1/eth0")])
        let fingerprint = String(repeating: "0a", count: 32)
        let since = "2026-01-01T00:00:00Z"
        var earlier = try Attachment(stored: record.value)
        earlier.holder.cluster = fingerprint
        earlier.since = Timestamp(since)
        try await cluster.network.put("attachments/c1/eth0", earlier.json.serialized())

        try cluster.api.delete(pod: pod.name)
        try cluster.api.put(node: "n1", ready: false)
        let reason = "an earlier version recorded a certification authority, which does not identify its cluster"
        let refused = try await cluster.run("c2", PluginCluster.replica(of: "shop", on: "n2"), on: SimulatedNode("n2"))
        #expect(refused.failure?.code == 101, "\(refused)")
        #expect(refused.failure?.message.hasSuffix(reason) == true, "\(refused)")
        let audit = try await cluster.network.ipamctl("audit", "--repair", "--yes", "--grace", "1s")
        #expect(audit.status == 0 && audit.stdoutText.contains("1 not judged: \(reason)"), "\(audit)")
        #expect(try await cluster.network.used() == [Self.address: "c1"])

        try cluster.api.put(pod: pod)
        #expect(try await cluster.add("c1", pod, on: n1).address() == Self.address)
        let refreshed = try #require(try await cluster.network.attachments()["c1/eth0"])
        #expect(refreshed["cluster"] == .string(cluster.api.clusterUID))
        #expect(refreshed["since"]?.string == since, "the same sandbox has had it since then")
        #expect(try await cluster.network.history(Self.address).isEmpty)
    }
}

import Foundation
import IPAMKit
import TestSupport
import Testing

/// A holder of which nobody can tell whether it is gone keeps its address until an operator says so.
@Suite(.needs(.etcd, .root)) struct UnverifiableHolderTests {
    private static let address = "10.188.0.216"

    /// Everything that could look like the end of a holder on n1: its pod, its node and its time are gone.
    private func endAll(_ cluster: PluginCluster, _ pod: KubernetesServer.Pod?) async throws {
        if let pod { try cluster.api.delete(pod: pod.name) }
        try cluster.api.delete(node: "n1")
        let used = try #require(try await cluster.network.contents()[cluster.network.key("used/\(Self.address)")])
        try await cluster.network.put(
            "suspects/\(Self.address)", #"{"revision":\#(used.modified),"since":"2026-01-01T00:00:00Z"}"#)
    }

    /// Checks that a pod on n2 is refused, is told the command that helps, and gets the address after that command.
    private func expectRefusalUntilReleased(
        _ cluster: PluginCluster, holder: String, because: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let n2 = try SimulatedNode("n2")
        let pod = PluginCluster.replica(of: "shop", on: "n2")
        let contents = try await cluster.network.contents()
        for _ in 0..<2 {
            let refused = try await cluster.run("c2", pod, on: n2)
            #expect(
                refused.failure
                    == PluginFailure(
                        101,
                        "\(Self.address) is in use by \(holder); cannot tell whether \(holder) is still running: \(because)"
                    ),
                sourceLocation: sourceLocation)
            #expect(
                refused.details
                    == "make sure that \(holder) is gone, then run 'ipamctl release \(Self.address) --force "
                    + "-n \(cluster.network.name)'",
                sourceLocation: sourceLocation)
        }
        #expect(try await cluster.network.contents() == contents, sourceLocation: sourceLocation)
        try await cluster.network.ipamctl("release", Self.address, "--force", "--yes").checked()
        #expect(
            try await cluster.add("c2", pod, on: n2).address() == Self.address, sourceLocation: sourceLocation)
        try await cluster.network.expectNothingDangling(sourceLocation: sourceLocation)
    }

    @Test func holderOfUnknownUIDIsNeverTakenOver() async throws {
        let cluster = try await PluginCluster()
        // The runtime passes no UID, and Kubernetes has the pod on another node: it may be a namesake.
        let former = PluginCluster.replica(on: "n2")
        try cluster.api.put(pod: former)
        let added = try await cluster.network.add(
            "c1", arguments: "K8S_POD_NAMESPACE=default;K8S_POD_NAME=\(former.name)", on: SimulatedNode("n1"))
        #expect(try added.address() == Self.address)
        #expect(try await cluster.network.attachments()["c1/eth0"]?["uid"] == nil)
        try await endAll(cluster, former)
        try await expectRefusalUntilReleased(
            cluster, holder: "default/\(former.name) on n1", because: "no pod UID is recorded for it")
    }

    @Test func runtimeWithoutUIDsLearnsThePodsFromItsOwnNode() async throws {
        let cluster = try await PluginCluster()
        let former = PluginCluster.replica(on: "n1")
        try cluster.api.put(pod: former)
        let added = try await cluster.network.add(
            "c1", arguments: "K8S_POD_NAMESPACE=default;K8S_POD_NAME=\(former.name)", on: SimulatedNode("n1"))
        #expect(try added.address() == Self.address)
        #expect(try await cluster.network.attachments()["c1/eth0"]?["uid"] == .string(former.uid))
        // So that it can be judged like any other.
        try cluster.api.delete(pod: former.name)
        try cluster.api.put(node: "n1", ready: false)
        let pod = PluginCluster.replica(on: "n2")
        #expect(try await cluster.run("c2", pod, on: SimulatedNode("n2")).address() == Self.address)
    }

    @Test func containerWithoutAPodIsNeverTakenOverFromAnotherNode() async throws {
        let cluster = try await PluginCluster()
        #expect(
            try await cluster.network.add("c1", arguments: "IP=\(Self.address)", on: SimulatedNode("n1")).address()
                == Self.address)
        try await endAll(cluster, nil)
        try await expectRefusalUntilReleased(
            cluster, holder: "container c1", because: "no pod UID is recorded for it")
    }

    @Test func holderOfAnotherClusterIsNeverTakenOver() async throws {
        let cluster = try await PluginCluster()
        let former = PluginCluster.replica(on: "n1")
        var elsewhere = cluster
        elsewhere.network.ipam["cluster"] = "blue"
        #expect(try await elsewhere.run("c1", former, on: SimulatedNode("n1")).address() == Self.address)
        try await endAll(cluster, former)
        try await expectRefusalUntilReleased(
            cluster, holder: "default/\(former.name) on n1", because: "it is of another Kubernetes cluster")
    }

    /// Two clusters are told apart, where the configuration does not name them, whoever certifies their servers.
    @Test(arguments: [true, false])
    func clustersNeverJudgeEachOthersHolders(haveOneAuthority: Bool) async throws {
        let cluster = try await PluginCluster()
        let former = PluginCluster.replica(on: "n1")
        let other = try await KubernetesServer.start(.token, authority: haveOneAuthority ? cluster.api.authority : nil)
        try other.put(pod: former)
        var elsewhere = cluster.network
        elsewhere.ipam["kubeConfig"] = .string(try other.kubeconfig())
        let added = try await elsewhere.add(
            "c1", arguments: PluginCluster.arguments(former), on: SimulatedNode("n1"))
        #expect(try added.address() == Self.address)
        try await endAll(cluster, former)
        try await expectRefusalUntilReleased(
            cluster, holder: "default/\(former.name) on n1", because: "it is of another Kubernetes cluster")
    }

    /// Where neither the configuration nor Kubernetes says which cluster it is.
    @Test func clustersThatNothingTellsApartNeverJudgeEachOthersHolders() async throws {
        let cluster = try await PluginCluster(access: .plain)
        let former = PluginCluster.replica(on: "n1")
        let other = try await KubernetesServer.start(.plain)
        for server in [cluster.api, other] { try server.withholdIdentity() }
        try other.put(pod: former)
        var elsewhere = cluster.network
        elsewhere.ipam["kubeConfig"] = .string(try other.kubeconfig())
        let added = try await elsewhere.add(
            "c1", arguments: PluginCluster.arguments(former), on: SimulatedNode("n1"))
        #expect(try added.address() == Self.address)
        try await endAll(cluster, former)
        try await expectRefusalUntilReleased(
            cluster, holder: "default/\(former.name) on n1",
            because: "no cluster is recorded for it")
    }

    @Test func whatTheGoPluginRecordedIsNeverTakenOver() async throws {
        let cluster = try await PluginCluster()
        try await cluster.network.put("used/\(Self.address)", "c1")
        try await endAll(cluster, nil)
        try await expectRefusalUntilReleased(
            cluster, holder: "container c1", because: "the Go plugin recorded a container ID and nothing else")
    }

    /// Where nothing says how this node is called in Kubernetes, another one that is unknown there proves nothing.
    @Test func absentNodeProvesNothingToANodeThatIsAbsentItself() async throws {
        let cluster = try await PluginCluster(nodes: [])
        let former = PluginCluster.replica(on: "n1")
        #expect(try await cluster.run("c1", former, on: SimulatedNode("n1")).address() == Self.address)
        try cluster.api.delete(pod: former.name)
        let pod = PluginCluster.replica(on: "n2")
        let refused = try await cluster.run("c2", pod, on: SimulatedNode("n2"))
        #expect(
            refused.failure
                == PluginFailure(
                    101,
                    "\(Self.address) is in use by default/\(former.name) on n1; cannot tell whether default/\(former.name) on n1 is "
                        + "still running: its node n1 is unknown to Kubernetes, and so is this one as n2: set ipam.nodeName"
                ))
        try cluster.api.put(node: "n2")
        #expect(try await cluster.add("c2", pod, on: SimulatedNode("n2")).address() == Self.address)
    }

    /// A network that the Go plugin has made: its nodes record no fixed address, so that Kubernetes has to be asked.
    @Test func addressThatAGoNodesPodReportsIsRefused() async throws {
        let cluster = try await PluginCluster()
        try await cluster.network.etcd.put(
            cluster.network.key,
            #"[[{"rangeStart":"10.188.1.0","rangeEnd":"10.188.255.254","subnet":"10.188.0.0/16","gateway":"10.188.0.1"}]]"#
        )
        var former = PluginCluster.replica(on: "n1")
        former.podIPs = [Self.address]
        try cluster.api.put(pod: former)
        let n2 = try SimulatedNode("n2")
        let pod = PluginCluster.replica(of: "shop", on: "n2")
        #expect(
            try await cluster.run("c2", pod, on: n2).failure
                == PluginFailure(
                    101,
                    "\(Self.address) is in use by default/\(former.name) on n1: Kubernetes reports it, and a Go node did "
                        + "not record it"))
        #expect(cluster.api.requests.last?.contains("/pods?fieldSelector=status.phase") == true)
        #expect(try await cluster.network.used().isEmpty)
        former.terminating = true
        try cluster.api.put(pod: former)
        #expect(try await cluster.add("c2", pod, on: n2).failure?.code == 11)
        // The lookup fails: nothing is given.
        try cluster.api.fail(.status(403), on: "/api/v1/pods")
        #expect(try await cluster.add("c2", pod, on: n2).failure?.code == 11)
        #expect(try await cluster.network.used().isEmpty)
        try cluster.api.recover()
        try cluster.api.delete(pod: former.name)
        #expect(try await cluster.add("c2", pod, on: n2).address() == Self.address)
    }

    /// Where the runtime passes the annotations, the node's name is the host's; it is not unknown to Kubernetes because
    /// the node is gone, but because it is another name.
    @Test func nodeUnderTheNameOfItsHostIsNotTakenForAnAbsentOne() async throws {
        let cluster = try await PluginCluster(nodes: ["n1.example.org", "n2.example.org"])
        let former = PluginCluster.replica(on: "n1.example.org")
        try cluster.api.put(pod: former)
        let added = try await cluster.add(
            "c1", former, on: SimulatedNode("n1"),
            ["runtimeConfig": ["io.kubernetes.cri.pod-annotations": ["kube-ipam.ip": .string(Self.address)]]])
        #expect(try added.address() == Self.address)
        try cluster.api.delete(pod: former.name)
        let pod = PluginCluster.replica(on: "n2.example.org")
        #expect(
            try await cluster.run("c2", pod, on: SimulatedNode("n2")).failure
                == PluginFailure(
                    101,
                    "\(Self.address) is in use by default/\(former.name) on n1; cannot tell whether default/\(former.name) on n1 is "
                        + "still running: its node n1 is unknown to Kubernetes, and so is this one as n2: set ipam.nodeName"
                ))
    }

    // MARK: Static pods

    /// A manifest may name a UID, which is then the same wherever the manifest lies.
    @Test func staticPodsOfOneManifestOnTwoNodesAreTwoPods() async throws {
        let cluster = try await PluginCluster()
        let uid = "11111111-2222-3333-4444-555555555555"
        for node in ["n1", "n2"] {
            let mirror = KubernetesServer.Pod.mirror(
                "proxy-\(node)", of: uid, node: node, annotations: ["kube-ipam.ip": Self.address])
            try cluster.api.put(pod: mirror)
            let answer = try await cluster.network.add(
                "c-\(node)", arguments: PluginCluster.arguments(mirror, uid: uid), on: SimulatedNode(node))
            if node == "n1" {
                #expect(try answer.address() == Self.address)
            } else {
                #expect(
                    answer.failure
                        == PluginFailure(101, "\(Self.address) is in use by default/proxy-n1 on n1: its pod is alive"))
            }
        }
        #expect(try await cluster.network.used() == [Self.address: "c-n1"])
    }

    /// For a static pod the kubelet passes the hash of its manifest, which Kubernetes shows at the mirror pod.
    @Test func staticPodIsKnownByItsHashAndAliveAsLongAsItsMirrorIs() async throws {
        let cluster = try await PluginCluster()
        let hash = "4cdbd2df1b5b5a3a6f3fe6b9a7d3c6a1"
        var mirror = KubernetesServer.Pod.mirror(
            "proxy-n1", of: hash, node: "n1", annotations: PluginCluster.publishedAnnotations)
        try cluster.api.put(pod: mirror)
        let added = try await cluster.network.add(
            "c1", arguments: PluginCluster.arguments(mirror, uid: hash), on: SimulatedNode("n1"))
        #expect(try added.address() == Self.address)
        #expect(try await cluster.network.attachments()["c1/eth0"]?["uid"] == .string(hash))

        let n2 = try SimulatedNode("n2")
        let pod = PluginCluster.replica(on: "n2")
        #expect(
            try await cluster.run("c2", pod, on: n2).failure
                == PluginFailure(101, "\(Self.address) is in use by default/proxy-n1 on n1: its pod is alive"))
        // Its manifest was changed: the mirror is another pod's, though of the same name.
        mirror = .mirror("proxy-n1", of: "another", node: "n1")
        try cluster.api.put(pod: mirror)
        try cluster.api.put(node: "n1", ready: false)
        #expect(try await cluster.add("c2", pod, on: n2).address() == Self.address)
        #expect(
            try await cluster.network.history(Self.address).first?.evidence
                == "its pod is gone (there is another one of that name) and its node n1 is not ready")
    }
}

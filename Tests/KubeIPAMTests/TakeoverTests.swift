import Foundation
import IPAMKit
import TestSupport
import Testing

/// DEL never came: a pod that is rebuilt takes its address over from one that is gone, at once where the node or the
/// control plane shows it.
@Suite(.needs(.etcd, .root)) struct TakeoverTests {
    private static let address = "10.188.0.216"

    /// Checks what is recorded and told of a takeover: the log, the history and `ipamctl show`.
    private func expectToldTakeover(
        _ cluster: PluginCluster, from former: KubernetesServer.Pod, formerNode: String = "n1",
        to pod: KubernetesServer.Pod, _ container: String, on node: String, evidence kind: String, because: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let network = cluster.network
        #expect(try await network.used() == [Self.address: container], sourceLocation: sourceLocation)
        #expect(try await Array(network.attachments().keys) == ["\(container)/eth0"], sourceLocation: sourceLocation)
        let lines = try network.logLines().filter { $0.contains("took over") }
        let fields = """
            network=\(network.name) address=\(Self.address) from="default/\(former.name) on \(formerNode)" \
            pod=default/\(pod.name) evidence=\(kind) because="\(because)"
            """
        #expect(lines.count == 1, sourceLocation: sourceLocation)
        #expect(
            lines.first?.hasSuffix(" warning took over \(fields)") == true, "\(lines)", sourceLocation: sourceLocation)

        let entry = try #require(try await network.history(Self.address).first, sourceLocation: sourceLocation)
        #expect(entry.event == .takenOver, sourceLocation: sourceLocation)
        #expect(entry.by == "default/\(pod.name) on \(node)", sourceLocation: sourceLocation)
        #expect(entry.evidence == because, sourceLocation: sourceLocation)
        #expect(entry.tenancy?.holder.uid == former.uid, sourceLocation: sourceLocation)

        let shown = try await network.show(Self.address)
        #expect(shown["Taken over"] == "\(entry.at) by default/\(pod.name) on \(node)", sourceLocation: sourceLocation)
        #expect(shown["Taken from"] == "default/\(former.name) on \(formerNode)", sourceLocation: sourceLocation)
        #expect(shown["Evidence"] == because, sourceLocation: sourceLocation)
        #expect(shown["Pod"] == "default/\(pod.name)", sourceLocation: sourceLocation)
    }

    /// What became of the node.
    enum Node: CaseIterable {
        case absent, notReady, silent, outOfService

        var clause: String {
            switch self {
            case .absent: "is no longer in the cluster"
            case .notReady, .silent: "is not ready"
            case .outOfService: "is out of service"
            }
        }

        func apply(to api: KubernetesServer) throws {
            switch self {
            case .absent: try api.delete(node: "n1")
            case .notReady: try api.put(node: "n1", ready: false)
            case .silent: try api.put(node: "n1", ready: nil)
            case .outOfService: try api.put(node: "n1", outOfService: true)
            }
        }
    }

    /// As many range sets as a configuration may have, and each address held by another attachment, which has fifteen more:
    /// 256 addresses change hands or are freed, and all of it is one transaction.
    @Test func sixteenRangeSetsAreTakenOverFromSixteenAttachmentsAtOnce() async throws {
        let sets = (0..<16).map { index -> JSONValue in
            [
                [
                    "subnet": .string("10.\(100 + index).0.0/24"), "fixedStart": .string("10.\(100 + index).0.10"),
                    "fixedEnd": .string("10.\(100 + index).0.99"),
                ]
            ]
        }
        let cluster = try await PluginCluster(["ranges": .array(sets)])
        func address(set: Int, of holder: Int) -> String { "10.\(100 + set).0.\(20 + holder)" }
        let first = try SimulatedNode("n1")
        for holder in 0..<16 {
            let list = (0..<16).map { address(set: $0, of: holder) }
            let pod = PluginCluster.replica(
                of: "p\(holder)", on: "n1", ["kube-ipam.ip": list.joined(separator: ",")])
            #expect(try await cluster.run("c\(holder)", pod, on: first).addresses() == list)
            try cluster.api.delete(pod: pod.name)
        }
        try cluster.api.put(node: "n1", ready: false)
        let wanted = (0..<16).map { address(set: $0, of: $0) }
        let pod = PluginCluster.replica(on: "n2", ["kube-ipam.ip": wanted.joined(separator: ",")])
        let answer = try await cluster.run("new", pod, on: SimulatedNode("n2"))
        #expect(try answer.addresses() == wanted)
        #expect(try await cluster.network.used() == Dictionary(uniqueKeysWithValues: wanted.map { ($0, "new") }))
        #expect(try await Array(cluster.network.attachments().keys) == ["new/eth0"])
        #expect(try cluster.network.logLines().count { $0.contains("took over") } == 16)
        for (set, holder) in [(0, 0), (15, 15), (3, 7), (15, 0)] {
            let newest = try await cluster.network.history(address(set: set, of: holder)).first
            #expect(newest?.event == .takenOver, "10.\(100 + set) of c\(holder)")
        }
    }

    @Test(arguments: Node.allCases)
    func podOfADeadNodeIsRebuiltElsewhereWithOneAdd(state: Node) async throws {
        let cluster = try await PluginCluster(access: state == .absent ? .clientCertificate : .token)
        let former = PluginCluster.replica(on: "n1")
        #expect(try await cluster.run("c1", former, on: SimulatedNode("n1")).address() == Self.address)
        try cluster.api.delete(pod: former.name)
        try state.apply(to: cluster.api)
        let pod = PluginCluster.replica(on: "n2")
        #expect(try await cluster.run("c2", pod, on: SimulatedNode("n2")).address() == Self.address)
        try await expectToldTakeover(
            cluster, from: former, to: pod, "c2", on: "n2", evidence: "asserted",
            because: "its pod is gone and its node n1 \(state.clause)")
        // The node comes back, and its runtime cleans up.
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        #expect(try await cluster.network.used() == [Self.address: "c2"])
    }

    @Test func interfacesOfAPodTakenOverAreThereOnTheOtherNode() async throws {
        let cluster = try await PluginCluster()
        let members: JSONObject = ["bridge": "cni0", "isGateway": true]
        let hosts = [
            try await PodHost("bridge", members, network: cluster.network, api: cluster.api, node: SimulatedNode("n1")),
            try await PodHost("bridge", members, network: cluster.network, api: cluster.api, node: SimulatedNode("n2")),
        ]
        let pods = [
            PluginCluster.member("db-0", on: "n1", PluginCluster.publishedAnnotations),
            PluginCluster.member("db-0", on: "n2", PluginCluster.publishedAnnotations),
        ]
        let namespaces = [try NetworkNamespace(), try NetworkNamespace()]
        for index in 0..<2 {
            try cluster.api.put(pod: pods[index])
            let answer = try await hosts[index].call(
                "ADD", "c\(index)", in: namespaces[index], arguments: PluginCluster.arguments(pods[index]))
            #expect(try answer.address() == Self.address)
            #expect(try namespaces[index].addresses(of: "eth0") == ["10.188.0.216/16"])
            #expect(try namespaces[index].defaultGateway() == "10.188.0.1")
            try cluster.api.put(node: "n1", ready: false)
        }
        try await expectToldTakeover(
            cluster, from: pods[0], to: pods[1], "c1", on: "n2", evidence: "asserted",
            because: "its pod is gone (there is another one of that name) and its node n1 is not ready")
        #expect(try await hosts[1].namespace.answers(at: "10.188.0.1", to: namespaces[1]))
    }

    /// The very same pod: after a start of the machine the kubelet makes it a new sandbox, and DEL of the old one may
    /// never come.
    @Test func podGoesOnWithItsAddressAfterItsNodeHasRebooted() async throws {
        var cluster = try await PluginCluster()
        cluster.network.ipam["cluster"] = "blue"
        let node = try SimulatedNode("n1")
        let pod = PluginCluster.member("db-0", on: "n1")
        #expect(try await cluster.run("c1", pod, on: node).address() == Self.address)
        try cluster.api.forgetRequests()
        // The path of its namespace is one that is there again.
        #expect(try await cluster.add("c2", pod, on: node.rebooted()).address() == Self.address)
        #expect(cluster.api.requests == ["GET /api/v1/namespaces/default/pods/db-0"], "nothing else is asked")
        try await expectToldTakeover(
            cluster, from: pod, to: pod, "c2", on: "n1", evidence: "proven", because: "its node n1 has rebooted")
    }

    @Test func podWhoseNamespaceIsGoneIsReplacedOnItsNode() async throws {
        let cluster = try await PluginCluster()
        let node = try SimulatedNode("n1")
        let former = PluginCluster.replica(on: "n1")
        let namespace = try NetworkNamespace()
        #expect(try await cluster.run("c1", former, on: node, netns: namespace.path).address() == Self.address)
        try cluster.api.delete(pod: former.name)
        let pod = PluginCluster.replica(on: "n1")
        let early = try await cluster.run("c2", pod, on: node)
        #expect(
            early.failure
                == PluginFailure(
                    11,
                    "10.188.0.216 is still held by default/\(former.name) on n1: its pod is gone, but its network namespace "
                        + "\(namespace.path) still exists"))
        try namespace.delete()
        #expect(try await cluster.add("c2", pod, on: node).address() == Self.address)
        try await expectToldTakeover(
            cluster, from: former, to: pod, "c2", on: "n1", evidence: "proven",
            because: "its network namespace \(namespace.path) is gone")
    }

    enum Way: CaseIterable { case reservation, runtime, runtimeWithoutAnnotations }

    /// By a reservation without an annotation, or by the runtime, also where annotations do not count.
    @Test(arguments: Way.allCases)
    func addressIsTakenOverHoweverItIsAskedFor(way: Way) async throws {
        var cluster = try await PluginCluster()
        var arguments = ""
        if way == .reservation {
            try await cluster.network.ipamctl("reserve", Self.address, "--for", "default/sts/db", "--yes").checked()
        } else {
            arguments = ";IP=\(Self.address)"
        }
        if way == .runtimeWithoutAnnotations { cluster.network.ipam["annotations"] = "none" }
        func run(_ container: String, _ pod: KubernetesServer.Pod, on node: String) async throws -> PluginAnswer {
            try cluster.api.put(pod: pod)
            return try await cluster.network.add(
                container, arguments: PluginCluster.arguments(pod) + arguments, on: SimulatedNode(node))
        }
        let former = PluginCluster.member("db-0", on: "n1", [:])
        #expect(try await run("c1", former, on: "n1").address() == Self.address)
        try cluster.api.put(node: "n1", ready: false)
        let pod = PluginCluster.member("db-0", on: "n2", [:])
        #expect(try await run("c2", pod, on: "n2").address() == Self.address)
        try await expectToldTakeover(
            cluster, from: former, to: pod, "c2", on: "n2", evidence: "asserted",
            because: "its pod is gone (there is another one of that name) and its node n1 is not ready")
    }

    /// Whether the holder is gone could not be asked: the ADD fails, and nobody is suspected.
    @Test(arguments: ["/api/v1/nodes/n1", "/api/v1/namespaces/default/pods/former-0"], [403, 500])
    func failedLookupOfTheHolderIsCode11AndNothingIsWritten(path: String, status: Int) async throws {
        var cluster = try await PluginCluster()
        let former = PluginCluster.member("former-0", on: "n1")
        #expect(try await cluster.run("c1", former, on: SimulatedNode("n1")).address() == Self.address)
        try cluster.api.delete(pod: former.name)
        try cluster.api.put(node: "n1", ready: false)
        try cluster.api.fail(.status(status), on: path)
        let contents = try await cluster.network.contents()
        cluster.network.ipam["timeout"] = .number("1.5")
        let answer = try await cluster.run("c2", PluginCluster.replica(on: "n2"), on: SimulatedNode("n2"))
        #expect(answer.failure?.code == 11, "\(answer)")
        #expect(answer.failure?.message.contains("\(status)") == true, "\(answer)")
        #expect(try await cluster.network.contents() == contents)
    }

    @Test func podStillTerminatingIsWaitedFor() async throws {
        let cluster = try await PluginCluster()
        let (n1, n2) = (try SimulatedNode("n1"), try SimulatedNode("n2"))
        var former = PluginCluster.replica(on: "n1")
        #expect(try await cluster.run("c1", former, on: n1).address() == Self.address)
        former.terminating = true
        try cluster.api.put(pod: former)
        let contents = try await cluster.network.contents()
        let pod = PluginCluster.replica(on: "n2")
        for _ in 0..<2 {
            #expect(
                try await cluster.run("c2", pod, on: n2).failure
                    == PluginFailure(
                        11,
                        "10.188.0.216 is still held by default/\(former.name) on n1: its pod is being deleted"))
        }
        #expect(try await cluster.network.contents() == contents)
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        try cluster.api.delete(pod: former.name)
        #expect(try await cluster.add("c2", pod, on: n2).address() == Self.address)
        #expect(try await cluster.network.history(Self.address).map(\.event) == [.deleted], "nothing was taken over")
    }

    /// Nodes that are containers of one host have its boot ID: their namespaces are not each other's.
    @Test func nodeThatSharesItsKernelWithAnotherDoesNotJudgeByItsOwnNamespaces() async throws {
        let cluster = try await PluginCluster()
        let n1 = try SimulatedNode("n1")
        let n2 = try SimulatedNode("n2", sharingTheKernelOf: n1)
        let former = PluginCluster.replica(on: "n1")
        // Not there in n2's eyes.
        let given = try await PluginNetwork.inPassing {
            try await cluster.run("c1", former, on: n1, netns: $0).address()
        }
        #expect(given == Self.address)
        let contents = try await cluster.network.contents()
        #expect(
            try await cluster.run("c2", PluginCluster.replica(on: "n2"), on: n2).failure
                == PluginFailure(101, "10.188.0.216 is in use by default/\(former.name) on n1: its pod is alive"))
        #expect(try await cluster.network.contents() == contents)
    }

    /// Where the configuration does not name the node, the name that Kubernetes has for it is learned from the pod.
    @Test func nodeKnowsItselfByTheNameThatKubernetesHasForIt() async throws {
        let cluster = try await PluginCluster(nodes: ["host-1.example.org"])
        let host = try SimulatedNode("host-1")
        let pod = PluginCluster.member("db-0", on: "host-1.example.org")
        #expect(try await cluster.run("c1", pod, on: host).address() == Self.address)
        #expect(try await cluster.network.attachments()["c1/eth0"]?["node"] == "host-1.example.org")
        #expect(try await cluster.add("c2", pod, on: host.rebooted()).address() == Self.address)
        try await expectToldTakeover(
            cluster, from: pod, formerNode: "host-1.example.org", to: pod, "c2", on: "host-1.example.org",
            evidence: "proven", because: "its node host-1.example.org has rebooted")
    }

    /// Installed anew under its old name, with the pods that are bound to it: nobody will ever call DEL for their former
    /// sandboxes.
    @Test func podOfANodeThatIsAnotherMachineNowGoesOnWithItsAddress() async throws {
        let cluster = try await PluginCluster()
        let pod = PluginCluster.member("db-0", on: "n1")
        #expect(try await cluster.run("c1", pod, on: SimulatedNode("n1")).address() == Self.address)
        // Another pod is told that the holder is alive, whichever machine it is on.
        let other = PluginCluster.replica(of: "shop", on: "n1")
        let replaced = try SimulatedNode("n1")
        #expect(
            try await cluster.run("c3", other, on: replaced).failure
                == PluginFailure(101, "10.188.0.216 is in use by default/db-0 on n1: its pod is alive"))
        #expect(try await cluster.add("c2", pod, on: replaced).address() == Self.address)
        try await expectToldTakeover(
            cluster, from: pod, to: pod, "c2", on: "n1", evidence: "proven", because: "its node n1 has rebooted")
    }

    /// Only the address counts that is asked for; what else the former holder had is freed with it.
    @Test func everyAddressOfTheFormerHolderIsFreedWithTheOneThatIsTakenOver() async throws {
        let cluster = try await PluginCluster(
            [
                "ranges": [
                    [["subnet": "10.188.0.0/24", "fixedStart": "10.188.0.200", "fixedEnd": "10.188.0.220"]],
                    [["subnet": "fd00:188::/64"]],
                ]
            ])
        let (n1, n2) = (try SimulatedNode("n1"), try SimulatedNode("n2"))
        let former = PluginCluster.replica(on: "n1")
        #expect(try await cluster.run("c1", former, on: n1).addresses() == [Self.address, "fd00:188::2"])
        try cluster.api.delete(pod: former.name)
        try cluster.api.put(node: "n1", ready: false)
        let pod = PluginCluster.replica(on: "n2")
        #expect(try await cluster.run("c2", pod, on: n2).addresses() == [Self.address, "fd00:188::3"])
        #expect(try await cluster.network.used() == [Self.address: "c2", "fd00:188::3": "c2"])
        #expect(try await cluster.network.history("fd00:188::2").first?.event == .takenOver)
        try await cluster.network.expectNothingDangling()
    }

    // MARK: What the node itself shows

    /// systemd's PrivateMounts, or `unshare -m`: the holder's namespace is mounted where only its runtime sees it, and the
    /// plugin of another runtime on the node sees the ordinary file under it.
    @Test func namespaceMountedOutOfSightIsNoProof() async throws {
        let cluster = try await PluginCluster()
        let (n1, folder) = (try SimulatedNode("n1"), try TemporaryDirectory())
        let path = try folder.write("", to: "namespace").path
        let namespace = try NetworkNamespace()
        let former = PluginCluster.replica(on: "n1")
        try cluster.api.put(pod: former)
        let given = try await cluster.network.call(
            "ADD", "c1", netns: path, arguments: PluginCluster.arguments(former), on: n1,
            mounts: "/bin/mount --bind \(namespace.path) \(path)")
        #expect(try given.address() == Self.address)
        #expect(try await cluster.network.attachments()["c1/eth0"]?["netns"] == .string(path))
        // Its pod is removed by force; the container runs on.
        try cluster.api.delete(pod: former.name)
        let refused = try await cluster.run("c2", PluginCluster.replica(on: "n1"), on: n1)
        #expect(refused.failure?.code == 11, "\(refused)")
        #expect(refused.failure?.message.contains("its pod is gone, but its node n1 may still be stopping it") == true)
        #expect(try await cluster.network.used() == [Self.address: "c1"])
        withExtendedLifetime(folder) {}
    }

    /// `/proc/PID/ns/net`, as ctr passes it, and a process that has got the number since.
    @Test func pathThatIsAnotherNamespaceNowIsProof() async throws {
        let cluster = try await PluginCluster()
        let (n1, folder) = (try SimulatedNode("n1"), try TemporaryDirectory())
        let (namespace, other) = (try NetworkNamespace(), try NetworkNamespace())
        let path = folder.file("namespace")
        try FileManager.default.createSymbolicLink(atPath: path.path, withDestinationPath: namespace.path)
        let former = PluginCluster.replica(on: "n1")
        #expect(try await cluster.run("c1", former, on: n1, netns: path.path).address() == Self.address)
        try FileManager.default.removeItem(at: path)
        try FileManager.default.createSymbolicLink(atPath: path.path, withDestinationPath: other.path)
        try cluster.api.delete(pod: former.name)
        let pod = PluginCluster.replica(on: "n1")
        #expect(try await cluster.run("c2", pod, on: n1).address() == Self.address)
        try await expectToldTakeover(
            cluster, from: former, to: pod, "c2", on: "n1", evidence: "proven",
            because: "its network namespace \(path.path) is another one now")
        withExtendedLifetime(namespace) {}
    }

    /// Machines made from one image, with one name and one machine ID: what the other one has recorded since this one was
    /// started is not left over from a former boot.
    @Test func podOfACloneOfThisMachineKeepsItsAddress() async throws {
        let cluster = try await PluginCluster()
        let ours = try SimulatedNode("n1")
        let former = PluginCluster.member("db-0", on: "n1")
        #expect(try await cluster.run("c1", former, on: ours).address() == Self.address)
        try cluster.api.delete(pod: former.name)
        let answer = try await cluster.run(
            "c2", PluginCluster.replica(on: "n1"), on: try SimulatedNode(cloneOf: ours))
        #expect(answer.failure?.code == 11, "\(answer)")
        #expect(try await cluster.network.used() == [Self.address: "c1"])
    }

    @Test func podAliveOnThisNodeIsNamedWithCode101() async throws {
        let cluster = try await PluginCluster()
        let n1 = try SimulatedNode("n1")
        let former = PluginCluster.replica(on: "n1")
        let namespace = try NetworkNamespace()
        #expect(try await cluster.run("c1", former, on: n1, netns: namespace.path).address() == Self.address)
        #expect(
            try await cluster.run("c2", PluginCluster.replica(of: "shop", on: "n1"), on: n1).failure
                == PluginFailure(101, "10.188.0.216 is in use by default/\(former.name) on n1: its pod is alive"))
    }
}

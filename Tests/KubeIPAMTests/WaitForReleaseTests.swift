import Foundation
import IPAMKit
import TestSupport
import Testing

/// A rebuilt pod whose ADD comes before the DEL of its former self waits for it, and for nothing else.
@Suite(.needs(.etcd, .root)) struct WaitForReleaseTests {
    private static let address = "10.188.0.216"

    /// A cluster on an etcd of its own, whose requests can be counted.
    private func cluster(waitForRelease: String? = "60", timeout: String? = nil) async throws -> PluginCluster {
        var cluster = try await PluginCluster(in: EtcdServer.start())
        cluster.network.ipam["waitForRelease"] = waitForRelease.map(JSONValue.number)
        cluster.network.ipam["timeout"] = timeout.map(JSONValue.number)
        return cluster
    }

    /// A replica that has the address as `c1` and is being deleted.
    @discardableResult
    private func leavingReplica(in cluster: PluginCluster, on node: SimulatedNode) async throws -> KubernetesServer.Pod
    {
        var pod = PluginCluster.replica(on: node.name)
        #expect(try await cluster.run("c1", pod, on: node).address() == Self.address)
        pod.terminating = true
        try cluster.api.put(pod: pod)
        return pod
    }

    /// Waits until so many ADDs wait.
    private func waiting(_ count: Int = 1, in cluster: PluginCluster) async throws {
        let etcd = cluster.network.etcd
        let deadline = ContinuousClock.now + .seconds(60)
        while try etcd.metric("etcd_debugging_mvcc_watcher_total") != Double(count), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(try etcd.metric("etcd_debugging_mvcc_watcher_total") == Double(count))
    }

    /// How the holder is about to go.
    enum Leaving: CaseIterable {
        case beingDeleted, goneFromKubernetes, beingDeletedElsewhere
    }

    @Test(arguments: Leaving.allCases)
    func rebuiltPodGoesOnWhenItsFormerSelfHasGone(leaving: Leaving) async throws {
        let cluster = try await cluster(waitForRelease: nil)
        let (n1, n2) = (try SimulatedNode("n1"), try SimulatedNode("n2"))
        let former = try await leavingReplica(in: cluster, on: n1)
        if leaving == .goneFromKubernetes { try cluster.api.delete(pod: former.name) }
        let node = leaving == .beingDeletedElsewhere ? n2 : n1
        let pod = PluginCluster.replica(on: node.name)
        try cluster.api.put(pod: pod)
        async let rebuilt = cluster.add("c2", pod, on: node)
        try await waiting(in: cluster)
        #expect(try await cluster.network.used() == [Self.address: "c1"])
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        #expect(try await rebuilt.address() == Self.address)
        #expect(try await cluster.network.used() == [Self.address: "c2"])
        #expect(try await cluster.network.history(Self.address).map(\.event) == [.deleted], "nothing was taken over")
        #expect(try cluster.network.logLines().contains { $0.contains(" info ADD ") && $0.contains(" waited_ms=") })
        #expect(try cluster.network.etcd.grpcCalls("Watch") == 1)
    }

    /// The main job: a fixed Deployment on a real bridge.
    @Test func interfaceOfTheRebuiltPodIsThereOnceTheFormerOneIsGone() async throws {
        let cluster = try await cluster()
        let host = try await PodHost(
            "bridge", ["bridge": "cni0", "isGateway": true], network: cluster.network, api: cluster.api,
            node: SimulatedNode("n1"))
        let namespaces = [try NetworkNamespace(), try NetworkNamespace()]
        var former = PluginCluster.replica(on: "n1", PluginCluster.publishedAnnotations)
        try cluster.api.put(pod: former)
        let first = try await host.call(
            "ADD", "c1", in: namespaces[0], arguments: PluginCluster.arguments(former))
        #expect(try first.address() == Self.address)
        former.terminating = true
        try cluster.api.put(pod: former)
        let pod = PluginCluster.replica(on: "n1", PluginCluster.publishedAnnotations)
        try cluster.api.put(pod: pod)
        async let rebuilt = host.call("ADD", "c2", in: namespaces[1], arguments: PluginCluster.arguments(pod))
        try await waiting(in: cluster)
        let deleted = try await host.call(
            "DEL", "c1", in: namespaces[0], arguments: PluginCluster.arguments(former), previous: first.result())
        #expect(deleted.isSilentSuccess, "\(deleted)")
        #expect(try await rebuilt.address() == Self.address)
        #expect(try namespaces[1].addresses(of: "eth0") == ["10.188.0.216/16"])
    }

    /// The next look at a holder that looks gone is near: the ADD takes the address over then.
    @Test func holderThatSoonCountsAsGoneIsWaitedFor() async throws {
        let cluster = try await cluster()
        let (former, pod) = (PluginCluster.replica(on: "n1"), PluginCluster.replica(on: "n2"))
        #expect(try await cluster.run("c1", former, on: SimulatedNode("n1")).address() == Self.address)
        try cluster.api.delete(pod: former.name)
        try cluster.api.put(pod: pod)
        var impatient = cluster
        impatient.network.ipam["waitForRelease"] = .number("10")
        let n2 = try SimulatedNode("n2")
        #expect(try await impatient.add("c2", pod, on: n2).failure?.code == 11)
        #expect(try cluster.network.etcd.grpcCalls("Watch") == 0, "a minute is too long to wait for")
        try await cluster.network.age(Self.address, bySeconds: 58)
        #expect(try await cluster.add("c2", pod, on: n2).address() == Self.address)
        #expect(try await cluster.network.history(Self.address).first?.event == .takenOver)
    }

    // MARK: Who is not waited for

    @Test func holderThatStaysIsNotWaitedFor() async throws {
        let cluster = try await cluster()
        let former = PluginCluster.replica(on: "n1")
        #expect(try await cluster.run("c1", former, on: SimulatedNode("n1")).address() == Self.address)
        for name in ["n1", "n2"] {
            let refused = try await cluster.run("c2", PluginCluster.replica(on: name), on: SimulatedNode(name))
            #expect(
                refused.failure
                    == PluginFailure(101, "10.188.0.216 is in use by default/\(former.name) on n1: its pod is alive"))
        }
        #expect(try cluster.network.etcd.grpcCalls("Watch") == 0)
    }

    @Test func nothingIsWaitedForWhileTheNetworkIsOnHold() async throws {
        let cluster = try await cluster()
        let n1 = try SimulatedNode("n1")
        try await leavingReplica(in: cluster, on: n1)
        try await cluster.network.ipamctl("hold", cluster.network.name, "--reason", "a move", "--yes").checked()
        #expect(try await cluster.run("c2", PluginCluster.replica(on: "n1"), on: n1).failure?.code == 104)
        #expect(try cluster.network.etcd.grpcCalls("Watch") == 0)
    }

    /// Nobody calls DEL on a node that is down. An operator can say that nothing runs there any more.
    @Test func podBeingDeletedOnADeadNodeIsNotWaitedForAndTheRemedyWorks() async throws {
        let cluster = try await cluster()
        var former = PluginCluster.replica(on: "n1")
        #expect(try await cluster.run("c1", former, on: SimulatedNode("n1")).address() == Self.address)
        former.terminating = true
        try cluster.api.put(pod: former)
        try cluster.api.put(node: "n1", ready: nil)
        let (pod, n2) = (PluginCluster.replica(on: "n2"), try SimulatedNode("n2"))
        let refused = try await cluster.run("c2", pod, on: n2)
        #expect(
            refused.failure
                == PluginFailure(
                    11,
                    "10.188.0.216 is still held by default/\(former.name) on n1: its pod is being deleted, and its node n1 is "
                        + "not ready"))
        let details = try #require(refused.details)
        #expect(details.contains("kubectl taint nodes n1 node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"))
        #expect(details.contains("kubectl delete pod \(former.name) -n default --force"))
        #expect(try cluster.network.etcd.grpcCalls("Watch") == 0)
        try cluster.api.put(node: "n1", ready: nil, outOfService: true)
        #expect(try await cluster.add("c2", pod, on: n2).address() == Self.address)
        #expect(
            try await cluster.network.history(Self.address).first?.evidence
                == "its pod is being deleted and its node n1 is out of service")
    }

    @Test func zeroDoesNotWait() async throws {
        let cluster = try await cluster(waitForRelease: "0")
        let n1 = try SimulatedNode("n1")
        let former = try await leavingReplica(in: cluster, on: n1)
        let refused = try await cluster.run("c2", PluginCluster.replica(on: "n1"), on: n1)
        #expect(
            refused.failure
                == PluginFailure(
                    11, "10.188.0.216 is still held by default/\(former.name) on n1: its pod is being deleted"))
        #expect(try cluster.network.etcd.grpcCalls("Watch") == 0)
    }

    @Test(arguments: ["-1", "121", "\"15\"", "null", "1.5"]) func waitIsANumberOfSeconds(value: String) async throws {
        var network = try await PluginNetwork()
        network.ipam["waitForRelease"] = try JSONValue(parsing: value)
        let failure = try await network.add("c1").failure
        guard !["null", "1.5"].contains(value) else {
            #expect(failure == nil)
            return
        }
        #expect(
            failure
                == PluginFailure(7, "ipam.waitForRelease: \(value) must be a number of seconds from 0 to 120"))
    }

    // MARK: The end of a wait

    /// The deadline of the whole operation, which the wait alone would exceed, moves with it.
    @Test func holderThatDoesNotGoIsCode11AfterTheWaitWithWhatEndsIt() async throws {
        let cluster = try await cluster(waitForRelease: "3", timeout: "2.5")
        let former = PluginCluster.replica(on: "n1")
        let n1 = try SimulatedNode("n1")
        let namespace = try NetworkNamespace()
        #expect(try await cluster.run("c1", former, on: n1, netns: namespace.path).address() == Self.address)
        try cluster.api.delete(pod: former.name)
        let contents = try await cluster.network.contents()
        let pod = PluginCluster.replica(on: "n1")
        let refused = try await cluster.run("c2", pod, on: n1)
        #expect(
            refused.failure
                == PluginFailure(
                    11,
                    "10.188.0.216 is still held by default/\(former.name) on n1: its pod is gone, but its network namespace "
                        + "\(namespace.path) still exists"))
        #expect(
            refused.details
                == "if no DEL comes: 'crictl rmp -f c1' on n1; if crictl does not know it, end what runs there "
                + "('ip netns pids \(namespace.name)'), then 'ip netns del \(namespace.name)'")
        #expect(try cluster.network.etcd.grpcCalls("Watch") == 1)
        #expect(try await cluster.network.contents() == contents)
        // What it says helps.
        try namespace.delete()
        #expect(try await cluster.add("c2", pod, on: n1).address() == Self.address)
    }

    @Test func waitEndsWithTheProcessAndLeavesNothing() async throws {
        let cluster = try await cluster()
        let n1 = try SimulatedNode("n1")
        try await leavingReplica(in: cluster, on: n1)
        let pod = PluginCluster.replica(on: "n1")
        try cluster.api.put(pod: pod)
        let contents = try await cluster.network.contents()
        let add = try cluster.network.start("ADD", "c2", arguments: PluginCluster.arguments(pod), on: n1)
        try await waiting(in: cluster)
        // A DEL of the container that waits is not held up, and neither is that of the one it waits for.
        #expect(try await cluster.network.delete("c2").isSilentSuccess)
        add.kill()
        #expect(try await add.answer().output.signal == SIGKILL)
        try await waiting(0, in: cluster)
        #expect(try await cluster.network.contents() == contents)
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
    }

    /// One watch each, and no question to Kubernetes while they wait.
    @Test func manyThatWaitCostOneWatchEach() async throws {
        let count = 20
        let cluster = try await cluster()
        let n1 = try SimulatedNode("n1")
        try await leavingReplica(in: cluster, on: n1)
        let pods = (0..<count).map { _ in PluginCluster.replica(on: "n1") }
        for pod in pods { try cluster.api.put(pod: pod) }
        try cluster.api.forgetRequests()
        async let answers = inParallel(count, atATime: count) { index in
            try await cluster.add("w\(index)", pods[index], on: n1)
        }
        try await waiting(count, in: cluster)
        #expect(cluster.api.requests.count == 2 * count, "each asks for its pod and for the holder's")
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        let codes = try await answers.map { $0.failure?.code ?? 0 }
        #expect(codes.count { $0 == 0 } == 1, "\(codes)")
        #expect(codes.allSatisfy { $0 == 0 || $0 == 101 }, "\(codes)")
        #expect(try cluster.network.etcd.grpcCalls("Watch") == count)
        try await cluster.network.expectNothingDangling()
    }

    /// The replicas' addresses are reserved for their workload: whichever goes first is given on.
    @Test func anyOfTheReservedAddressesIsWaitedFor() async throws {
        let cluster = try await cluster()
        try await cluster.network.ipamctl(
            "reserve", "10.188.0.20-10.188.0.22", "--for", "default/deploy/web", "--yes"
        ).checked()
        let n1 = try SimulatedNode("n1")
        var addresses: [String] = []
        for index in 0..<3 {
            var pod = PluginCluster.replica(on: "n1", [:])
            addresses.append(try await cluster.run("c\(index)", pod, on: n1).address())
            pod.terminating = true
            try cluster.api.put(pod: pod)
        }
        let pod = PluginCluster.replica(on: "n1", [:])
        try cluster.api.put(pod: pod)
        async let rebuilt = cluster.add("c9", pod, on: n1)
        try await waiting(in: cluster)
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        #expect(try await rebuilt.address() == addresses[1])
    }

    /// `auto`: the Deployment's one replica has the same address after every rebuild, and no second one is reserved.
    @Test func automaticAddressIsWaitedForRatherThanOneMoreReserved() async throws {
        let cluster = try await cluster()
        let n1 = try SimulatedNode("n1")
        var former = PluginCluster.replica(on: "n1", ["kube-ipam.ip": "auto"])
        let address = try await cluster.run("c1", former, on: n1).address()
        former.terminating = true
        try cluster.api.put(pod: former)
        let pod = PluginCluster.replica(on: "n1", ["kube-ipam.ip": "auto"])
        try cluster.api.put(pod: pod)
        async let rebuilt = cluster.add("c2", pod, on: n1)
        try await waiting(in: cluster)
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        #expect(try await rebuilt.address() == address)
        let reserved = try await cluster.network.contents().keys.filter { $0.contains("/reservations/") }
        #expect(reserved.count == 1, "\(reserved)")
        // A replica that stays is not waited for: the set grows with the Deployment.
        let second = PluginCluster.replica(on: "n1", ["kube-ipam.ip": "auto"])
        #expect(try await cluster.run("c3", second, on: n1).address() != address)
    }

    /// Of many replicas the one that goes is found, however many stay.
    @Test func oneOfManyReplicasThatGoesIsWaitedFor() async throws {
        let cluster = try await cluster()
        try await cluster.network.ipamctl(
            "reserve", "10.188.0.20-10.188.0.35", "--for", "default/deploy/web", "--yes"
        ).checked()
        let n1 = try SimulatedNode("n1")
        var pods: [KubernetesServer.Pod] = []
        for index in 0..<16 {
            let pod = PluginCluster.replica(on: "n1", [:])
            _ = try await cluster.run("c\(index)", pod, on: n1).result()
            pods.append(pod)
        }
        pods[11].terminating = true
        try cluster.api.put(pod: pods[11])
        let pod = PluginCluster.replica(on: "n1", [:])
        try cluster.api.put(pod: pod)
        async let rebuilt = cluster.add("c99", pod, on: n1)
        try await waiting(in: cluster)
        let freed = try await cluster.network.used().first { $0.value == "c11" }?.key
        #expect(try await cluster.network.delete("c11").isSilentSuccess)
        #expect(try await rebuilt.address() == freed)
    }

    /// Waiting for one address is of no use where another one is refused for good.
    @Test func oneAddressThatStaysHeldEndsTheAddAtOnce() async throws {
        var cluster = try await cluster()
        cluster.network.ipam["subnet"] = nil
        for key in ["fixedStart", "fixedEnd", "rangeStart", "rangeEnd", "gateway", "routes"] {
            cluster.network.ipam[key] = nil
        }
        cluster.network.ipam["ranges"] = [
            [["subnet": "10.188.0.0/24", "rangeStart": "10.188.0.100"]],
            [["subnet": "10.189.0.0/24", "rangeStart": "10.189.0.100"]],
        ]
        let n1 = try SimulatedNode("n1")
        var leaving = PluginCluster.replica(of: "a", on: "n1", ["kube-ipam.ip": "10.188.0.10"])
        let staying = PluginCluster.replica(of: "b", on: "n1", ["kube-ipam.ip": "10.189.0.10"])
        _ = try await cluster.run("c1", leaving, on: n1).result()
        _ = try await cluster.run("c2", staying, on: n1).result()
        leaving.terminating = true
        try cluster.api.put(pod: leaving)
        let pod = PluginCluster.replica(of: "a", on: "n1", ["kube-ipam.ip": "10.188.0.10,10.189.0.10"])
        #expect(try await cluster.run("c3", pod, on: n1).failure?.code == 101)
        #expect(try cluster.network.etcd.grpcCalls("Watch") == 0)
    }

    @Test func networkPutOnHoldDuringTheWaitGivesNothing() async throws {
        let cluster = try await cluster()
        let n1 = try SimulatedNode("n1")
        try await leavingReplica(in: cluster, on: n1)
        let pod = PluginCluster.replica(on: "n1")
        try cluster.api.put(pod: pod)
        async let rebuilt = cluster.add("c2", pod, on: n1)
        try await waiting(in: cluster)
        try await cluster.network.ipamctl("hold", cluster.network.name, "--reason", "a move", "--yes").checked()
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        #expect(try await rebuilt.failure?.code == 104)
        #expect(try await cluster.network.used().isEmpty)
    }

    /// The pod that waits is deleted before the address is free.
    @Test func podThatIsGoneAfterTheWaitGetsNothing() async throws {
        let cluster = try await cluster()
        let n1 = try SimulatedNode("n1")
        try await leavingReplica(in: cluster, on: n1)
        let pod = PluginCluster.replica(on: "n1")
        try cluster.api.put(pod: pod)
        async let rebuilt = cluster.add("c2", pod, on: n1)
        try await waiting(in: cluster)
        try cluster.api.delete(pod: pod.name)
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        #expect(try await rebuilt.failure?.code == 106)
        #expect(try await cluster.network.used().isEmpty)
    }
}

import Foundation
import IPAMKit
import TestSupport
import Testing

/// A pod's name looks like a Deployment's, and so do those of other controllers' pods. Where there is a Kubernetes to
/// ask, it is asked before a pod gets what belongs to a workload, and not without need.
@Suite(.needs(.etcd, .root)) struct OwnerConfirmationTests {
    private static let reserved = "10.188.0.50"

    private static func passed(_ annotations: JSONObject = [:]) -> JSONObject {
        ["runtimeConfig": ["io.kubernetes.cri.pod-annotations": .object(annotations)]]
    }

    /// A pod as Argo Rollouts makes them: of a ReplicaSet, whose own controller is a Rollout.
    private static func rolloutPod(_ suffix: String = "xjhek") -> KubernetesServer.Pod {
        KubernetesServer.Pod(
            "web-6d9b74fd4d-\(suffix)", labels: ["rollouts-pod-template-hash": "6d9b74fd4d"], node: "n1",
            controller: ("ReplicaSet", "web-6d9b74fd4d"))
    }

    private static func question(_ pod: KubernetesServer.Pod) -> String {
        "GET /api/v1/namespaces/default/pods/\(pod.name)"
    }

    private func cluster(reserving holder: String? = "default/deploy/web") async throws -> PluginCluster {
        var cluster = try await PluginCluster()
        cluster.network.ipam["cluster"] = "blue"
        _ = try await cluster.network.add("first").result()
        if let holder { try await cluster.network.ipamctl("reserve", Self.reserved, "--for", holder).checked() }
        // ipamctl has looked for the Deployment.
        try cluster.api.forgetRequests()
        return cluster
    }

    @Test func podOfARolloutIsNoneOfTheDeploymentThatItsNameTells() async throws {
        let cluster = try await cluster()
        let node = try SimulatedNode("n1")
        let pod = Self.rolloutPod()
        try cluster.api.put(pod: pod)
        #expect(try await cluster.add("c1", pod, on: node, Self.passed()).address() == "10.188.1.1")
        #expect(cluster.api.requests == [Self.question(pod)])
        // Nor may it name the address, or have one reserved for that Deployment.
        let named = try await cluster.add("c2", pod, on: node, Self.passed(["kube-ipam.ip": .string(Self.reserved)]))
        #expect(
            named.failure == PluginFailure(102, "\(Self.reserved) is reserved for default/deploy/web"), "\(named)")
        let automatic = try await cluster.add("c3", pod, on: node, Self.passed(["kube-ipam.ip": "auto"]))
        #expect(
            automatic.failure
                == PluginFailure(
                    103,
                    "pod default/\(pod.name): kube-ipam.ip \"auto\" is for the pods of StatefulSets and Deployments: its "
                        + "controller is the ReplicaSet web-6d9b74fd4d of no Deployment (by the label pod-template-hash)"
                ))
        #expect(cluster.api.requests.count == 3)
        // The same without passed annotations.
        #expect(try await cluster.add("c4", pod, on: node).address() == "10.188.1.2")
        #expect(try await cluster.network.used().keys.sorted() == ["10.188.1.0", "10.188.1.1", "10.188.1.2"])
    }

    @Test(arguments: [[:], ["kube-ipam.ip": .string(reserved)]] as [JSONObject])
    func podOfTheDeploymentGetsItsAddressWithOneQuestion(annotations: JSONObject) async throws {
        let cluster = try await cluster()
        let node = try SimulatedNode("n1")
        let pod = PluginCluster.replica(on: "n1", [:])
        try cluster.api.put(pod: pod)
        #expect(try await cluster.add("c1", pod, on: node, Self.passed(annotations)).address() == Self.reserved)
        #expect(cluster.api.requests == [Self.question(pod)])
        #expect(try await cluster.network.attachments()["c1/eth0"]?["workload"] == "deploy/web")
        // A repeated ADD has its answer in the store, and leaves that as it is.
        let contents = try await cluster.network.contents()
        #expect(try await cluster.add("c1", pod, on: node, Self.passed(annotations)).address() == Self.reserved)
        #expect(cluster.api.requests.count == 1)
        #expect(try await cluster.network.contents() == contents)
    }

    @Test func ordinaryAddWithPassedAnnotationsAsksNothing() async throws {
        let cluster = try await cluster(reserving: nil)
        let node = try SimulatedNode("n1")
        let network = cluster.network
        try await network.ipamctl("reserve", "10.188.0.59", "--for", "default/deploy/other").checked()
        try await network.ipamctl("reserve", "10.188.0.60", "--for", "default/db-0").checked()
        try await network.ipamctl("reserve", "10.188.0.61", "--for", "default/").checked()
        try await network.ipamctl("reserve", "10.188.0.62", "--for", "default/sts/web").checked()
        try await network.ipamctl("reserve", "10.188.0.63", "--for", "prod/deploy/web").checked()
        // No pod is in Kubernetes: none is asked for.
        let replica = PluginCluster.replica(on: "n1", [:])
        #expect(try await cluster.add("c1", replica, on: node, Self.passed()).address() == "10.188.1.1")
        let named = Self.passed(["kube-ipam.ip": "10.188.0.61"])
        #expect(try await cluster.add("c2", replica, on: node, named).address() == "10.188.0.61")
        // Its own reservation is a pod's by its name, whatever controls it.
        let member = PluginCluster.member("db-0", on: "n1", [:])
        try await network.ipamctl("reserve", "10.188.0.64", "--for", "default/sts/db").checked()
        #expect(try await cluster.add("c3", member, on: node, Self.passed()).address() == "10.188.0.60")
        // Who wants none of what is reserved needs no owner.
        try await network.ipamctl("reserve", Self.reserved, "--for", "default/deploy/web").checked()
        let dynamic = Self.passed(["kube-ipam.ip": "dynamic"])
        #expect(try await cluster.add("c4", replica, on: node, dynamic).address() == "10.188.1.2")
        // ipamctl alone has looked for the Deployments.
        #expect(cluster.api.requests.allSatisfy { $0.contains("/deployments/") }, "\(cluster.api.requests)")
    }

    @Test func withoutAKubeconfigTheNameDecides() async throws {
        var cluster = try await cluster()
        cluster.network.ipam["kubeConfig"] = nil
        let node = try SimulatedNode("n1")
        let pod = PluginCluster.replica(on: "n1", [:])
        #expect(try await cluster.add("c1", pod, on: node, Self.passed()).address() == Self.reserved)
        let automatic = try await cluster.add(
            "c2", PluginCluster.replica(of: "api", on: "n1"), on: node, Self.passed(["kube-ipam.ip": "auto"]))
        let address = try automatic.address()
        #expect(try await cluster.network.show(address)["Reserved for"] == "default/deploy/api")
        #expect(cluster.api.requests.isEmpty)
    }

    /// Where annotations are not to count, reservations do, and so does who owns the pod.
    @Test func annotationsThatDoNotCountMakeNoDifferenceToTheOwner() async throws {
        var cluster = try await cluster()
        cluster.network.ipam["annotations"] = "none"
        let node = try SimulatedNode("n1")
        let (rollout, replica) = (Self.rolloutPod(), PluginCluster.replica(on: "n1", [:]))
        try cluster.api.put(pods: [rollout, replica])
        #expect(try await cluster.add("c1", rollout, on: node).address() == "10.188.1.1")
        #expect(try await cluster.add("c2", replica, on: node).address() == Self.reserved)
        #expect(cluster.api.requests == [Self.question(rollout), Self.question(replica)])
        #expect(try await cluster.add("c3", PluginCluster.member("db-0", on: "n1"), on: node).address() == "10.188.1.2")
        #expect(cluster.api.requests.count == 2)
    }

    @Test func automaticAddressesAreGivenOnlyToConfirmedOwners() async throws {
        let cluster = try await cluster(reserving: nil)
        let node = try SimulatedNode("n1")
        let automatic = Self.passed(["kube-ipam.ip": "auto"])
        let member = PluginCluster.member("db-0", on: "n1", [:])
        try cluster.api.put(pod: member)
        let address = try await cluster.add("c1", member, on: node, automatic).address()
        #expect(cluster.api.requests == [Self.question(member)])
        #expect(try await cluster.network.show(address)["Reserved for"] == "default/db-0")
        // Its next sandbox finds the reservation in its name.
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        #expect(try await cluster.add("c2", member, on: node, automatic).address() == address)
        #expect(cluster.api.requests.count == 1)
        // A pod of nobody that is called like a member.
        let bare = KubernetesServer.Pod("db-1", node: "n1")
        try cluster.api.put(pod: bare)
        let refused = try await cluster.add("c3", bare, on: node, automatic)
        #expect(refused.failure?.code == 103, "\(refused)")
        #expect(refused.failure?.message.hasSuffix(": it has no controller") == true, "\(refused)")
    }

    @Test func failedLookUpOfTheOwnerIsCode11AndNothingIsWritten() async throws {
        var cluster = try await cluster()
        cluster.network.ipam["timeout"] = .number("2")
        let node = try SimulatedNode("n1")
        let pod = PluginCluster.replica(on: "n1", [:])
        try cluster.api.put(pod: pod)
        let contents = try await cluster.network.contents()
        let wishes: [JSONObject] = [
            [:], ["kube-ipam.ip": .string(Self.reserved)], ["kube-ipam.ip": "auto"],
        ]
        try cluster.api.fail(.status(403))
        for wish in wishes {
            let refused = try await cluster.add("c1", pod, on: node, Self.passed(wish))
            #expect(refused.failure?.code == 11, "\(refused)")
            #expect(refused.failure?.message.contains("default/\(pod.name)") == true, "\(refused)")
        }
        try cluster.api.recover()
        // A kubeconfig that cannot be read is no reason to go by the name.
        var unreadable = cluster
        unreadable.network.ipam["kubeConfig"] = "/nowhere/kubeconfig"
        for wish in wishes {
            #expect(
                try await unreadable.add("c1", pod, on: node, Self.passed(wish)).failure
                    == PluginFailure(
                        11,
                        "ipam.kubeConfig: the kubeconfig /nowhere/kubeconfig cannot be read: No such file or directory")
            )
        }
        #expect(try await cluster.network.contents() == contents)
        // Who needs no owner needs none of it.
        let other = PluginCluster.replica(of: "api", on: "n1", [:])
        #expect(try await unreadable.add("c2", other, on: node, Self.passed()).address() == "10.188.1.1")
        #expect(try await cluster.add("c1", pod, on: node, Self.passed()).address() == Self.reserved)
    }

    @Test func podThatIsGoneGetsNoneOfItsWorkloadsAddresses() async throws {
        let cluster = try await cluster()
        let node = try SimulatedNode("n1")
        let pod = PluginCluster.replica(on: "n1", [:])
        #expect(
            try await cluster.add("c1", pod, on: node, Self.passed()).failure
                == PluginFailure(106, "pod default/\(pod.name) is gone: Kubernetes has no such pod"))
        var namesake = pod
        namesake.uid = "other-uid"
        try cluster.api.put(pod: namesake)
        #expect(try await cluster.add("c1", pod, on: node, Self.passed()).failure?.code == 106)
        #expect(try await cluster.network.attachments().keys.sorted() == ["first/eth0"])
    }

    /// What Kubernetes said of a pod's owner is recorded, where its name says otherwise.
    @Test func listingGoesByTheOwnerThatWasRecorded() async throws {
        let cluster = try await cluster(reserving: nil)
        let pod = Self.rolloutPod()
        let address = try await cluster.run("c1", pod, on: SimulatedNode("n1")).address()
        #expect(try await cluster.network.attachments()["c1/eth0"]?["workload"] == "none")
        let refused = try await cluster.network.ipamctl("reserve", address, "--for", "default/deploy/web")
        #expect(refused.status == 3, "\(refused.stderrText)")
        #expect(refused.stderrText.contains("\(address) is in use by default/\(pod.name) on n1"))
        try await cluster.network.reserve(address, for: "default/deploy/web", claim: "default/workload/web")
        let listed = try await cluster.network.ipamctl("list").checked()
        #expect(listed.stdoutText.contains("default/deploy/web (not its user)"), "\(listed.stdoutText)")
    }
}

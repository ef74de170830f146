import Foundation
import IPAMKit
import TestSupport
import Testing

/// Where a pod's annotations come from, and that a failed lookup fails the ADD: it never falls back to another address.
@Suite(.needs(.etcd, .root)) struct AnnotationLookupTests {
    /// What is wrong with the API, for as long as the ADD lasts.
    struct Trouble: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let fault: KubernetesServer.Fault
        /// A part of the sentence.
        let reason: String

        init(_ description: String, _ fault: KubernetesServer.Fault, _ reason: String) {
            testDescription = description
            self.fault = fault
            self.reason = reason
        }
    }

    @Test(arguments: [
        Trouble("500", .status(500), "(500: "), Trouble("503", .status(503), "(503: "),
        Trouble("503 with Retry-After", .status(503, retryAfter: 60), "(503: "),
        Trouble("429", .status(429, retryAfter: 60), "(429: "),
        Trouble("403", .status(403), "403"), Trouble("401", .status(401), "401"),
        Trouble("hangs", .hang, "the server did not answer in time"),
        Trouble("cuts the body", .cutBody, "the response was cut off"),
        Trouble("closes", .close, "the response was cut off"),
        Trouble("the page of another server", .notFoundPage, "404"),
        Trouble("a web page", .body("<html></html>", contentType: "text/html"), "not what Kubernetes sends"),
        Trouble("a redirect", .body("", status: 302, location: "https://127.0.0.1:1/"), "302"),
        Trouble("refuses connections", .refuseConnections, "the server is not reachable"),
    ])
    func failingAPIIsCode11AndNothingIsWritten(trouble: Trouble) async throws {
        var cluster = try await PluginCluster()
        cluster.network.ipam["timeout"] = .number("1")
        let pod = PluginCluster.replica(on: "n1")
        try cluster.api.put(pod: pod)
        try cluster.api.fail(trouble.fault)
        let answer = try await cluster.add("c1", pod, on: SimulatedNode("n1"))
        #expect(answer.failure?.code == 11, "\(answer)")
        let message = answer.failure?.message ?? ""
        #expect(message.contains("127.0.0.1:\(cluster.api.port)"), "\(answer)")
        #expect(message.contains("default/\(pod.name)"), "\(answer)")
        // Where it is asked again and again, the time may be over in the middle of an attempt.
        let isOutOfTime = message.contains("timed out") || message.contains("did not answer in time")
        #expect(message.contains(trouble.reason) || isOutOfTime, "\(answer)")
        #expect(!message.contains("\n"))
        #expect(try await cluster.network.contents().isEmpty)
        let lines = try cluster.network.logLines()
        #expect(lines.count == 1 && lines[0].contains(" warning ADD failed container=c1 "), "\(lines)")
    }

    @Test func podThatIsGoneIsCode106AndNothingIsWritten() async throws {
        let cluster = try await PluginCluster()
        let pod = PluginCluster.replica(on: "n1")
        let n1 = try SimulatedNode("n1")
        #expect(
            try await cluster.add("c1", pod, on: n1).failure
                == PluginFailure(106, "pod default/\(pod.name) is gone: Kubernetes has no such pod"))
        // Another pod of the name: its annotations are not this one's.
        var namesake = pod
        namesake.uid = "other-uid"
        try cluster.api.put(pod: namesake)
        #expect(
            try await cluster.add("c1", pod, on: n1).failure
                == PluginFailure(
                    106,
                    "pod default/\(pod.name) is gone: the one with UID \(pod.uid) is not there, Kubernetes has another "
                        + "(UID other-uid)"))
        #expect(try await cluster.network.contents().isEmpty)
    }

    @Test(arguments: [
        Trouble("503", .status(503), ""), Trouble("500", .status(500), ""), Trouble("cut", .cutBody, ""),
        Trouble("closed", .close, ""), Trouble("429", .status(429, retryAfter: 0), ""),
    ])
    func apiThatRecoversWithinTheDeadlineIsSuccess(trouble: Trouble) async throws {
        var cluster = try await PluginCluster()
        cluster.network.ipam["cluster"] = "blue"
        let pod = PluginCluster.replica(on: "n1")
        try cluster.api.put(pod: pod)
        try cluster.api.fail(trouble.fault, times: 2)
        #expect(try await cluster.add("c1", pod, on: SimulatedNode("n1")).address() == "10.188.0.216")
        #expect(cluster.api.requests.count == 3)
    }

    // MARK: Who is asked

    @Test func annotationsThatTheRuntimePassesSpareTheQuestion() async throws {
        var cluster = try await PluginCluster()
        cluster.network.ipam["cluster"] = "blue"
        let pod = PluginCluster.replica(on: "n1", [:])
        let passed: JSONObject = [
            "runtimeConfig": ["io.kubernetes.cri.pod-annotations": ["kube-ipam.ip": "10.188.0.216", "other": "x"]]
        ]
        let n1 = try SimulatedNode("n1")
        #expect(try await cluster.add("c1", pod, on: n1, passed).address() == "10.188.0.216")
        #expect(cluster.api.requests.isEmpty)
        // A runtime that knows of none passes null, or an empty object.
        for (container, none) in [("c2", JSONValue.null), ("c3", [:])] {
            let members: JSONObject = ["runtimeConfig": ["io.kubernetes.cri.pod-annotations": none]]
            #expect(try await cluster.add(container, pod, on: n1, members).address().hasPrefix("10.188.1."))
        }
        #expect(cluster.api.requests.isEmpty)
        // No kubeconfig is needed then.
        cluster.network.ipam["kubeConfig"] = nil
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        #expect(try await cluster.add("c4", pod, on: n1, passed).address() == "10.188.0.216")
    }

    @Test func podIsAskedForExactlyOnceAndForWhatIsSoNow() async throws {
        var cluster = try await PluginCluster()
        cluster.network.ipam["cluster"] = "blue"
        let pod = PluginCluster.replica(on: "n1")
        #expect(try await cluster.run("c1", pod, on: SimulatedNode("n1")).address() == "10.188.0.216")
        #expect(cluster.api.requests == ["GET /api/v1/namespaces/default/pods/\(pod.name)"])
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        #expect(cluster.api.requests.count == 1, "a DEL asks nobody")
    }

    @Test func podIsAskedForWhileEtcdStandsStill() async throws {
        var cluster = try await PluginCluster(in: EtcdServer.start())
        cluster.network.ipam["cluster"] = "blue"
        let pod = PluginCluster.replica(on: "n1")
        try cluster.api.put(pod: pod)
        try cluster.network.etcd.freeze()
        let process = try cluster.network.start(
            "ADD", "c1", arguments: PluginCluster.arguments(pod), on: SimulatedNode("n1"))
        // Arrives although etcd has answered nothing yet.
        try await cluster.api.waitForRequests(1)
        try cluster.network.etcd.thaw()
        #expect(try await process.answer().address() == "10.188.0.216")
        #expect(cluster.api.requests.count == 1)
    }

    /// Also the proof that an API that hangs and then answers, or drops the connection, within the deadline is success.
    @Test(arguments: [true, false])
    func etcdIsReadWhileTheAPIStandsStill(answersAfterwards: Bool) async throws {
        let cluster = try await PluginCluster(in: EtcdServer.start())
        let pod = PluginCluster.replica(on: "n1")
        try cluster.api.put(pod: pod)
        if answersAfterwards { try cluster.api.freeze() } else { try cluster.api.fail(.hang) }
        let before = try cluster.network.etcd.grpcCalls("Txn")
        let process = try cluster.network.start(
            "ADD", "c1", arguments: PluginCluster.arguments(pod), on: SimulatedNode("n1"))
        while try cluster.network.etcd.grpcCalls("Txn") == before, !process.hasEnded {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(!process.hasEnded)
        #expect(try await cluster.network.contents().isEmpty, "nothing is written before the pod is known")
        if answersAfterwards {
            try cluster.api.thaw()
        } else {
            try await cluster.api.waitForRequests(1)
            try cluster.api.recover()
        }
        #expect(try await process.answer().address() == "10.188.0.216")
    }

    /// At the longest deadline: the question to Kubernetes is withdrawn, not waited for.
    @Test func unreachableEtcdIsToldAtOnceAlthoughTheAPIHangs() async throws {
        var cluster = try await PluginCluster()
        let dead = try MisbehavingServer(.refuse)
        cluster.network.ipam["etcdConfig"] = ["etcdURL": .string(dead.url)]
        cluster.network.ipam["timeout"] = .number("220")
        let pod = PluginCluster.replica(on: "n1")
        try cluster.api.put(pod: pod)
        try cluster.api.fail(.hang)
        let answer = try await cluster.add("c1", pod, on: SimulatedNode("n1"))
        #expect(answer.failure?.code == 11, "\(answer)")
        #expect(answer.failure?.message.hasPrefix("etcd is not reachable (") == true, "\(answer)")
    }

    @Test func badAnnotationIsCode103NamingThePodTheKeyAndTheValue() async throws {
        let cluster = try await PluginCluster()
        let pod = PluginCluster.replica(on: "n1", ["kube-ipam.ip": "10.188.0.2l6"])
        #expect(
            try await cluster.run("c1", pod, on: SimulatedNode("n1")).failure
                == PluginFailure(
                    103,
                    "pod default/\(pod.name): annotation kube-ipam.ip: \"10.188.0.2l6\" is not an IP address, such as "
                        + "10.188.0.216 or fd00::1, nor \"auto\" or \"dynamic\""))
        #expect(try await cluster.network.contents().isEmpty)
    }
}

import Foundation
import IPAMKit
import TestSupport
import Testing

/// A pod with several interfaces: two on one network, one on another, as Multus makes them.
@Suite(.needs(.etcd, .root)) struct MultiHomedTests {
    /// Two networks on one etcd, asked about by one pod.
    private func networks(_ first: JSONObject, _ second: JSONObject, in etcd: EtcdServer? = nil) async throws
        -> (PluginCluster, PluginNetwork)
    {
        let cluster = try await PluginCluster(first, in: etcd)
        var other = try await PluginNetwork(in: cluster.network.etcd, second)
        other.ipam["annotations"] = nil
        other.ipam["kubeConfig"] = cluster.network.ipam["kubeConfig"]
        return (cluster, other)
    }

    private static let storage: JSONObject = [
        "subnet": "10.199.0.0/24", "fixedStart": "10.199.0.200", "fixedEnd": "10.199.0.250",
    ]

    @Test func deleteOfOneInterfaceLeavesTheOthers() async throws {
        var (cluster, storage) = try await networks(PluginCluster.published, Self.storage)
        storage.configuration["type"] = "macvlan"
        storage.configuration["master"] = "uplink"
        let host = try await PodHost(
            "bridge", ["bridge": "cni0", "isGateway": true], network: cluster.network, api: cluster.api)
        try host.addUplink()
        try host.addPlugin("macvlan")
        let pod = PluginCluster.replica(
            on: "n1",
            ["kube-ipam.ip/\(cluster.network.name)": "10.188.0.216", "kube-ipam.ip/\(storage.name)": "10.199.0.216"])
        try cluster.api.put(pod: pod)
        let namespace = try NetworkNamespace()
        let arguments = PluginCluster.arguments(pod)
        func call(_ command: String, _ ifname: String, _ network: PluginNetwork? = nil) async throws -> PluginAnswer {
            try await host.call(
                command, "c1", in: namespace, ifname: ifname, arguments: arguments, network: network)
        }

        #expect(try await call("ADD", "eth0").address() == "10.188.0.216")
        #expect(try await call("ADD", "net2", storage).address() == "10.199.0.216")
        #expect(try namespace.addresses(of: "eth0") == ["10.188.0.216/16"])
        #expect(try namespace.addresses(of: "net2") == ["10.199.0.216/24"])
        // A second interface on the same network wants the same address: it is the container's own already.
        let second = try await call("ADD", "net1")
        #expect(second.json?["code"] == 101, "\(second)")
        #expect(
            second.json?["msg"]?.string
                == "10.188.0.216 is in use by default/\(pod.name) on n1: another interface of this container has it")
        // After a failed ADD the runtime calls DEL: not a word of it is about the other interfaces.
        #expect(try await call("DEL", "net1").isSilentSuccess)
        #expect(try await cluster.network.used() == ["10.188.0.216": "c1"])
        // Without a wish of its own it gets a dynamic one.
        try cluster.api.put(
            pod: KubernetesServer.Pod(
                pod.name, uid: pod.uid,
                annotations: ["kube-ipam.ip/\(cluster.network.name)": "dynamic"], node: "n1"))
        #expect(try await call("ADD", "net1").address() == "10.188.1.0")
        #expect(try namespace.addresses(of: "net1") == ["10.188.1.0/16"])

        #expect(try await call("DEL", "net1").isSilentSuccess)
        #expect(try await cluster.network.used() == ["10.188.0.216": "c1"])
        #expect(try await storage.used() == ["10.199.0.216": "c1"])
        #expect(try await call("DEL", "net2", storage).isSilentSuccess)
        #expect(try await cluster.network.used() == ["10.188.0.216": "c1"])
        #expect(try await storage.used().isEmpty)
        #expect(try namespace.addresses(of: "eth0") == ["10.188.0.216/16"])
        #expect(try await call("DEL", "eth0").isSilentSuccess)
        #expect(try await cluster.network.used().isEmpty)
    }

    @Test func eachNetworkHasItsOwnAnnotationAndTheUnqualifiedOneMustFit() async throws {
        let (cluster, storage) = try await networks(PluginCluster.published, Self.storage)
        let node = try SimulatedNode("n1")
        var pod = PluginCluster.replica(on: "n1", ["kube-ipam.ip": "10.188.0.216"])
        #expect(try await cluster.run("c1", pod, on: node).address() == "10.188.0.216")
        let refused = try await storage.add(
            "c1", ifname: "net1", arguments: PluginCluster.arguments(pod), on: node)
        #expect(
            refused.failure
                == PluginFailure(
                    103,
                    "annotation kube-ipam.ip: 10.188.0.216 lies in no subnet of network \(storage.name) (10.199.0.0/24)"
                ))
        #expect(
            refused.details
                == "for a pod on several networks, use the annotation kube-ipam.ip/\(storage.name) with an address, \"auto\" or "
                + "\"dynamic\"")
        #expect(try await storage.contents().isEmpty)
        for (word, prefix) in [("10.199.0.216", "10.199.0.216"), ("auto", "10.199.0.2"), ("dynamic", "10.199.0.2")] {
            pod.annotations["kube-ipam.ip/\(storage.name)"] = word
            try cluster.api.put(pod: pod)
            let answer = try await storage.add(
                "c1", ifname: "net1", arguments: PluginCluster.arguments(pod), on: node)
            #expect(try answer.address().hasPrefix(prefix), "\(word)")
            #expect(try await storage.delete("c1", ifname: "net1").isSilentSuccess)
        }
        #expect(try await cluster.network.used() == ["10.188.0.216": "c1"])
    }

    // MARK: An annotation that names no network

    /// The name of the NetworkAttachmentDefinition, another case, a typing error: never silently a random address.
    @Test(arguments: ["storage-definition", "NAME", "net-typo", "no/network"])
    func addressOfThisNetworkUnderAnotherNameIsRefusedWithTheRightKey(name: String) async throws {
        let (cluster, storage) = try await networks(PluginCluster.published, Self.storage)
        let node = try SimulatedNode("n1")
        let key = "kube-ipam.ip/" + (name == "NAME" ? storage.name.uppercased() : name)
        var pod = PluginCluster.replica(on: "n1", [key: "10.199.0.216\n"])
        try cluster.api.put(pod: pod)
        let refused = try await storage.add("c1", ifname: "net1", arguments: PluginCluster.arguments(pod), on: node)
        #expect(
            refused.failure
                == PluginFailure(
                    103,
                    "pod default/\(pod.name): annotation \(key) names a network that does not exist, and 10.199.0.216 is in a "
                        + "subnet of network \(storage.name)"))
        #expect(
            refused.details
                == "to request 10.199.0.216, use the annotation kube-ipam.ip/\(storage.name); if \(key) is meant for another "
                + "network, add kube-ipam.ip/\(storage.name) with \"dynamic\"")
        #expect(try await storage.contents().isEmpty)
        // The other network is not concerned.
        #expect(try await cluster.add("c1", pod, on: node).address() == "10.188.1.0")
        // As the hint says.
        pod.annotations["kube-ipam.ip/\(storage.name)"] = "10.199.0.216"
        try cluster.api.put(pod: pod)
        #expect(
            try await storage.add("c1", ifname: "net1", arguments: PluginCluster.arguments(pod), on: node).address()
                == "10.199.0.216")
    }

    /// Two networks may have one subnet: an annotation for the one says nothing about the other.
    @Test func addressForAnotherNetworkOfTheSameSubnetIsItsBusiness() async throws {
        let (cluster, storage) = try await networks(Self.storage, Self.storage)
        let node = try SimulatedNode("n1")
        _ = try await storage.add("first", on: node).result()
        let pod = PluginCluster.replica(on: "n1", ["kube-ipam.ip/\(storage.name)": "10.199.0.216"])
        #expect(try await cluster.run("c1", pod, on: node).address() == "10.199.0.2")
        #expect(
            try await storage.add("c1", ifname: "net1", arguments: PluginCluster.arguments(pod), on: node).address()
                == "10.199.0.216")
    }

    @Test func otherValuesUnderAnotherNameAreAWarningInTheLog() async throws {
        let (cluster, storage) = try await networks(PluginCluster.published, Self.storage)
        let node = try SimulatedNode("n1")
        let selection = ["k8s.v1.cni.cncf.io/networks": "default/definition@net1"]
        for (index, (key, words)) in [
            ("kube-ipam.ip/\(storage.name.uppercased())", "network names are case-sensitive"),
            ("kube-ipam.ip/definition", "names the NetworkAttachmentDefinition"),
        ].enumerated() {
            let pod = PluginCluster.member("db-\(index)", on: "n1", selection.merging([key: "auto"]) { $1 })
            try cluster.api.put(pod: pod)
            let answer = try await storage.add(
                "c\(index)", ifname: "net1", arguments: PluginCluster.arguments(pod), on: node)
            #expect(answer.output.status == 0, "\(answer)")
            let warnings = try storage.logLines().filter { $0.contains("\(key) ") }
            #expect(warnings.count == 1 && warnings[0].contains(words), "\(warnings)")
            #expect(warnings[0].contains("kube-ipam.ip/\(storage.name)"), "\(warnings)")
        }
        // What is for another network is nobody's mistake.
        let pod = PluginCluster.member(
            "db-9", on: "n1", ["kube-ipam.ip/other": "auto", "kube-ipam.ip/more": "192.0.2.1"])
        try cluster.api.put(pod: pod)
        let before = try storage.logLines().count { $0.contains("warning") }
        _ = try await storage.add("c9", ifname: "net1", arguments: PluginCluster.arguments(pod), on: node).result()
        #expect(try storage.logLines().count { $0.contains("warning") } == before)
    }

    // MARK: The pod and the runtime

    @Test(arguments: ["kube-ipam.ip", "kube-ipam.ip/NETWORK"])
    func annotationAndRuntimeThatContradictEachOtherAreRefusedByName(key: String) async throws {
        let cluster = try await PluginCluster()
        let node = try SimulatedNode("n1")
        let key = key.replacingOccurrences(of: "NETWORK", with: cluster.network.name)
        let pod = PluginCluster.replica(on: "n1", [key: "10.188.0.216"])
        try cluster.api.put(pod: pod)
        let ips: (String) -> JSONObject = { ["runtimeConfig": ["ips": [.string($0)]]] }
        #expect(
            try await cluster.add("c1", pod, on: node, ips("10.188.0.30")).failure
                == PluginFailure(
                    103,
                    "pod default/\(pod.name): annotation \(key): \"10.188.0.216\" contradicts 10.188.0.30, which the runtime "
                        + "asks for (ips, or IP in CNI_ARGS): leave one of them out"))
        #expect(try await cluster.network.used().isEmpty)
        // Of one mind.
        #expect(try await cluster.add("c1", pod, on: node, ips("10.188.0.216/16")).address() == "10.188.0.216")
        // A second interface of the container: what it asks for itself counts.
        #expect(
            try await cluster.add("c1", pod, on: node, ifname: "net1", ips("10.188.0.30")).address() == "10.188.0.30")
        #expect(try await cluster.network.used() == ["10.188.0.216": "c1", "10.188.0.30": "c1"])
        // One that asks for nothing is refused, with what helps once the sandbox is gone.
        let refused = try await cluster.add("c1", pod, on: node, ifname: "net2")
        #expect(refused.json?["code"] == 101)
        #expect(
            refused.details
                == "two interfaces of one pod cannot have the same address: request another address for this interface (with "
                + "Multus: \"ips\" in k8s.v1.cni.cncf.io/networks)")
        // Another pod's address is not this container's: then the runtime does not speak.
        let other = PluginCluster.replica(on: "n1", [key: "10.188.0.216"])
        try cluster.api.put(pod: other)
        #expect(try await cluster.add("c2", other, on: node, ips("10.188.0.31")).json?["code"] == 103)
    }

    @Test func errorsNameTheAnnotationThatWasWritten() async throws {
        let cluster = try await PluginCluster()
        let node = try SimulatedNode("n1")
        let key = "kube-ipam.ip/\(cluster.network.name)"
        for (value, words) in [
            ("10.188.1.9", "annotation \(key): 10.188.1.9 is in the dynamic range"),
            ("10.188.0.1", "annotation \(key): "),
            ("x", "annotation \(key): \"x\""), ("auto", "\(key) \"auto\" is for the pods of"),
        ] {
            let pod = KubernetesServer.Pod("alone", annotations: [key: value], node: "n1")
            try cluster.api.put(pod: pod)
            let answer = try await cluster.add("c1", pod, on: node)
            #expect(answer.json?["code"] == 103 && answer.json?["msg"]?.string?.contains(words) == true, "\(answer)")
        }
    }

    /// Multus passes no annotations to its delegates, whatever their configuration asks for.
    /// Two networks of one subnet: the one that the annotation speaks for is made by the ADD of a later interface.
    @Test func annotationForTheNetworkOfALaterInterfaceDoesNotStopTheFirstOne() async throws {
        let network = try await PluginNetwork(["subnet": "10.188.0.0/24", "rangeStart": "10.188.0.100"])
        var passed = network
        passed.ipam["annotations"] = nil
        let annotations: JSONObject = [
            "k8s.v1.cni.cncf.io/networks": "storage", "kube-ipam.ip/storage": "10.188.0.77",
        ]
        let members: JSONObject = ["runtimeConfig": ["io.kubernetes.cri.pod-annotations": .object(annotations)]]
        let arguments = "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;K8S_POD_UID=u1"
        #expect(try await passed.add("c1", arguments: arguments, members).address() == "10.188.0.100")
        // On the interface itself it is this network that is meant.
        let refused = try await passed.add("c1", ifname: "net1", arguments: arguments, members)
        #expect(refused.failure?.code == 103, "\(refused)")
    }

    @Test func withoutAnnotationsAndKubeconfigTheErrorSaysWhatHelpsUnderMultus() async throws {
        var network = try await PluginNetwork()
        network.ipam["annotations"] = nil
        network.configuration["capabilities"] = ["io.kubernetes.cri.pod-annotations": true]
        let answer = try await network.add("c1", arguments: "K8S_POD_NAMESPACE=default;K8S_POD_NAME=db-0")
        #expect(
            answer.failure
                == PluginFailure(
                    7,
                    "cannot get the annotations of pod default/db-0: the runtime did not pass them, and there is no "
                        + "ipam.kubeConfig"))
        #expect(
            answer.details?.hasPrefix(
                "set ipam.kubeConfig, which is required under Multus, because Multus passes no annotations to the plugins "
                    + "that it calls; ") == true)
    }

    /// Another network's interface of the same container is not what is taken over.
    @Test func takeoverOnOneNetworkLeavesTheOther() async throws {
        let (cluster, storage) = try await networks(PluginCluster.published, Self.storage)
        let (n1, n2) = (try SimulatedNode("n1"), try SimulatedNode("n2"))
        func pod(_ node: String) -> KubernetesServer.Pod {
            PluginCluster.replica(
                on: node,
                [
                    "kube-ipam.ip/\(cluster.network.name)": "10.188.0.216",
                    "kube-ipam.ip/\(storage.name)": "10.199.0.216",
                ]
            )
        }
        let former = pod("n1")
        #expect(try await cluster.run("c1", former, on: n1).address() == "10.188.0.216")
        #expect(
            try await storage.add("c1", ifname: "net1", arguments: PluginCluster.arguments(former), on: n1).address()
                == "10.199.0.216")
        try cluster.api.delete(pod: former.name)
        try cluster.api.put(node: "n1", ready: false)
        let next = pod("n2")
        #expect(try await cluster.run("c2", next, on: n2).address() == "10.188.0.216")
        #expect(try await storage.used() == ["10.199.0.216": "c1"])
        #expect(
            try await storage.add("c2", ifname: "net1", arguments: PluginCluster.arguments(next), on: n2).address()
                == "10.199.0.216")
        try await cluster.network.expectNothingDangling()
        try await storage.expectNothingDangling()
    }

    // MARK: Multus

    @Test func delegatesOfAMultusFileAreNetworksForIpamctlAndWorkInThePlugin() async throws {
        let (cluster, storage) = try await networks(
            PluginCluster.published, Self.storage, in: EtcdServer.start())
        let host = try await PodHost(
            "bridge", ["bridge": "cni0", "isGateway": true], network: cluster.network, api: cluster.api)
        try host.addUplink()
        try host.addPlugin("macvlan")
        // One delegate is a plugin's configuration, the other one a list.
        var plain = host.network.configuration
        plain["cniVersion"] = nil
        var plugin = storage.configuration
        plugin["type"] = "macvlan"
        plugin["master"] = "uplink"
        for key in ["name", "cniVersion"] { plugin[key] = nil }
        let list: JSONObject = [
            "cniVersion": "1.0.0", "name": .string(storage.name), "plugins": [.object(plugin), ["type": "tuning"]],
        ]
        let multus: JSONObject = [
            "cniVersion": "1.0.0", "name": "multus-cni-network", "type": "multus",
            "kubeconfig": "/etc/cni/net.d/multus.d/multus.kubeconfig",
            "delegates": [.object(plain), .object(list)],
        ]
        let folder = try TemporaryDirectory(prefix: "multus")
        defer { folder.remove() }
        let file = try folder.write(JSONValue.object(multus).serialized(), to: "00-multus.conf")
        func ipamctl(_ arguments: String...) async throws -> ProcessOutput {
            try await storage.ipamctl(arguments, file: file)
        }

        let networks = try JSONValue(parsing: try await ipamctl("networks", "-o", "json").checked().stdoutText)
        let names = (networks.array ?? []).compactMap { $0["network"]?.string }
        #expect(names == [cluster.network.name, storage.name].sorted())
        try await ipamctl("-n", storage.name, "reserve", "10.199.0.216", "--for", "default/db-0", "--yes").checked()
        try await ipamctl(
            "-n", cluster.network.name, "reserve", "10.188.0.216", "--for", "default/db-0", "--yes"
        ).checked()

        // As Multus does it: each delegate with the name and the version of its own configuration.
        let pod = PluginCluster.member("db-0", on: "n1", [:])
        try cluster.api.put(pod: pod)
        let namespace = try NetworkNamespace()
        var delegates: [PluginNetwork] = []
        for found in ConfigurationLocator.networks(in: .object(multus)) {
            var network = storage
            network.configuration = try #require(found.object)
            delegates.append(network)
        }
        #expect(delegates.count == 2)
        for (delegate, (ifname, address)) in zip(delegates, [("eth0", "10.188.0.216/16"), ("net1", "10.199.0.216/24")])
        {
            let answer = try await host.call(
                "ADD", "c1", in: namespace, ifname: ifname, arguments: PluginCluster.arguments(pod), network: delegate)
            #expect(answer.output.status == 0, "\(answer)")
            #expect(try namespace.addresses(of: ifname) == [address])
        }
        let listed = try JSONValue(
            parsing: try await ipamctl("-n", storage.name, "list", "-o", "json").checked().stdoutText)
        #expect(listed.array?.count == 1)
        #expect(listed.array?.first?["attachment"]?["ifname"] == "net1")
        #expect(listed.array?.first?["reservation"]?["for"] == "default/db-0")
    }
}

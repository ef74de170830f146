import Foundation
import IPAMKit
import TestSupport
import Testing

/// The published Deployment: a pod that asks for its address by annotation gets it through the real CNI plugins, and so
/// does the pod that it is rebuilt as.
@Suite(.needs(.etcd, .root)) struct FixedAddressTests {
    /// How the pod is attached, how kube-ipam proves itself to Kubernetes, and what the pod asks for.
    struct Way: Sendable, CustomTestStringConvertible {
        let plugin: String
        let members: JSONObject
        let access: KubernetesServer.Access
        let annotations: [String: String]
        let address: String
        let gateway: String
        let route: String

        var testDescription: String { "\(plugin), \(access.rawValue), \(address)" }
    }

    @Test(arguments: [
        Way(
            plugin: "bridge", members: ["bridge": "cni0", "isGateway": true], access: .token,
            annotations: PluginCluster.publishedAnnotations, address: "10.188.0.216/16", gateway: "10.188.0.1",
            route: "10.188.0.0/16"),
        Way(
            plugin: "macvlan", members: ["master": "uplink", "mode": "bridge"], access: .clientCertificate,
            annotations: PluginCluster.publishedAnnotations, address: "10.188.0.216/16", gateway: "10.188.0.1",
            route: "10.188.0.0/16"),
        // A netmask and a gateway of the pod's own.
        Way(
            plugin: "macvlan", members: ["master": "uplink", "mode": "bridge"], access: .token,
            annotations: [
                "kube-ipam.ip": "10.188.0.216", "kube-ipam.netmask": "255.255.255.0",
                "kube-ipam.gateway": "10.188.0.9",
            ], address: "10.188.0.216/24", gateway: "10.188.0.9", route: "10.188.0.0/24"),
    ])
    func rebuiltPodOfTheDeploymentHasItsAddressAtOnce(way: Way) async throws {
        let cluster = try await PluginCluster(access: way.access)
        let host = try await PodHost(
            way.plugin, way.members, network: cluster.network, api: cluster.api, node: SimulatedNode("n1"))
        if way.plugin == "macvlan" { try host.addUplink() }
        for container in ["first", "second"] {
            // Under another name, another UID and another container ID each time.
            let pod = PluginCluster.replica(on: "n1", way.annotations)
            try cluster.api.put(pod: pod)
            let namespace = try NetworkNamespace()
            let arguments = PluginCluster.arguments(pod)
            let result = try await host.call("ADD", container, in: namespace, arguments: arguments).result()
            #expect(try namespace.addresses(of: "eth0") == [way.address], "\(container): \(result)")
            #expect(try namespace.defaultGateway() == way.gateway)
            #expect(try namespace.ip("route").contains("\(way.route) dev eth0"))
            #expect(try await cluster.network.used() == ["10.188.0.216": container])
            let attachment = try await cluster.network.attachments()["\(container)/eth0"]
            #expect(attachment?["fixed"] == true)
            #expect(attachment?["uid"] == .string(pod.uid))
            #expect(attachment?["netns"] == .string(namespace.path))

            let check = try await host.call(
                "CHECK", container, in: namespace, arguments: arguments, previous: result)
            #expect(check.isSilentSuccess, "\(check)")
            try cluster.api.delete(pod: pod.name)
            let deleted = try await host.call(
                "DEL", container, in: namespace, arguments: arguments, previous: result)
            #expect(deleted.isSilentSuccess, "\(deleted)")
            #expect(try await cluster.network.used().isEmpty)
        }
        let events = try await cluster.network.history("10.188.0.216").map(\.event)
        #expect(!events.isEmpty && Set(events) == [.deleted], "nothing had to be taken over: \(events)")
    }

    @Test func podOfAnotherDeploymentIsToldWhoHoldsTheAddressAndGetsItWhenThatIsReleased() async throws {
        let cluster = try await PluginCluster()
        let (n1, n2) = (try SimulatedNode("n1"), try SimulatedNode("n2"))
        let holder = PluginCluster.replica(of: "web", on: "n1")
        #expect(try await cluster.run("c1", holder, on: n1).address() == "10.188.0.216")
        let contents = try await cluster.network.contents()
        let other = PluginCluster.replica(of: "shop", on: "n2")
        let refused = try await cluster.run("c2", other, on: n2)
        #expect(
            refused.failure
                == PluginFailure(
                    101, "10.188.0.216 is in use by default/\(holder.name) on n1: its pod is alive"))
        #expect(refused.details == "see 'ipamctl show 10.188.0.216 -n \(cluster.network.name)'")
        #expect(try await cluster.network.show("10.188.0.216")["Pod"] == "default/\(holder.name)")
        #expect(try await cluster.network.contents() == contents)

        let kept = try await cluster.network.ipamctl("release", "10.188.0.216", "--yes")
        #expect(kept.status == 3, "\(kept)")
        #expect(try await cluster.network.contents() == contents)
        try await cluster.network.ipamctl("release", "10.188.0.216", "--force", "--yes").checked()
        #expect(try await cluster.add("c2", other, on: n2).address() == "10.188.0.216")
        // The former holder's DEL comes late, and is not the new holder's.
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        #expect(try await cluster.network.used() == ["10.188.0.216": "c2"])
    }

    @Test func podOfAnotherDeploymentGetsTheAddressAfterTheHoldersDelete() async throws {
        let cluster = try await PluginCluster()
        let (n1, n2) = (try SimulatedNode("n1"), try SimulatedNode("n2"))
        _ = try await cluster.run("c1", PluginCluster.replica(of: "web", on: "n1"), on: n1).result()
        let other = PluginCluster.replica(of: "shop", on: "n2")
        #expect(try await cluster.run("c2", other, on: n2).failure?.code == 101)
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        #expect(try await cluster.add("c2", other, on: n2).address() == "10.188.0.216")
    }

    @Test func addressReservedForAnotherIsRefusedNamingForWhom() async throws {
        let cluster = try await PluginCluster()
        let n1 = try SimulatedNode("n1")
        try await cluster.network.ipamctl("reserve", "10.188.0.216", "--for", "default/deploy/shop", "--yes").checked()
        let contents = try await cluster.network.contents()
        let refused = try await cluster.run("c1", PluginCluster.replica(of: "web", on: "n1"), on: n1)
        #expect(refused.failure == PluginFailure(102, "10.188.0.216 is reserved for default/deploy/shop"))
        #expect(try await cluster.network.contents() == contents)
        // Reserving is enough: no annotation is needed.
        let rightful = PluginCluster.replica(of: "shop", on: "n1", [:])
        #expect(try await cluster.run("c2", rightful, on: n1).address() == "10.188.0.216")
    }

    @Test(arguments: [true, false])
    func addressOfTheDynamicRangeIsGivenAfterTheVeryCommandThatTheRefusalNames(isDeployment: Bool) async throws {
        let cluster = try await PluginCluster()
        let n1 = try SimulatedNode("n1")
        let annotations = ["kube-ipam.ip": "10.188.7.7"]
        let pod =
            isDeployment
            ? PluginCluster.replica(on: "n1", annotations) : PluginCluster.member("db-0", on: "n1", annotations)
        let refused = try await cluster.run("c1", pod, on: n1)
        #expect(
            refused.failure
                == PluginFailure(
                    103,
                    "annotation kube-ipam.ip: 10.188.7.7 is in the dynamic range 10.188.1.0-10.188.255.254 and is not "
                        + "reserved, so another pod could get it when this pod restarts"))
        #expect(try await cluster.network.contents().isEmpty)
        let details = try #require(refused.details)
        #expect(
            details
                == "reserve it: ipamctl reserve 10.188.7.7 --for default/\(isDeployment ? "deploy/web" : "db-0")"
                + " -n \(cluster.network.name)")
        let command = details.split(separator: " ").drop { $0 != "ipamctl" }.dropFirst().map(String.init)
        try await cluster.network.ipamctl(command + ["--yes"]).checked()
        #expect(try await cluster.add("c1", pod, on: n1).address() == "10.188.7.7")
    }
}

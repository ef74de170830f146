import Foundation
import IPAMKit
import TestSupport
import Testing

/// `kube-ipam.ip: auto` for pods with several interfaces on one network: each interface has its own address after every
/// rebuild, whatever the order in which the interfaces are added.
@Suite(.needs(.etcd, .root)) struct InterfaceAddressTests {
    private static let automatic = ["kube-ipam.ip": "auto"]
    private static let interfaces = ["eth0", "net1", "net2"]

    private func cluster() async throws -> PluginCluster {
        var ipam = PluginCluster.published
        ipam["fixedEnd"] = "10.188.0.60"
        return try await PluginCluster(ipam)
    }

    /// How a sandbox ends before the pod is rebuilt on the other node.
    enum Ending: CaseIterable {
        /// Each interface by its DEL, in any order.
        case deleted
        /// Its node died: no DEL comes.
        case nodeDied
    }

    /// The reservations of the network.
    private func reservations(_ network: PluginNetwork) async throws -> [Reservation] {
        let prefix = network.key("reservations/")
        return try await network.contents().filter { $0.key.hasPrefix(prefix) }.map {
            try Reservation(stored: $0.value.value)
        }
    }

    @Test(arguments: Ending.allCases, [false, true])
    func interfacesOfAStatefulSetsPodKeepTheirAddressesOverRebuilds(ending: Ending, atOnce: Bool) async throws {
        let cluster = try await cluster()
        let nodes = [try SimulatedNode("n1"), try SimulatedNode("n2")]
        var random = SeededGenerator()
        print("order of the interfaces: \(random)")
        var first: [String: String] = [:]
        for round in 0..<5 {
            let node = nodes[round % 2]
            if ending == .nodeDied {
                try cluster.api.put(node: node.name)
                try cluster.api.put(node: nodes[(round + 1) % 2].name, ready: false)
            }
            for name in ["db-0", "db-1"] {
                let former = PluginNetwork.alive
                let pod = PluginCluster.member(name, on: node.name, Self.automatic)
                try cluster.api.put(pod: pod)
                let order = Self.interfaces.shuffled(using: &random)
                let container = "\(name)-\(round)"
                let answers = try await inParallel(order.count, atATime: atOnce ? order.count : 1) { index in
                    try await cluster.add(container, pod, on: node, ifname: order[index], netns: former)
                }
                for (ifname, answer) in zip(order, answers) {
                    let address = try answer.address()
                    let place = "\(name)/\(ifname)"
                    #expect(first[place] ?? address == address, "round \(round), \(order), \(place); \(random)")
                    first[place] = address
                }
                guard ending == .deleted else { continue }
                for ifname in order.shuffled(using: &random) {
                    #expect(try await cluster.network.delete(container, ifname: ifname).isSilentSuccess)
                }
            }
        }
        #expect(Set(first.values).count == 6, "\(first)")
        let reserved = try await reservations(cluster.network)
        #expect(reserved.count == 6 && Set(reserved.compactMap(\.ifname?.text)) == Set(Self.interfaces))
        try await cluster.network.expectNothingDangling()
    }

    /// A first start that got only so far: what comes after it finds its own.
    @Test func interfaceWhoseFirstAddNeverCameTakesNoOtherInterfacesAddress() async throws {
        let cluster = try await cluster()
        let node = try SimulatedNode("n1")
        let pod = PluginCluster.member("db-0", on: "n1", Self.automatic)
        try cluster.api.put(pod: pod)
        let net1 = try await cluster.add("c1", pod, on: node, ifname: "net1").address()
        #expect(try await cluster.network.delete("c1", ifname: "net1").isSilentSuccess)
        let net2 = try await cluster.add("c2", pod, on: node, ifname: "net2").address()
        #expect(net2 != net1)
        #expect(try await cluster.add("c2", pod, on: node, ifname: "net1").address() == net1)
    }

    @Test func replicasOfADeploymentHaveAddressesOfTheirOwnForEachInterface() async throws {
        let cluster = try await cluster()
        let node = try SimulatedNode("n1")
        var random = SeededGenerator()
        print("order of the interfaces: \(random)")
        var first: [String: Set<String>] = [:]
        for round in 0..<4 {
            var given: [String: Set<String>] = [:]
            for replica in 0..<2 {
                let pod = PluginCluster.replica(on: "n1", Self.automatic)
                try cluster.api.put(pod: pod)
                for ifname in Self.interfaces.shuffled(using: &random) {
                    let answer = try await cluster.add("c\(round)-\(replica)", pod, on: node, ifname: ifname)
                    given[ifname, default: []].insert(try answer.address())
                }
            }
            #expect(given.values.allSatisfy { $0.count == 2 }, "\(given); \(random)")
            if round == 0 { first = given }
            #expect(given == first, "round \(round); \(random)")
            for replica in 0..<2 {
                for ifname in Self.interfaces.shuffled(using: &random) {
                    #expect(try await cluster.network.delete("c\(round)-\(replica)", ifname: ifname).isSilentSuccess)
                }
            }
        }
        #expect(try await reservations(cluster.network).count == 6)
    }

    /// Made by an earlier version, or by an operator: for any interface, in the order of the addresses.
    @Test(arguments: [nil, "17", "\"no/interface\""])
    func reservationThatNamesNoInterfaceIsForAnyOfThePod(ifname: String?) async throws {
        let cluster = try await cluster()
        let node = try SimulatedNode("n1")
        let pod = PluginCluster.member("db-0", on: "n1", Self.automatic)
        for address in ["10.188.0.21", "10.188.0.20"] {
            let more = ifname.map { #","ifname":\#($0)"# } ?? ""
            try await cluster.network.put(
                "reservations/\(address)", #"{"for":"default/db-0","by":"kube-ipam"\#(more)}"#)
            try await cluster.network.put("claims/default/pod/db-0/\(address)", "")
        }
        for round in 0..<2 {
            #expect(try await cluster.run("c\(round)", pod, on: node).address() == "10.188.0.20")
            #expect(try await cluster.add("c\(round)", pod, on: node, ifname: "net1").address() == "10.188.0.21")
            // A third one is reserved for its interface, which then has it before the others.
            let third = try await cluster.add("c\(round)", pod, on: node, ifname: "net2").address()
            #expect(!["10.188.0.20", "10.188.0.21"].contains(third))
            for interface in Self.interfaces {
                #expect(try await cluster.network.delete("c\(round)", ifname: interface).isSilentSuccess)
            }
        }
        let third = try await cluster.add("c9", pod, on: node, ifname: "net2").address()
        #expect(!["10.188.0.20", "10.188.0.21"].contains(third), "net2 has its own")
    }

    @Test func addressOfAnotherInterfaceIsGivenWhereItIsNamedAndAnOperatorCanReserveItForAny() async throws {
        let cluster = try await cluster()
        let node = try SimulatedNode("n1")
        let pod = PluginCluster.member("db-0", on: "n1", Self.automatic)
        try cluster.api.put(pod: pod)
        let address = try await cluster.add("c1", pod, on: node, ifname: "net1").address()
        #expect(try await cluster.network.delete("c1", ifname: "net1").isSilentSuccess)
        #expect(try await cluster.network.show(address)["For interface"] == "net1")
        let named = PluginCluster.member("db-0", on: "n1", ["kube-ipam.ip": address])
        #expect(try await cluster.run("c2", named, on: node).address() == address)
        #expect(try await cluster.network.delete("c2").isSilentSuccess)
        // The interface has another name from now on.
        try await cluster.network.ipamctl("release", address, "--yes").checked()
        try await cluster.network.ipamctl("reserve", address, "--for", "default/db-0", "--yes").checked()
        try cluster.api.put(pod: pod)
        #expect(try await cluster.add("c3", pod, on: node, ifname: "net7").address() == address)
    }
}

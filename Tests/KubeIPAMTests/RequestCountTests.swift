import Foundation
import IPAMKit
import TestSupport
import Testing

/// What a call costs etcd, by etcd's own counters.
@Suite(.needs(.etcd)) struct RequestCountTests {
    /// How often a service of etcd was called, and how many of the transactions wrote.
    private struct Counts: Equatable {
        var range: Int
        var txn: Int
        var put: Int
        var writes: Int
    }

    private func counts(_ etcd: EtcdServer) throws -> Counts {
        Counts(
            range: try etcd.grpcCalls("Range"), txn: try etcd.grpcCalls("Txn"), put: try etcd.grpcCalls("Put"),
            // Only what changes something goes through the raft log.
            writes: Int(try etcd.metric("etcd_server_proposals_committed_total")))
    }

    private func cost(
        _ etcd: EtcdServer, of call: () async throws -> PluginAnswer, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Counts {
        try await cost(etcd, ofOutput: { try await call().output }, sourceLocation: sourceLocation)
    }

    private func cost(
        _ etcd: EtcdServer, ofOutput call: () async throws -> ProcessOutput,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Counts {
        let before = try counts(etcd)
        let output = try await call()
        #expect(output.status == 0, "\(output)", sourceLocation: sourceLocation)
        let after = try counts(etcd)
        return Counts(
            range: after.range - before.range, txn: after.txn - before.txn, put: after.put - before.put,
            writes: after.writes - before.writes)
    }

    private static let oneReadAndOneWrite = Counts(range: 0, txn: 2, put: 0, writes: 1)
    private static let twoReadsAndOneWrite = Counts(range: 0, txn: 3, put: 0, writes: 1)
    private static let threeReadsAndOneWrite = Counts(range: 0, txn: 4, put: 0, writes: 1)
    private static let oneRead = Counts(range: 0, txn: 1, put: 0, writes: 0)
    private static let pod = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-6d9b74fd4d-xjhek;K8S_POD_UID=u1"

    @Test(arguments: EtcdServer.Version.allCases)
    func addAndDeleteAreOneFlatReadAndOneWriteEach(version: EtcdServer.Version) async throws {
        let etcd = try await EtcdServer.start(version: version)
        let network = try await PluginNetwork(
            in: etcd, ["ranges": [[["subnet": "10.188.0.0/24"]], [["subnet": "fd00:188::/64"]]]])
        for container in ["first", "second", "third"] {
            #expect(
                try await cost(etcd) { try await network.add(container, arguments: Self.pod) }
                    == Self.oneReadAndOneWrite, "ADD of the \(container)")
        }
        let previous: JSONObject = ["prevResult": try await network.add("first", arguments: Self.pod).result()]
        #expect(try await cost(etcd) { try await network.delete("first", previous) } == Self.oneReadAndOneWrite)
        // What nobody has told it must find out: whose histories are to be written.
        #expect(
            try await cost(etcd) { try await network.delete("second") } == Counts(range: 0, txn: 3, put: 0, writes: 1))
        var without = network
        without.ipam["historyDepth"] = 0
        #expect(try await cost(etcd) { try await without.delete("third") } == Self.oneReadAndOneWrite)
    }

    @Test func addBetweenTakenAddressesCostsNoMore() async throws {
        let etcd = try await EtcdServer.start()
        let network = try await PluginNetwork(in: etcd)
        for host in 2..<9 { try await network.put("used/10.188.0.\(host)", "other") }
        #expect(try await cost(etcd) { try await network.add("c1") }.writes == 1)
    }

    @Test func repeatedAddAndCheckOnlyRead() async throws {
        let etcd = try await EtcdServer.start()
        let network = try await PluginNetwork(in: etcd)
        let result = try await network.add("c1").result()
        #expect(try await cost(etcd) { try await network.add("c1") }.writes == 0)
        #expect(try await cost(etcd) { try await network.call("CHECK", "c1", ["prevResult": result]) }.writes == 0)
    }

    @Test func plainStatusDoesNotAskEtcd() async throws {
        let etcd = try await EtcdServer.start()
        let network = try await PluginNetwork(in: etcd, version: .v110)
        #expect(
            try await cost(etcd) { try await network.call("STATUS") } == Counts(range: 0, txn: 0, put: 0, writes: 0))
    }

    /// Checks what a call costs, and says what it cost if that is something else.
    private func expect(
        _ expected: Counts, _ what: Comment, _ etcd: EtcdServer, _ call: () async throws -> PluginAnswer,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let cost = try await cost(etcd, of: call, sourceLocation: sourceLocation)
        #expect(cost == expected, what, sourceLocation: sourceLocation)
    }

    /// The same for a call of ipamctl.
    private func expect(
        _ expected: Counts, _ what: Comment, _ network: PluginNetwork, _ arguments: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let cost = try await cost(
            network.etcd, ofOutput: { try await network.ipamctl(arguments) }, sourceLocation: sourceLocation)
        #expect(cost == expected, what, sourceLocation: sourceLocation)
    }

    // MARK: Fixed addresses

    private static let member = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=db-0;K8S_POD_UID=u1"

    /// Annotations that the runtime passes; nil for a pod that has none.
    private static func passed(_ ip: String?) -> JSONObject {
        var annotations: JSONObject = [:]
        annotations["kube-ipam.ip"] = ip.map(JSONValue.string)
        return ["runtimeConfig": ["io.kubernetes.cri.pod-annotations": .object(annotations)]]
    }

    /// A network with a fixed range whose addresses no pod has had.
    private func fixedRange(in etcd: EtcdServer, _ more: JSONObject = [:]) async throws -> PluginNetwork {
        var network = try await PluginNetwork(
            in: etcd, ["subnet": "10.188.0.0/24", "fixedStart": "10.188.0.10", "fixedEnd": "10.188.0.40"])
        network.ipam["annotations"] = nil
        for member in more.members { network.ipam[member.key] = member.value }
        return network
    }

    @Test func anAddressThatIsNamedFromTheStartIsInTheFirstRead() async throws {
        let etcd = try await EtcdServer.start()
        let network = try await fixedRange(in: etcd)
        _ = try await network.add("first", arguments: Self.pod, Self.passed("dynamic")).result()
        try await expect(Self.oneReadAndOneWrite, "by annotation", etcd) {
            try await network.add("c1", arguments: Self.pod, Self.passed("10.188.0.20"))
        }
        try await expect(Self.oneReadAndOneWrite, "by the runtime", etcd) {
            try await network.add("c2", arguments: Self.pod + ";IP=10.188.0.21", Self.passed(nil))
        }
        try await network.reserve("10.188.0.22", for: "default/db-0", claim: "default/pod/db-0")
        try await network.reserve("10.188.0.23", for: "default/db-0", claim: "default/pod/db-0")
        try await expect(Self.oneReadAndOneWrite, "the other reservation of the pod does not matter", etcd) {
            try await network.add("c3", arguments: Self.member, Self.passed("10.188.0.22"))
        }
        try await network.reserve(
            "10.188.0.24", for: "default/x", claim: "default/pod/x", expires: "2026-01-01T00:00:00Z")
        try await expect(Self.oneReadAndOneWrite, "a reservation that has expired, as its history says", etcd) {
            try await network.add("c4", arguments: Self.pod, Self.passed("10.188.0.24"))
        }
        #expect(try await network.history("10.188.0.24").map(\.event) == [.expired])
    }

    /// Which addresses are reserved for a pod is known after the first read.
    @Test func aReservedAddressIsASecondRead() async throws {
        let etcd = try await EtcdServer.start()
        let network = try await fixedRange(in: etcd, ["annotations": "none"])
        _ = try await network.add("first", arguments: Self.pod).result()
        try await network.reserve("10.188.0.22", for: "default/db-0", claim: "default/pod/db-0")
        try await expect(Self.twoReadsAndOneWrite, "reserved", etcd) {
            try await network.add("c1", arguments: Self.member)
        }
        #expect(try await network.used()["10.188.0.22"] == "c1")
    }

    @Test func anAutomaticAddressIsInTheFirstReadAndLaterFoundByItsClaim() async throws {
        let etcd = try await EtcdServer.start()
        let network = try await fixedRange(in: etcd)
        _ = try await network.add("first", arguments: Self.pod, Self.passed("dynamic")).result()
        try await expect(Self.oneReadAndOneWrite, "the first time", etcd) {
            try await network.add("c1", arguments: Self.member, Self.passed("auto"))
        }
        #expect(try await network.delete("c1").isSilentSuccess)
        // The reservation is what counts, so the annotation of the rebuilt pod need not ask again.
        try await expect(Self.twoReadsAndOneWrite, "the rebuilt pod", etcd) {
            try await network.add("c2", arguments: Self.member, Self.passed(nil))
        }
        #expect(try await network.delete("c2").isSilentSuccess)
        let again = try await cost(etcd) {
            try await network.add("c3", arguments: Self.member, Self.passed("auto"))
        }
        // One of the addresses that `auto` would try first may be the pod's own.
        #expect([Self.oneReadAndOneWrite, Self.twoReadsAndOneWrite].contains(again), "the rebuilt pod asks again")
        let another = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=db-1;K8S_POD_UID=u2"
        try await expect(Self.oneReadAndOneWrite, "another pod", etcd) {
            try await network.add("c4", arguments: another, Self.passed("auto"))
        }
    }

    @Test func anAutomaticAddressOfAFullRangeIsSearchedFor() async throws {
        let etcd = try await EtcdServer.start()
        let network = try await fixedRange(in: etcd)
        _ = try await network.add("first", arguments: Self.pod, Self.passed("dynamic")).result()
        for host in 10...39 { try await network.put("used/10.188.0.\(host)", "other\(host)") }
        let answer = try await network.add("c1", arguments: Self.member, Self.passed("auto"))
        #expect(try answer.address() == "10.188.0.40")
        let another = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=db-1;K8S_POD_UID=u2"
        let refused = try await network.add("c2", arguments: another, Self.passed("auto"))
        #expect(refused.failure?.code == 100, "\(refused)")
    }

    @Test(.needs(.root)) func aTakeoverReadsTheHolderAndItsHistoryTogether() async throws {
        let etcd = try await EtcdServer.start()
        let network = try await fixedRange(in: etcd)
        let node = try SimulatedNode("n1")
        _ = try await network.add("first", arguments: Self.pod, on: node, Self.passed("dynamic")).result()
        _ = try await PluginNetwork.inPassing { netns in
            try await network.add("c1", netns: netns, arguments: Self.member, on: node, Self.passed("10.188.0.20"))
                .result()
        }
        try await expect(Self.twoReadsAndOneWrite, "its address is known from the start", etcd) {
            try await network.add("c2", arguments: Self.member, on: node, Self.passed("10.188.0.20"))
        }
        #expect(try await network.used()["10.188.0.20"] == "c2")
        #expect(try await network.history("10.188.0.20").map(\.event) == [.takenOver])

        try await network.reserve("10.188.0.30", for: "default/db-1", claim: "default/pod/db-1")
        let reserved = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=db-1;K8S_POD_UID=u2"
        _ = try await PluginNetwork.inPassing { netns in
            try await network.add("r1", netns: netns, arguments: reserved, on: node, Self.passed(nil)).result()
        }
        try await expect(Self.threeReadsAndOneWrite, "its address is known by its claim", etcd) {
            try await network.add("r2", arguments: reserved, on: node, Self.passed(nil))
        }
        #expect(try await network.used()["10.188.0.30"] == "r2")
        #expect(try await network.history("10.188.0.30").map(\.event) == [.takenOver])
    }

    @Test(.needs(.root)) func anAddressThatKubernetesNamesIsASecondRead() async throws {
        let cluster = try await PluginCluster(in: try await EtcdServer.start())
        let node = try SimulatedNode("n1")
        _ = try await cluster.run("first", PluginCluster.replica(on: "n1", [:]), on: node).result()
        let former = PluginCluster.member("db-0", on: "n1")
        try await expect(Self.twoReadsAndOneWrite, "named", cluster.network.etcd) {
            try await PluginNetwork.inPassing { try await cluster.run("c1", former, on: node, netns: $0) }
        }
        let rebuilt = PluginCluster.member("db-0", on: "n1")
        try await expect(Self.threeReadsAndOneWrite, "taken over", cluster.network.etcd) {
            try await cluster.run("c2", rebuilt, on: node)
        }
        #expect(try await cluster.network.used()["10.188.0.216"] == "c2")
        let automatic = PluginCluster.member("db-1", on: "n1", ["kube-ipam.ip": "auto"])
        try await expect(Self.twoReadsAndOneWrite, "automatic", cluster.network.etcd) {
            try await cluster.run("c3", automatic, on: node)
        }
    }

    @Test(.needs(.root)) func theHoldersOfAllReservedAddressesAreOneRead() async throws {
        let cluster = try await PluginCluster(in: try await EtcdServer.start())
        let network = cluster.network
        let node = try SimulatedNode("n1")
        for host in 100..<106 {
            try await network.reserve(
                "10.188.0.\(host)", for: "default/deploy/web", claim: "default/workload/web")
        }
        for index in 0..<6 {
            _ = try await cluster.run("c\(index)", PluginCluster.replica(on: "n1", [:]), on: node).result()
        }
        let before = try counts(network.etcd)
        let refused = try await cluster.run("c6", PluginCluster.replica(on: "n1", [:]), on: node)
        let after = try counts(network.etcd)
        #expect(refused.failure?.code == 101, "\(refused)")
        #expect(after.txn - before.txn == 3)
        #expect(after.writes == before.writes)
    }

    @Test func deleteOfWhatIsNotThereIsOneRead() async throws {
        let etcd = try await EtcdServer.start()
        let network = try await PluginNetwork(in: etcd)
        _ = try await network.add("c1").result()
        try await expect(Self.oneRead, "unknown", etcd) { try await network.delete("unknown") }
    }

    // MARK: ipamctl

    /// The CNI file says which addresses the network has.
    @Test func reserveAndReleaseAreOneReadAndOneWriteEach() async throws {
        let etcd = try await EtcdServer.start()
        let network = try await fixedRange(in: etcd)
        _ = try await network.add("c1", arguments: Self.pod, Self.passed("10.188.0.20")).result()
        let address = "10.188.0.22"
        try await expect(Self.oneReadAndOneWrite, "reserve", network, "reserve", address, "--for", "default/db-0")
        try await expect(Self.oneRead, "reserved already", network, "reserve", address, "--for", "default/db-0")
        try await expect(Self.oneRead, "show", network, "show", address)
        try await expect(Self.oneReadAndOneWrite, "note", network, "note", address, "primary")
        try await expect(Self.oneReadAndOneWrite, "release", network, "release", address, "--yes")
        #expect(try await network.history(address).map(\.event) == [.released, .updated, .reserved])
    }

    /// What else the operator should know is read only if there is something.
    @Test func anotherReservationOfThePodIsAFurtherRead() async throws {
        let network = try await fixedRange(in: try await EtcdServer.start())
        _ = try await network.add("c1", arguments: Self.pod, Self.passed("10.188.0.20")).result()
        _ = try await network.ipamctl("reserve", "10.188.0.22", "--for", "default/db-0").checked()
        let before = try counts(network.etcd)
        let output = try await network.ipamctl("reserve", "10.188.0.23", "--for", "default/db-0").checked()
        let after = try counts(network.etcd)
        #expect(output.stderrText.contains("default/db-0 also has 10.188.0.22 reserved"), "\(output.stderrText)")
        #expect(after.txn - before.txn == 3 && after.range == before.range)
    }
}

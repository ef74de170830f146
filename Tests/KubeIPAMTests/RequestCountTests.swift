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

    private func cost(_ etcd: EtcdServer, of call: () async throws -> PluginAnswer) async throws -> Counts {
        let before = try counts(etcd)
        let answer = try await call()
        #expect(answer.output.status == 0, "\(answer)")
        let after = try counts(etcd)
        return Counts(
            range: after.range - before.range, txn: after.txn - before.txn, put: after.put - before.put,
            writes: after.writes - before.writes)
    }

    private static let oneReadAndOneWrite = Counts(range: 0, txn: 2, put: 0, writes: 1)
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
}

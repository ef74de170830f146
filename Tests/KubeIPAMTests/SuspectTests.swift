import Foundation
import IPAMKit
import TestSupport
import Testing

/// A holder that only looks gone, its node being well: it must look so for a minute, and is left alone when it comes back.
/// The minute passes by moving the first look back in etcd.
@Suite(.needs(.etcd, .root)) struct SuspectTests {
    private static let address = "10.188.0.216"

    /// A pod on a healthy node whose DEL never came, and the one that is rebuilt elsewhere.
    private struct LostDelete {
        let cluster: PluginCluster
        let former = PluginCluster.replica(on: "n1")
        let pod = PluginCluster.replica(on: "n2")
        let n1: SimulatedNode
        let n2: SimulatedNode

        init() async throws {
            cluster = try await PluginCluster()
            n1 = try SimulatedNode("n1")
            n2 = try SimulatedNode("n2")
            #expect(try await cluster.run("c1", former, on: n1).address() == address)
            try cluster.api.delete(pod: former.name)
            try cluster.api.put(pod: pod)
        }

        func rebuild() async throws -> PluginAnswer { try await cluster.add("c2", pod, on: n2) }

        /// The refusal as it is to be while the holder is seen gone since then.
        func refusal(_ suspect: Suspect?) throws -> PluginFailure {
            let suspect = try #require(suspect)
            return PluginFailure(
                11,
                "\(address) is still held by default/\(former.name) on n1: its pod is gone, but its node n1 may still be "
                    + "stopping it; it can be taken over from \(suspect.confirmed(on: "n2")) on")
        }

        func usedRevision() async throws -> Int64? {
            try await cluster.network.contents()[cluster.network.key("used/\(address)")]?.modified
        }
    }

    @Test func holderSeenGoneTwiceAMinuteApartIsTakenOver() async throws {
        let lost = try await LostDelete()
        let network = lost.cluster.network
        let before = Timestamp(seconds: Int64(Date().timeIntervalSince1970))
        let first = try await lost.rebuild()
        let suspect = try #require(try await network.suspect(Self.address))
        #expect(try first.failure == lost.refusal(suspect))
        #expect(suspect.revision == (try await lost.usedRevision()))
        #expect(suspect.since >= before)
        #expect(suspect.confirmed(on: "n2") == suspect.since.advanced(bySeconds: 60))
        #expect(
            try await network.show(Self.address)["Seen gone"]
                == "since \(suspect.since) by n2")
        // The time counts from the first look.
        #expect(try await lost.rebuild().failure == lost.refusal(suspect))
        #expect(try await network.suspect(Self.address) == suspect)
        #expect(try await network.used() == [Self.address: "c1"])

        try await network.age(Self.address, bySeconds: 60)
        #expect(try await lost.rebuild().address() == Self.address)
        let evidence =
            "its pod is gone, but its node n1 may still be stopping it, seen twice, first at "
            + "\(suspect.since.advanced(bySeconds: -60))"
        #expect(try await network.suspect(Self.address) == nil)
        #expect(try await network.history(Self.address).first?.evidence == evidence)
        #expect(try await network.show(Self.address)["Evidence"] == evidence)
        #expect(try await network.show(Self.address)["Seen gone"] == nil)
        let told = try network.logLines().filter { $0.contains(" warning took over ") }
        #expect(told.count == 1 && told[0].contains(" evidence=confirmed because=\"\(evidence)\""), "\(told)")
        #expect(try await network.used() == [Self.address: "c2"])
        try await network.expectNothingDangling()
        // The DEL that was lost comes after all.
        #expect(try await network.delete("c1").isSilentSuccess)
        #expect(try await network.used() == [Self.address: "c2"])
    }

    @Test func takeoverIsNotASecondTooEarly() async throws {
        let lost = try await LostDelete()
        _ = try await lost.rebuild()
        // Far enough from the minute for a machine that is busy.
        try await lost.cluster.network.age(Self.address, bySeconds: 20)
        let suspect = try await lost.cluster.network.suspect(Self.address)
        #expect(try await lost.rebuild().failure == lost.refusal(suspect))
        #expect(try await lost.cluster.network.suspect(Self.address) == suspect)
    }

    @Test func holderThatIsBackIsNotTakenOver() async throws {
        let lost = try await LostDelete()
        _ = try await lost.rebuild()
        try await lost.cluster.network.age(Self.address, bySeconds: 900)
        try lost.cluster.api.put(pod: lost.former)
        #expect(
            try await lost.rebuild().failure
                == PluginFailure(
                    101, "\(Self.address) is in use by default/\(lost.former.name) on n1: its pod is alive"))
        #expect(try await lost.cluster.network.used() == [Self.address: "c1"])
    }

    @Test func holderWhoseUsedKeyWasWrittenAgainIsSeenAnew() async throws {
        let lost = try await LostDelete()
        let network = lost.cluster.network
        _ = try await lost.rebuild()
        try await network.age(Self.address, bySeconds: 900)
        try await network.put("used/\(Self.address)", "c1")
        let again = try await lost.rebuild()
        let suspect = try #require(try await network.suspect(Self.address))
        #expect(suspect.revision == (try await lost.usedRevision()))
        #expect(try again.failure == lost.refusal(suspect))
        #expect(try await network.used() == [Self.address: "c1"])
    }

    /// The holder's runtime repairs its record between the look and the takeover.
    @Test func holderThatComesBackDuringTheLookIsNotTakenOver() async throws {
        let lost = try await LostDelete()
        let network = lost.cluster.network
        _ = try await lost.rebuild()
        try await network.age(Self.address, bySeconds: 900)
        try lost.cluster.api.forgetRequests()
        try lost.cluster.api.fail(.hang, on: "/api/v1/nodes/n1")
        let process = try network.start(
            "ADD", "c2", arguments: PluginCluster.arguments(lost.pod), on: lost.n2)
        // The pod, the holder's pod, the holder's node: etcd was read before.
        try await lost.cluster.api.waitForRequests(3)
        try await network.put("used/\(Self.address)", "c1")
        try lost.cluster.api.recover()
        let answer = try await process.answer()
        let suspect = try #require(try await network.suspect(Self.address))
        #expect(suspect.revision == (try await lost.usedRevision()))
        #expect(try answer.failure == lost.refusal(suspect))
        #expect(try await network.used() == [Self.address: "c1"])
        #expect(try await network.history(Self.address).isEmpty)
    }

    /// The attachment is what a repeated ADD of the holder goes by.
    @Test func holderWhoseAttachmentChangesDuringTheLookIsNotTakenOver() async throws {
        let lost = try await LostDelete()
        let network = lost.cluster.network
        _ = try await lost.rebuild()
        try await network.age(Self.address, bySeconds: 900)
        try lost.cluster.api.forgetRequests()
        try lost.cluster.api.fail(.hang, on: "/api/v1/nodes/n1")
        let process = try network.start(
            "ADD", "c2", arguments: PluginCluster.arguments(lost.pod), on: lost.n2)
        try await lost.cluster.api.waitForRequests(3)
        // The DEL comes in this moment, and the address is another pod's at once.
        #expect(try await network.delete("c1").isSilentSuccess)
        let thief = PluginCluster.replica(of: "shop", on: "n1")
        try lost.cluster.api.put(pod: thief)
        #expect(try await lost.cluster.add("c3", thief, on: lost.n1).address() == Self.address)
        try lost.cluster.api.recover()
        let answer = try await process.answer()
        #expect(
            answer.failure
                == PluginFailure(101, "\(Self.address) is in use by default/\(thief.name) on n1: its pod is alive"))
        #expect(try await network.used() == [Self.address: "c3"])
        try await network.expectNothingDangling()
    }

    /// Between the read of the address and that of its holder: what was read then is out of date, and says nothing.
    @Test(arguments: [true, false])
    func holderThatGoesDuringTheAddIsJudgedAsThereIsNow(isReplaced: Bool) async throws {
        let cluster = try await PluginCluster(in: EtcdServer.start())
        let (n1, n2) = (try SimulatedNode("n1"), try SimulatedNode("n2"))
        let former = PluginCluster.replica(on: "n1")
        #expect(try await cluster.run("c1", former, on: n1).address() == Self.address)
        // An address that the runtime asks for is read at once, while the pod is looked up.
        let pod = PluginCluster.replica(of: "shop", on: "n2", [:])
        try cluster.api.put(pod: pod)
        try cluster.api.fail(.hang, on: "/api/v1/namespaces/default/pods/\(pod.name)")
        let before = try cluster.network.etcd.grpcCalls("Txn")
        let process = try cluster.network.start(
            "ADD", "c2", arguments: PluginCluster.arguments(pod) + ";IP=\(Self.address)", on: n2)
        while try cluster.network.etcd.grpcCalls("Txn") == before, !process.hasEnded {
            try await Task.sleep(for: .milliseconds(5))
        }
        // Not only begun: answered.
        _ = try await cluster.network.contents()
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        let other = PluginCluster.replica(on: "n1")
        if isReplaced { #expect(try await cluster.run("c3", other, on: n1).address() == Self.address) }
        try cluster.api.recover()
        let answer = try await process.answer()
        if isReplaced {
            #expect(
                answer.failure
                    == PluginFailure(101, "\(Self.address) is in use by default/\(other.name) on n1: its pod is alive"))
        } else {
            #expect(try answer.address() == Self.address)
        }
        try await cluster.network.expectNothingDangling()
    }

    @Test func manyThatWantTheAddressOfOneWhoIsGoneAreServedOnce() async throws {
        let cluster = try await PluginCluster()
        let former = PluginCluster.replica(on: "n1")
        #expect(try await cluster.run("c1", former, on: SimulatedNode("n1")).address() == Self.address)
        try cluster.api.delete(pod: former.name)
        try cluster.api.put(node: "n1", ready: false)
        let pods = (0..<8).map { _ in PluginCluster.replica(on: "n2") }
        try cluster.api.put(pods: pods)
        let n2 = try SimulatedNode("n2")
        let answers = try await inParallel(pods.count, atATime: pods.count) { index in
            try await cluster.add("new\(index)", pods[index], on: n2)
        }
        #expect(answers.count { (try? $0.address()) == Self.address } == 1, "\(answers)")
        #expect(answers.count { $0.failure?.code == 101 } == 7, "\(answers)")
        #expect(try await cluster.network.history(Self.address).count == 1)
        try await cluster.network.expectNothingDangling()
    }
}

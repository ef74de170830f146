import Foundation
import IPAMKit
import Synchronization
import TestSupport
import Testing

/// The runtime kills an ADD that asks for a fixed address, calls DEL at once and once more, and tries again: nothing is
/// freed under a pod that runs, and nothing half done is left.
@Suite(.serialized, .needs(.etcd, .root)) struct FixedAddressKillTests {
    /// How long an ADD takes here and now, next to other tests: where the kills are to fall.
    private final class Pace: Sendable {
        private let latest = Mutex(Duration.milliseconds(60))

        func measure(_ call: () async throws -> PluginAnswer) async throws -> PluginAnswer {
            let start = ContinuousClock.now
            let answer = try await call()
            latest.withLock { $0 = ContinuousClock.now - start }
            return answer
        }

        func wait(_ part: Double) async throws {
            try await Task.sleep(for: latest.withLock { $0 } * part)
        }
    }

    /// What the pod of each address was before: nothing, a pod that runs on, or one that is to be taken over.
    private enum Before: CaseIterable {
        case nobody, running, gone
    }

    enum Wish: CaseIterable { case fixed, automatic }

    @Test(arguments: Wish.allCases)
    func nothingIsFreedUnderARunningPodAndNothingDangles(wish: Wish) async throws {
        var random = SeededGenerator()
        let cluster = try await PluginCluster(in: EtcdServer.start())
        let (n1, n2) = (try SimulatedNode("n1"), try SimulatedNode("n2"))
        let count = Repetitions.of(24)
        let moments = (0..<count).map { _ in Double.random(in: 0...1.1, using: &random) }
        let again = (0..<count).map { _ in Bool.random(using: &random) }
        let seed = "\(random)"
        let pace = Pace()
        let isAutomatic = wish == .automatic

        @Sendable func pod(_ index: Int, on node: String) -> KubernetesServer.Pod {
            PluginCluster.member(
                "db-\(index)", on: node, ["kube-ipam.ip": isAutomatic ? "auto" : "10.188.0.\(100 + index)"])
        }

        let killed = try await inParallel(count, atATime: 4) { index -> Bool in
            let before = Before.allCases[index % 3]
            var address: String?
            if before != .nobody {
                let holder = pod(index, on: "n1")
                @Sendable func start(_ netns: String) async throws -> String {
                    try await pace.measure {
                        try await cluster.run("old\(index)", holder, on: n1, netns: netns)
                    }.address()
                }
                address =
                    before == .running
                    ? try await start(PluginNetwork.alive) : try await PluginNetwork.inPassing(start)
            }
            // On the node of the former one, whose namespace tells whether that is gone.
            let next = pod(index, on: "n1")
            try cluster.api.put(pod: next)
            let process = try cluster.network.start(
                "ADD", "new\(index)", arguments: PluginCluster.arguments(next), on: n1)
            try await pace.wait(moments[index])
            process.kill()
            let answer = try await process.answer()
            if again[index] {
                let second = try await cluster.add("new\(index)", next, on: n1)
                if before == .running {
                    #expect(second.failure?.code == 11, "\(second); \(seed)")
                } else {
                    let got = try second.address()
                    #expect(address == nil || got == address, "\(seed)")
                }
            }
            for _ in 0..<2 { #expect(try await cluster.network.delete("new\(index)").isSilentSuccess, "\(seed)") }
            let used = try await cluster.network.used()
            #expect(!used.values.contains("new\(index)"), "\(seed)")
            if before == .running, let address {
                #expect(used[address] == "old\(index)", "freed under a running pod: \(answer); \(seed)")
                return answer.output.signal == SIGKILL
            }
            // Under a new container ID on the other node; the old one's DEL comes late, after the new one's ADD.
            let third = pod(index, on: "n2")
            try cluster.api.put(pod: third)
            if before == .gone { #expect(try await cluster.network.delete("old\(index)").isSilentSuccess) }
            let got = try await cluster.add("third\(index)", third, on: n2).address()
            #expect(address == nil || got == address, "\(seed)")
            for late in ["new\(index)", "old\(index)"] {
                #expect(try await cluster.network.delete(late).isSilentSuccess, "\(seed)")
            }
            #expect(try await cluster.network.used()[got] == "third\(index)", "freed under a running pod; \(seed)")
            return answer.output.signal == SIGKILL
        }
        #expect(killed.contains(true), "no call was cut off; \(seed)")
        #expect(try await cluster.network.used().count == count, "\(seed)")
        try await cluster.network.expectNothingDangling("\(seed)")
        if isAutomatic {
            let contents = try await cluster.network.contents()
            // Never two for one pod, whatever became of the ADD that reserved it.
            #expect(
                contents.keys.count { $0.hasPrefix(cluster.network.key("reservations/")) } == count, "\(seed)")
            #expect(contents.keys.count { $0.hasPrefix(cluster.network.key("claims/")) } == count, "\(seed)")
        }
    }

    /// Where a kill falls: these are not left to chance.
    enum Moment: CaseIterable {
        case duringTheFirstRead, duringTheLookup, duringTheSearch, duringTheCommit
    }

    @Test(arguments: Moment.allCases)
    func killAtAChosenMomentLeavesNothingAfterDelete(moment: Moment) async throws {
        let cluster = try await PluginCluster(in: EtcdServer.start())
        let etcd = cluster.network.etcd
        let node = try SimulatedNode("n1")
        // An address that the runtime asks for is read at once: the commit is the next thing. For `auto` it is the search.
        let isAutomatic = moment != .duringTheCommit
        let pod = PluginCluster.member("db-0", on: "n1", isAutomatic ? ["kube-ipam.ip": "auto"] : [:])
        let arguments = PluginCluster.arguments(pod) + (isAutomatic ? "" : ";IP=10.188.0.216")
        func add(_ container: String) async throws -> PluginAnswer {
            try await cluster.network.add(container, arguments: arguments, on: node)
        }
        try cluster.api.put(pod: pod)
        let before = try etcd.grpcCalls("Txn")
        if moment == .duringTheFirstRead { try etcd.freeze() } else { try cluster.api.fail(.hang) }
        let process = try cluster.network.start("ADD", "c1", arguments: arguments, on: node)
        try await cluster.api.waitForRequests(1)
        if moment != .duringTheFirstRead {
            while try etcd.grpcCalls("Txn") == before, !process.hasEnded { try await Task.sleep(for: .milliseconds(5)) }
        }
        if [.duringTheSearch, .duringTheCommit].contains(moment) {
            try etcd.freeze()
            try cluster.api.recover()
        }
        if moment != .duringTheLookup {
            while try await etcd.unreadConnections() == 0, !process.hasEnded {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
        process.kill()
        #expect(try await process.answer().output.signal == SIGKILL)
        if moment != .duringTheLookup { try etcd.thaw() }
        try cluster.api.recover()
        for _ in 0..<2 { #expect(try await cluster.network.delete("c1").isSilentSuccess) }
        #expect(try await cluster.network.used().isEmpty)
        try await cluster.network.expectNothingDangling()
        let address = try await add("c2").address()
        #expect(try await add("c2").address() == address)
        let reservations = cluster.network.key("reservations/")
        #expect(
            try await cluster.network.contents().keys.count { $0.hasPrefix(reservations) } == (isAutomatic ? 1 : 0))
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        #expect(try await cluster.network.used() == [address: "c2"])
        try await cluster.network.expectNothingDangling()
    }
}

import EtcdClient
import Foundation
import HTTPTransport
import TestSupport
import Testing

@Suite(.serialized, .needs(.etcd)) struct ClusterTests {
    /// Writers append under keys of their own while leaders are killed. What was acknowledged is there; what was refused
    /// is not; nothing is there twice.
    @Test func killedLeadersLoseNothingAndRepeatNothing() async throws {
        let cluster = try await EtcdCluster.start(arguments: [
            "--heartbeat-interval", "50", "--election-timeout", "300",
        ])
        defer { cluster.stop() }
        let endpoints = cluster.endpoints
        let isOver = Flag()
        let writers = (0..<4).map { writer in
            Task {
                let shifted = (0..<3).map { endpoints[(writer + $0) % 3] }
                let client = EtcdClient.of(shifted) { $0.writeAttempt = .seconds(1) }
                var acknowledged: [String: Int64] = [:]
                var unknown: Set<String> = []
                var refused: Set<String> = []
                var round = 0
                while !isOver.isSet {
                    let key = "/\(writer)/\(round)"
                    round += 1
                    do throws(EtcdError) {
                        acknowledged[key] = try await client.put(key)
                    } catch .outcomeUnknown {
                        unknown.insert(key)
                    } catch {
                        refused.insert(key)
                    }
                }
                return (acknowledged, unknown, refused)
            }
        }
        for _ in 0..<2 {
            try await Task.sleep(for: .milliseconds(500))
            let leader = try #require(try await currentLeader(cluster))
            try leader.kill()
            try await Task.sleep(for: .milliseconds(1_200))
            try await leader.restart()
        }
        isOver.set()
        let client = EtcdClient.of(endpoints)
        var total = 0
        for writer in writers {
            let (acknowledged, unknown, refused) = await writer.value
            total += acknowledged.count
            for (key, revision) in acknowledged {
                let record = try #require(try await client.get(key).kvs.first, "\(key) was acknowledged and is lost")
                #expect(record.version == 1, "\(key) was written \(record.version) times")
                #expect(record.modRevision == revision)
            }
            for key in unknown {
                if let record = try await client.get(key).kvs.first { #expect(record.version == 1, "\(key)") }
            }
            for key in refused { #expect(try await client.get(key).count == 0, "\(key) was refused and is there") }
        }
        #expect(total > 0)
        _ = try await client.put("afterwards")
    }

    @Test func aMemberWithoutQuorumIsPassedOver() async throws {
        let cluster = try await EtcdCluster.start()
        defer { cluster.stop() }
        let client = EtcdClient.of(cluster.endpoints)
        _ = try await client.put("a", "1")
        try cluster.members[1].kill()
        try cluster.members[2].kill()
        let error = try await #require(throws: EtcdError.self) { try await client.get("a", within: .seconds(3)) }
        guard case .deadlineExceeded = error else {
            Issue.record("\(error)")
            return
        }
        try await cluster.members[1].restart()
        #expect(try await client.value("a") == "1")
        _ = try await client.put("a", "2")
    }

    private func currentLeader(_ cluster: EtcdCluster) async throws -> EtcdServer? {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let leader = cluster.leader() { return leader }
            try await Task.sleep(for: .milliseconds(20))
        }
        return nil
    }
}

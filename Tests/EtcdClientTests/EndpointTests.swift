import EtcdClient
import Foundation
import HTTPTransport
import TestSupport
import Testing

@Suite(.serialized) struct EndpointTests {
    private let bad: [MisbehavingServer.Mode] = [.refuse, .blackhole, .swallow, .closeAtOnce, .garbage([0, 1, 2, 3])]

    @Test(.needs(.etcd)) func aReadFindsTheEndpointThatAnswers() async throws {
        let etcd = try await EtcdServer.start()
        for mode in bad {
            let server = try MisbehavingServer(mode)
            let client = EtcdClient.of([server.url, server.url] + etcd.endpoints)
            #expect(try await client.get("a").header.revision > 0, "\(mode)")
            // From then on the good one is asked first, and the bad one not at all. (A connection of the first read may
            // be accepted only now; ten reads that asked the bad one would make ten more.)
            let accepted = server.accepted
            for _ in 0..<10 { _ = try await client.get("a") }
            #expect(server.accepted < accepted + 10, "\(mode)")
        }
        #expect(try etcd.grpcCalls("Range") == bad.count * 11)
    }

    @Test(.needs(.etcd)) func aFrozenEndpointCostsNoRead() async throws {
        let frozen = try await EtcdServer.start()
        let etcd = try await EtcdServer.start()
        let frozenID = try await EtcdClient.of(frozen.endpoints).get("a").header.memberID
        // The one to be frozen must be the one that a client asks first, because it answered it last.
        var client: EtcdClient
        repeat {
            client = EtcdClient.of(frozen.endpoints + etcd.endpoints)
        } while try await client.get("a").header.memberID != frozenID
        let before = try etcd.grpcCalls("Range")
        try frozen.freeze()
        defer { try? frozen.thaw() }
        for _ in 0..<5 { #expect(try await client.get("a").header.memberID != frozenID) }
        // The other one answered, and was asked once for each.
        #expect(try etcd.grpcCalls("Range") - before == 5)
    }

    @Test(.needs(.etcd)) func aWriteGoesPastEndpointsThatSawNothing() async throws {
        for mode in bad {
            let etcd = try await EtcdServer.start()
            let server = try MisbehavingServer(mode)
            let client = EtcdClient.of([server.url] + etcd.endpoints)
            #expect(try await client.put("a") == 2, "\(mode)")
            #expect(try etcd.grpcCalls("Put") == 1, "\(mode)")
        }
    }

    @Test(.needs(.etcd)) func aWriteToAKnownEndpointThatIsGoneGoesToTheNext() async throws {
        let first = try await EtcdServer.start()
        let second = try await EtcdServer.start()
        let client = EtcdClient.of(first.endpoints + second.endpoints)
        _ = try await client.get("a")
        try first.kill()
        _ = try await client.put("a")
        #expect(try second.grpcCalls("Put") == 1)
    }

    @Test(.needs(.etcd)) func aWriteThatIsSwallowedIsUnknownAndSentOnce() async throws {
        let first = try await EtcdServer.start()
        let second = try await EtcdServer.start()
        let client = EtcdClient.of(first.endpoints + second.endpoints) { $0.writeAttempt = .milliseconds(500) }
        _ = try await client.get("a")
        try first.freeze()
        let error = try await #require(throws: EtcdError.self) { try await client.put("a") }
        try first.thaw()
        guard case .outcomeUnknown(let failure) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(failure.endpoint == first.clientURL)
        #expect(try second.grpcCalls("Put") == 0)
        // The next write begins elsewhere.
        _ = try await client.put("b")
        #expect(try second.grpcCalls("Put") == 1)
        #expect(try first.grpcCalls("Put") <= 1)
    }

    @Test func allDownNamesThemAll() async throws {
        let servers = try (0..<3).map { _ in try MisbehavingServer(.refuse) }
        let client = EtcdClient.of(servers.map(\.url))
        for error in [
            await #expect(throws: EtcdError.self) { try await client.get("a") },
            await #expect(throws: EtcdError.self) { try await client.put("a") },
        ] {
            guard case .unavailable(let failures) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(Set(failures.map(\.endpoint)) == Set(servers.map(\.url)))
            let text = error.map { "\($0)" } ?? ""
            for server in servers { #expect(text.contains("\(server.url): "), "\(text)") }
        }
    }

    @Test func theDeadlineEndsAReadThatNobodyAnswers() async throws {
        let servers = try [MisbehavingServer(.swallow), MisbehavingServer(.blackhole)]
        let client = EtcdClient.of(servers.map(\.url))
        for error in [
            await #expect(throws: EtcdError.self) { try await client.get("a", within: .milliseconds(400)) }
        ] {
            guard case .deadlineExceeded = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test func aCancelledReadEnds() async throws {
        let server = try MisbehavingServer(.swallow)
        for endpoints in [[server.url], [server.url, server.url]] {
            let client = EtcdClient.of(endpoints)
            let task = Task { try await client.get("a", within: .seconds(3_600)) }
            try await Task.sleep(for: .milliseconds(200))
            task.cancel()
            await #expect(throws: EtcdError.self) { try await task.value }
        }
    }

    @Test(.needs(.etcd)) func aTrailingSlashIsNoTrouble() async throws {
        let etcd = try await EtcdServer.start()
        #expect(try await EtcdClient.of([etcd.clientURL + "//"]).get("a").count == 0)
    }
}

/// Servers that lose answers in every way that there is.
@Suite(.serialized) struct LostAnswerTests {
    typealias Answer = ScriptedServer.Answer

    @Test(arguments: [
        Answer.close, .reset, .noStatus, .compressed, .cutMessage, .noMessage, .leaderChanged, .unavailable, .silence,
    ]) func aWriteIsUnknownAndSentOnce(_ answer: Answer) async throws {
        let server = try await ScriptedServer.start(.http2([.empty, answer, .empty]))
        let other = try await ScriptedServer.start(.http2([.empty]))
        let client = EtcdClient.of([server.url, other.url]) { $0.writeAttempt = .milliseconds(500) }
        _ = try await client.get("a")
        let before = server.count("request") + other.count("request")
        let error = try await #require(throws: EtcdError.self) { try await client.put("a") }
        guard case .outcomeUnknown = error else {
            Issue.record("\(answer): \(error)")
            return
        }
        #expect(server.count("request") + other.count("request") == before + 1)
        _ = try await client.put("a")
    }

    @Test(.needs(.etcd)) func aReadGoesPastAnEndpointThatIsNotEtcd() async throws {
        let stranger = try await ScriptedServer.start(.http2([.noMessage]))
        let etcd = try await EtcdServer.start()
        let client = EtcdClient.of([stranger.url] + etcd.endpoints)
        #expect(try await client.get("a").header.revision > 0)
        #expect(stranger.count("request") > 0, "it was asked first")
    }

    @Test(arguments: [Answer.close, .reset, .refuse, .noStatus, .compressed, .cutMessage, .leaderChanged, .noLeader])
    func aReadIsAskedAgain(_ answer: Answer) async throws {
        let server = try await ScriptedServer.start(.http2([.empty, answer, .empty]))
        let client = EtcdClient.of([server.url])
        for _ in 0..<2 { _ = try await client.get("a") }
        #expect(server.count("request") == 3)
    }

    @Test(arguments: [Answer.close, .reset, .noStatus, .unavailable]) func aReadIsNotAskedForEver(
        _ answer: Answer
    ) async throws {
        let server = try await ScriptedServer.start(.http2([answer]))
        let client = EtcdClient.of([server.url])
        let error = try await #require(throws: EtcdError.self) { try await client.get("a") }
        guard case .unavailable = error else {
            Issue.record("\(answer): \(error)")
            return
        }
        #expect(server.count("request") == 3)
    }

    @Test func aWriteThatMeetsAnElectionWaitsForItsEnd() async throws {
        let server = try await ScriptedServer.start(.http2([.empty, .noLeader, .noLeader, .empty]))
        let client = EtcdClient.of([server.url])
        _ = try await client.get("a")
        _ = try await client.put("a")
        #expect(server.count("request") == 4)
    }

    @Test func aMessageThatIsNoProtobufIsNamed() async throws {
        let server = try await ScriptedServer.start(.http2([.noMessage]))
        let error = try await #require(throws: EtcdError.self) { try await EtcdClient.of([server.url]).get("a") }
        guard case .malformedAnswer(let failure) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(failure.endpoint == server.url)
    }
}

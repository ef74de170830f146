import Foundation
import Synchronization
import TestSupport
import Testing

@testable import HTTPTransport

@Suite(.serialized) struct LoopTests {
    @Test func sleepsUntilItsTimeAndNotBefore() async throws {
        let loop = TransferLoop.onOwnThread()
        let deadline = ContinuousClock.now + .milliseconds(50)
        await loop.sleep(until: deadline)
        #expect(ContinuousClock.now >= deadline)
        await loop.sleep(until: .now - .seconds(1))
    }

    @Test func aCancelledSleepEnds() async throws {
        let loop = TransferLoop.onOwnThread()
        let began = ContinuousClock.now
        for pause in [0, 0, 0, 5, 20] {
            let task = Task { await loop.sleep(until: .now + .seconds(3_600)) }
            if pause > 0 { try await Task.sleep(for: .milliseconds(pause)) }
            task.cancel()
            await task.value
        }
        #expect(ContinuousClock.now - began < .seconds(600), "of five hours")
    }

    /// Idle, the loop must wait and not turn: for jobs, for a timer, for a silent server, with a paused stream.
    @Test(.needs(.etcd)) func standsStillWhenIdle() async throws {
        let server = try await ScriptedServer.start(.http)
        let etcd = try await EtcdServer.start()
        let loop = TransferLoop.onOwnThread()
        let client = HTTPClient(loop: loop)
        for _ in 0..<3 { _ = try await client.send(RawGRPC.put(etcd, "a", [UInt8](repeating: 1, count: 1 << 20))) }
        for _ in 0..<12 { _ = try await client.send(RawGRPC.put(etcd, "a", [UInt8](repeating: 1, count: 1 << 20))) }
        var silence = HTTPRequest(url: server.url + "/silence")
        silence.timeout = .seconds(300)
        let unanswered = silence
        var endless = HTTPRequest(url: server.url + "/endless")
        endless.timeout = nil
        let paused = try await client.stream(endless)
        let watch = try await client.stream(RawGRPC.watch(etcd, "a", from: 2))
        let waiting = Task { try await client.send(unanswered) }
        let sleeping = Task { await loop.sleep(until: .now + .seconds(300)) }
        try await server.waitUntilSeen("stalled")
        try await server.waitUntilSeen("GET /silence")
        try await Task.sleep(for: .milliseconds(500))
        let before = await client.turnsOfLoop
        try await Task.sleep(for: .seconds(1))
        let turns = await client.turnsOfLoop - before
        #expect(turns < 20, "the loop turned \(turns) times in an idle second")
        waiting.cancel()
        sleeping.cancel()
        await paused.cancel()
        await watch.cancel()
    }

    @Test func runReturnsWhatTheBodyReturnsAndThrowsWhatItThrows() throws {
        struct Odd: Error {}
        let loop = TransferLoop()
        #expect(try loop.run { 1 } == 1)
        #expect(throws: Odd.self) { try loop.run { throw Odd() } }
        #expect(try loop.run { 2 } == 2)
    }

    @Test func runsOneAfterTheOtherOnDifferentThreads() async throws {
        let server = try await ScriptedServer.start(.http)
        let loop = TransferLoop()
        let client = HTTPClient(loop: loop)
        for _ in 0..<5 {
            let count = try await onNewThread {
                try loop.run { try await client.send(HTTPRequest(url: server.url + "/bytes/7")).body.count }
            }
            #expect(count == 7)
        }
        #expect(server.count("connection") == 1)
    }

    @Test func whatARunLeavesBehindGoesOnInTheNext() async throws {
        let server = try await ScriptedServer.start(.http)
        let loop = TransferLoop()
        let client = HTTPClient(loop: loop)
        let request = HTTPRequest(url: server.url + "/bytes/100000")
        let left = try await onNewThread {
            try loop.run {
                let task = Task(executorPreference: loop) { try await client.send(request).body.count }
                await Task.yield()
                return task
            }
        }
        let count = try await onNewThread { try loop.run { try await left.value } }
        #expect(count == 100_000)
    }

    @Test func jobsComeFromManyThreads() async throws {
        let loop = TransferLoop.onOwnThread()
        let counter = Counter(loop: loop)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<64 {
                group.addTask { for _ in 0..<200 { await counter.increment() } }
            }
        }
        #expect(await counter.value == 64 * 200)
    }

    @Test func aLoopThatNobodyHoldsGoesWithItsDescriptors() async throws {
        let server = try await ScriptedServer.start(.http)
        try await onNewThread {
            let loop = TransferLoop()
            let client = HTTPClient(loop: loop)
            let stream = try loop.run { try await client.stream(HTTPRequest(url: server.url + "/endless")) }
            #expect(stream.head.status == 200)
        }
        try await server.waitUntilSeen("gone")
    }

    @Test func onlyOneThreadMayRunIt() async {
        await #expect(processExitsWith: .failure) {
            let loop = TransferLoop.onOwnThread()
            usleep(100_000)
            _ = try loop.run { 1 }
        }
    }
}

private actor Counter {
    nonisolated let loop: TransferLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    private(set) var value = 0

    init(loop: TransferLoop) { self.loop = loop }

    func increment() { value += 1 }
}

extension HTTPClient {
    var turnsOfLoop: Int { loop.turns }
}

/// Runs what blocks on a thread of its own.
func onNewThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
    }
}

import Foundation
import IPAMKit
import Synchronization
import TestSupport
import Testing

/// The plugin killed at any moment: nothing half done, nothing held twice, nothing left after the runtime's DEL.
@Suite(.serialized, .needs(.etcd)) struct KillTests {
    /// How long a call takes here and now, next to other tests: where the kills are to fall.
    private final class Pace: Sendable {
        private let latest = Mutex(Duration.milliseconds(20))

        /// Carries out a call and takes its time.
        func measure(_ call: () async throws -> PluginAnswer) async throws -> PluginAnswer {
            let start = ContinuousClock.now
            let answer = try await call()
            latest.withLock { $0 = ContinuousClock.now - start }
            return answer
        }

        /// Kills a call after a part of the time that the latest one took.
        func kill(_ process: PluginProcess, after part: Double) async throws -> PluginAnswer {
            try await Task.sleep(for: latest.withLock { $0 } * part)
            process.kill()
            return try await process.answer()
        }
    }

    /// When to kill each call, and the generator that this is from, for messages.
    private func moments(_ count: Int) -> ([Double], SeededGenerator) {
        var random = SeededGenerator()
        let moments = (0..<count).map { _ in Double.random(in: 0...1, using: &random) }
        return (moments, random)
    }

    @Test func addKilledAtAnyMomentLeavesNothingAfterDelete() async throws {
        let network = try await PluginNetwork(in: EtcdServer.start(), ["subnet": "10.188.0.0/20"])
        let (moments, random) = moments(Repetitions.of(130))
        let pace = Pace()
        let answers = try await inParallel(moments.count, atATime: 4) { index in
            let answer = try await pace.kill(network.start("ADD", "pod\(index)"), after: moments[index])
            // Whatever became of it: the used key and the attachment go together.
            let contents = try await network.contents()
            let held = contents.filter {
                $0.key.hasPrefix(network.key("used/")) && $0.value.value == "pod\(index)"
            }
            let attached = contents[network.key("attachments/pod\(index)/eth0")] != nil
            let listed = contents.filter { $0.key.hasPrefix(network.key("attachments/")) }.compactMap {
                try? JSONValue(parsing: Array($0.value.value.utf8))["addresses"]
            }
            #expect(Set(listed).count == listed.count, "an address is held twice; \(random)")
            #expect(held.count == (attached ? 1 : 0), "\(answer); \(random)")
            // The runtime tries again, or gives up; a second ADD must agree with the first, if that was heard.
            if index.isMultiple(of: 2) {
                let first = try? answer.address()
                let second = try await pace.measure { try await network.add("pod\(index)") }.address()
                #expect(first == nil || first == second, "\(random)")
                let third = try await network.add("pod\(index)").address()
                #expect(second == third, "\(random)")
            }
            return answer
        }
        // All this is of use only when calls were cut off.
        #expect(answers.contains { $0.output.signal == SIGKILL }, "\(random)")
        let holders = try await network.used()
        let pods = try await network.attachments()
        let listed = pods.values.compactMap { $0["addresses"]?.array?.first?.string }
        #expect(Set(listed).count == listed.count, "an address is held twice; \(random)")
        #expect(holders.keys.sorted() == listed.sorted(), "\(random)")
        for index in moments.indices { #expect(try await network.delete("pod\(index)").isSilentSuccess) }
        #expect(
            try await network.presentKeys() == [network.key, network.key("config"), network.key("lastReserved/0")],
            "\(random)")
    }

    @Test func deleteKilledAtAnyMomentIsAllOrNothingAndCanBeRepeated() async throws {
        let network = try await PluginNetwork(in: EtcdServer.start(), ["subnet": "10.188.0.0/20"])
        let (moments, random) = moments(Repetitions.of(50))
        let pace = Pace()
        _ = try await inParallel(moments.count, atATime: 4) { index in
            let address = try await pace.measure { try await network.add("pod\(index)") }.address()
            let answer = try await pace.kill(network.start("DEL", "pod\(index)"), after: moments[index])
            let contents = try await network.contents()
            let isHeld = contents[network.key("used/\(address)")]?.value == "pod\(index)"
            let isAttached = contents[network.key("attachments/pod\(index)/eth0")] != nil
            #expect(isHeld == isAttached, "\(answer); \(random)")
            if answer.output.status == 0 { #expect(!isAttached, "\(random)") }
            #expect(try await network.delete("pod\(index)").isSilentSuccess)
        }
        #expect(try await network.used().isEmpty)
        #expect(try await network.attachments().isEmpty)
    }
}

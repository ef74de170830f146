import Foundation
import IPAMKit
import TestSupport
import Testing

/// The Go plugin's lock is waited for and never broken; a network on hold gives out nothing.
@Suite(.needs(.etcd)) struct LockAndHoldTests {
    /// Starts an ADD on a locked network, and returns once it watches for the end of the lock.
    private func blockedAdd(_ network: PluginNetwork) async throws -> PluginProcess {
        let process = try network.start("ADD", "c1")
        try await network.waitUntilWatching([process])
        #expect(try await network.used().isEmpty)
        return process
    }

    @Test(arguments: EtcdServer.Version.allCases)
    func addWaitsUntilTheLocksLeaseIsRevoked(version: EtcdServer.Version) async throws {
        let network = try await PluginNetwork(in: EtcdServer.start(version: version))
        let lease = try await network.etcd.grantLease(seconds: 300)
        try await network.etcd.put(network.key("lock"), lease, lease: lease)
        let process = try await blockedAdd(network)
        try await network.etcd.etcdctl(["lease", "revoke", lease])
        #expect(try await process.answer().address() == "10.188.0.2")
    }

    @Test func addWaitsUntilTheLocksLeaseExpires() async throws {
        let network = try await PluginNetwork(in: EtcdServer.start())
        let lease = try await network.etcd.grantLease(seconds: 2)
        try await network.etcd.put(network.key("lock"), lease, lease: lease)
        let answer = try await network.add("c1")
        #expect(try answer.address() == "10.188.0.2")
        #expect(try await network.contents()[network.key("lock")] == nil)
    }

    @Test func addWaitsForTheNextLockToo() async throws {
        let network = try await PluginNetwork(in: EtcdServer.start())
        try await network.put("lock", "first")
        let process = try await blockedAdd(network)
        // Deleted and taken again at one revision after the other: whoever wakes up finds it held.
        try await network.remove("lock")
        try await network.put("lock", "second")
        try await network.remove("lock")
        #expect(try await process.answer().address() == "10.188.0.2")
    }

    @Test func lockHeldUntilTheDeadlineIsCode11AndNothingIsWritten() async throws {
        var network = try await PluginNetwork()
        network.ipam["timeout"] = .number("0.5")
        let lease = try await network.etcd.grantLease(seconds: 300)
        try await network.etcd.put(network.key("lock"), lease, lease: lease)
        let contents = try await network.contents()
        let answer = try await network.add("c1")
        #expect(
            answer.failure
                == PluginFailure(
                    11,
                    "network \(network.name) is locked by a node that runs the Go plugin (lease \(lease)); the lock "
                        + "was not released in time"), "\(answer)")
        #expect(try await network.contents() == contents)
    }

    @Test func repeatedAddNeedsNoLock() async throws {
        let network = try await PluginNetwork()
        let address = try await network.add("c1").address()
        try await network.put("lock", "held")
        #expect(try await network.add("c1").address() == address)
    }

    @Test func addOnHoldIsCode104WithTheReasonAndNothingIsWritten() async throws {
        let network = try await PluginNetwork()
        _ = try await network.add("c1").result()
        try await network.put(
            "config",
            #"{"format":1,"goNodes":false,"fixed":[],"hold":{"by":"root@admin1","reason":"moving to 10.189/16","#
                + #""since":"2026-11-23T02:00:00Z"}}"#)
        let contents = try await network.contents()
        let answer = try await network.add("c2")
        #expect(
            answer.failure
                == PluginFailure(
                    104,
                    "network \(network.name) is on hold by root@admin1 since 2026-11-23T02:00:00Z: moving to 10.189/16")
        )
        #expect(try await network.contents() == contents)
        #expect(try await network.delete("c1").isSilentSuccess)
    }

    @Test func settingsOfANewerFormatAreNotGuessedAt() async throws {
        let network = try await PluginNetwork()
        try await network.put("config", #"{"format":2}"#)
        let answer = try await network.add("c1")
        #expect(
            answer.failure
                == PluginFailure(
                    999,
                    "the value of \(network.key("config")) cannot be used: its format is 2; this version supports "
                        + "only format 1"))
        #expect(try await network.used().isEmpty)
    }
}

extension PluginNetwork {
    /// Returns once all of these calls watch etcd, which nobody else may do: they wait for the end of a lock.
    func waitUntilWatching(_ processes: [PluginProcess]) async throws {
        while try etcd.metric("etcd_debugging_mvcc_watcher_total") < Double(processes.count) {
            for process in processes where process.hasEnded {
                Issue.record("a call did not wait for the lock: \(try await process.answer())")
                return
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

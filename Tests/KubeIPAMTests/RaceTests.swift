import IPAMKit
import TestSupport
import Testing

/// Calls that are let go at one moment: all wait for the end of a lock, and read and write at once when it comes.
@Suite(.serialized) struct RaceTests {
    /// An ADD of the race: the container, and CNI_ARGS.
    private typealias Call = (container: String, arguments: String)

    private func race(_ network: PluginNetwork, _ calls: [Call]) async throws -> [PluginAnswer] {
        try await network.put("lock", "held")
        let processes = try calls.map { try network.start("ADD", $0.container, arguments: $0.arguments) }
        try await network.waitUntilWatching(processes)
        try await network.remove("lock")
        var answers: [PluginAnswer] = []
        for process in processes { answers.append(try await process.answer()) }
        return answers
    }

    @Test func oneAttachmentAddedManyTimesAtOnceHasOneAddress() async throws {
        let network = try await PluginNetwork(in: EtcdServer.start())
        let answers = try await race(network, (0..<12).map { _ in ("same", "") })
        let addresses = try answers.map { try $0.address() }
        #expect(Set(addresses).count == 1)
        #expect(try await network.used() == [addresses[0]: "same"])
    }

    @Test func lastAddressGoesToOne() async throws {
        let network = try await PluginNetwork(in: EtcdServer.start(), ["subnet": "10.188.0.0/30"])
        let answers = try await race(network, (0..<12).map { ("pod\($0)", "") })
        #expect(answers.count { $0.output.status == 0 } == 1, "\(answers)")
        #expect(answers.count { $0.failure?.code == 100 } == 11, "\(answers)")
        #expect(try await network.attachments().count == 1)
    }

    @Test func requestedAddressGoesToOne() async throws {
        let network = try await PluginNetwork(in: EtcdServer.start())
        let answers = try await race(network, (0..<12).map { ("pod\($0)", "IP=10.188.0.99") })
        #expect(answers.count { $0.output.status == 0 } == 1, "\(answers)")
        #expect(answers.count { $0.failure?.code == 101 } == 11, "\(answers)")
        #expect(try await network.attachments().count == 1)
    }

    @Test func sharedReservationsGoToOnePodEach() async throws {
        let network = try await PluginNetwork(in: EtcdServer.start())
        let reserved = ["10.188.0.100", "10.188.0.101", "10.188.0.102"]
        for address in reserved {
            try await network.reserve(address, for: "default/deploy/web", claim: "default/workload/web")
        }
        let answers = try await race(
            network,
            (0..<8).map { ("pod\($0)", "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-6d9b74fd4d-abcd\($0)") })
        let given = answers.compactMap { try? $0.address() }
        #expect(given.sorted() == reserved, "\(answers)")
        #expect(answers.count { $0.failure?.code == 101 } == 5, "\(answers)")
    }

    @Test func freshNetworkIsMadeOnce() async throws {
        let network = try await PluginNetwork(
            in: EtcdServer.start(), ["ranges": [[["subnet": "10.188.0.0/24"]], [["subnet": "fd00:188::/64"]]]])
        let answers = try await race(network, (0..<12).map { ("pod\($0)", "") })
        let addresses = try answers.flatMap { try $0.addresses() }
        #expect(Set(addresses).count == 24)
        #expect(
            try await network.contents()[network.key("config")]?.value
                == #"{"format":1,"goNodes":false,"fixed":[]}"#)
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

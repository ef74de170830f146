import Foundation
import IPAMKit
import TestSupport
import Testing

/// Calls that are let go at one moment: all have connected to an etcd that stands still, and go on when it does.
@Suite(.serialized, .needs(.etcd)) struct RaceTests {
    /// An ADD of the race: the container, and CNI_ARGS.
    private typealias Call = (container: String, arguments: String)

    private func race(_ network: PluginNetwork, _ calls: [Call]) async throws -> [PluginAnswer] {
        try network.etcd.freeze()
        let processes = try calls.map { try network.start("ADD", $0.container, arguments: $0.arguments) }
        while try await network.etcd.unreadConnections() < processes.count, !processes.contains(where: \.hasEnded) {
            try await Task.sleep(for: .milliseconds(5))
        }
        try network.etcd.thaw()
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
        // The winner is alive, and on this node: the others are to try again.
        #expect(answers.count { $0.failure?.code == 11 } == 11, "\(answers)")
        #expect(
            answers.compactMap(\.failure).allSatisfy {
                $0.message.hasPrefix("10.188.0.99 is still held by container pod")
            },
            "\(answers)")
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
        #expect(answers.count { $0.failure?.code == 11 } == 5, "\(answers)")
        #expect(
            answers.compactMap(\.failure).allSatisfy {
                $0.message.contains(" is still held by default/web-6d9b74fd4d-")
            },
            "\(answers)")
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

extension EtcdServer {
    /// How many connections have brought something that etcd has not read yet: proc_net(5), `tcp`.
    func unreadConnections() async throws -> Int {
        let number = String(port, radix: 16, uppercase: true)
        let local = ":" + String(repeating: "0", count: 4 - number.count) + number
        // Established, and a receive queue that is not empty.
        let pattern = "\(local) [0-9A-F:]+ 01 [0-9A-F]+:0*[1-9A-F]"
        let counted = try await runProcess("grep", ["-cE", pattern, "/proc/net/tcp"])
        return Int(counted.stdoutText.trimmingCharacters(in: .newlines)) ?? 0
    }
}

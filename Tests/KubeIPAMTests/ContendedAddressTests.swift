import Foundation
import IPAMKit
import Synchronization
import TestSupport
import Testing

/// Pods on several nodes want a few addresses all at once, end in every way in which pods end, have their DEL late or
/// never, and have their ADD killed: no pod loses its address before it has ended.
@Suite(.needs(.etcd, .root)) struct ContendedAddressTests {
    private static let addresses = (10...12).map { "10.188.0.\($0)" }
    private static let rounds = Repetitions.of(16)

    /// How a sandbox ends. From then on its address may be another's.
    private enum End: CaseIterable {
        case deleted, namespaceGone, nodeRebooted, nodeDead, deleteLost
    }

    /// A sandbox that runs, with what it takes to end it.
    private struct Sandbox {
        let container: String
        let pod: KubernetesServer.Pod
        let address: String
        let namespace: URL
    }

    /// Who has which address, as the pods themselves know it.
    private final class Model: Sendable {
        private let holders = Mutex<[String: String]>([:])

        /// - Returns: who had it and has not ended.
        func begin(_ sandbox: Sandbox) -> String? {
            holders.withLock { holders in
                let former = holders[sandbox.address]
                holders[sandbox.address] = sandbox.container
                return former
            }
        }

        func end(_ sandbox: Sandbox) {
            holders.withLock { holders in
                if holders[sandbox.address] == sandbox.container { holders[sandbox.address] = nil }
            }
        }
    }

    /// A node with the one pod that it runs at a time, and the random choices of all that happens there.
    private struct Kubelet {
        let cluster: PluginCluster
        let model: Model
        let folder: TemporaryDirectory
        var node: SimulatedNode
        var random: SeededGenerator
        /// The containers whose DEL is still to come, late.
        var late: [String] = []
        var count = 0
        var served = 0
        let seed: String

        /// Starts a pod, tries for a while to get it its address, and ends it; checks that it keeps it until then.
        mutating func runPod() async throws {
            count += 1
            let address = ContendedAddressTests.addresses.randomElement(using: &random) ?? ""
            let sandbox = Sandbox(
                container: "\(node.name)-\(count)",
                pod: PluginCluster.replica(of: "app-\(node.name)", on: node.name, ["kube-ipam.ip": address]),
                address: address, namespace: folder.file("\(node.name)-\(count)"))
            try FileManager.default.createSymbolicLink(
                atPath: sandbox.namespace.path, withDestinationPath: PluginNetwork.alive)
            try cluster.api.put(node: node.name)
            try cluster.api.put(pod: sandbox.pod)
            guard try await add(sandbox) else {
                // Given up: the runtime calls DEL for what it could not start.
                try cluster.api.delete(pod: sandbox.pod.name)
                #expect(try await cluster.network.delete(sandbox.container).isSilentSuccess, "\(seed)")
                return
            }
            served += 1
            let former = model.begin(sandbox)
            #expect(former == nil, "\(address) was taken from \(former ?? ""), which runs; \(seed)")
            if let container = late.popLast(), Bool.random(using: &random) {
                #expect(try await cluster.network.delete(container).isSilentSuccess, "\(seed)")
            }
            let again = try await cluster.add(
                sandbox.container, sandbox.pod, on: node, netns: sandbox.namespace.path)
            #expect(try again.address() == address, "\(seed)")
            #expect(try await cluster.network.used()[address] == sandbox.container, "\(seed)")
            model.end(sandbox)
            try await end(sandbox)
        }

        private mutating func add(_ sandbox: Sandbox) async throws -> Bool {
            for _ in 0..<4 {
                if Int.random(in: 0..<4, using: &random) == 0 {
                    let process = try cluster.network.start(
                        "ADD", sandbox.container, netns: sandbox.namespace.path,
                        arguments: PluginCluster.arguments(sandbox.pod), on: node)
                    try await Task.sleep(for: .milliseconds(Int.random(in: 5...150, using: &random)))
                    process.kill()
                    _ = try await process.answer()
                    #expect(try await cluster.network.delete(sandbox.container).isSilentSuccess, "\(seed)")
                }
                let answer = try await cluster.add(
                    sandbox.container, sandbox.pod, on: node, netns: sandbox.namespace.path)
                if answer.output.status == 0 {
                    #expect(try answer.address() == sandbox.address)
                    return true
                }
                #expect(answer.failure.map { [11, 101].contains($0.code) } == true, "\(answer); \(seed)")
                // The time passes that another node waits, too, for those who are seen gone.
                if let suspect = try await cluster.network.suspect(sandbox.address) {
                    try await cluster.network.age(sandbox.address, suspect, bySeconds: 360)
                }
            }
            return false
        }

        private mutating func end(_ sandbox: Sandbox) async throws {
            let end = End.allCases.randomElement(using: &random) ?? .deleted
            if end != .deleted { late.append(sandbox.container) }
            switch end {
            case .deleted:
                try cluster.api.delete(pod: sandbox.pod.name)
                #expect(try await cluster.network.delete(sandbox.container).isSilentSuccess, "\(seed)")
            case .namespaceGone: try FileManager.default.removeItem(at: sandbox.namespace)
            case .nodeRebooted: node = try node.rebooted()
            case .nodeDead: try cluster.api.put(node: node.name, ready: false)
            case .deleteLost: break
            }
            // Others than its own node can only learn it from Kubernetes.
            if end != .deleted { try cluster.api.delete(pod: sandbox.pod.name) }
        }
    }

    @Test func noPodLosesItsAddressBeforeItHasEnded() async throws {
        let random = SeededGenerator()
        let cluster = try await PluginCluster(in: EtcdServer.start(), nodes: [])
        let model = Model()
        let folder = try TemporaryDirectory(prefix: "namespaces")
        let seed = "\(random)"
        let kubelets = try (1...5).map { index in
            // Each begins at a place of its own in the one row of numbers.
            var own = random
            for _ in 0..<(index * 10_000) { _ = own.next() }
            return Kubelet(
                cluster: cluster, model: model, folder: folder, node: try SimulatedNode("n\(index)"), random: own,
                seed: seed)
        }
        for kubelet in kubelets { try cluster.api.put(node: kubelet.node.name) }
        let served = try await inParallel(kubelets.count, atATime: kubelets.count) { index -> Int in
            var kubelet = kubelets[index]
            for _ in 0..<Self.rounds { try await kubelet.runPod() }
            return kubelet.served
        }
        // All this is of use only when addresses changed hands.
        #expect(served.reduce(0, +) > Self.addresses.count, "\(served); \(seed)")
        let histories = try await Self.addresses.asyncMap { try await cluster.network.history($0) }
        #expect(histories.contains { $0.contains { $0.event == .takenOver } }, "\(seed)")
        try await cluster.network.expectNothingDangling("\(seed)")
        for index in 1...kubelets.count {
            for count in 1...Self.rounds {
                #expect(try await cluster.network.delete("n\(index)-\(count)").isSilentSuccess)
            }
        }
        #expect(try await cluster.network.used().isEmpty, "\(seed)")
        #expect(try await cluster.network.attachments().isEmpty, "\(seed)")
        withExtendedLifetime(folder) {}
    }
}

extension Array {
    /// The results of `transform`, one after the other.
    fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}

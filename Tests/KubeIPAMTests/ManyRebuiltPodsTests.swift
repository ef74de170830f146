import Foundation
import IPAMKit
import TestSupport
import Testing

/// A hundred pods with `kube-ipam.ip: auto`, destroyed and rebuilt in any order and in every way in which a pod can end:
/// each has its own first address every time. The fixed range has exactly as many addresses as there are pods, so that
/// not one may be lost or left behind.
@Suite(.needs(.etcd, .root)) struct ManyRebuiltPodsTests {
    private static let count = 100
    private static let nodeNames = (1...5).map { "n\($0)" }

    /// How a pod ends, and where it is rebuilt.
    private enum End: CaseIterable {
        /// Its runtime calls DEL.
        case deleted
        /// Its node is started anew, and DEL is lost.
        case nodeRebooted
        /// Its namespace is removed, and DEL is lost.
        case namespaceGone
        /// DEL is lost on a node that is well; Kubernetes says that the pod is gone.
        case podGone
    }

    /// A pod as it runs: under which container ID, on which start of which node, in which namespace.
    private struct Running {
        let pod: KubernetesServer.Pod
        let container: String
        let node: SimulatedNode
        /// A link to a namespace that is there; without the link it is gone.
        let namespace: URL
    }

    /// What comes next for a pod: decided in one place, by one generator.
    private struct Step {
        let index: Int
        let end: End
        let nodeName: String
    }

    @Test func everyPodHasItsFirstAddressAgain() async throws {
        var random = SeededGenerator()
        var ipam = PluginCluster.published
        ipam["fixedEnd"] = .string("10.188.0.\(9 + Self.count)")
        let cluster = try await PluginCluster(ipam, nodes: Self.nodeNames)
        let nodes = try Dictionary(uniqueKeysWithValues: Self.nodeNames.map { ($0, try SimulatedNode($0)) })
        let folder = try TemporaryDirectory(prefix: "namespaces")
        let seed = "\(random)"

        @Sendable func start(_ index: Int, round: Int, on node: SimulatedNode) throws -> Running {
            let namespace = folder.file("ns-\(index)-\(round)")
            try FileManager.default.createSymbolicLink(
                atPath: namespace.path, withDestinationPath: PluginNetwork.alive)
            return Running(
                pod: PluginCluster.member("db-\(index)", on: node.name, ["kube-ipam.ip": "auto"]),
                container: "c\(index)-\(round)", node: node, namespace: namespace)
        }

        let firstNodes = (0..<Self.count).map { _ in Self.nodeNames.randomElement(using: &random) ?? "n1" }
        let firstOrder = (0..<Self.count).shuffled(using: &random)
        let started = try await inParallel(Self.count, atATime: 16) { position in
            let index = firstOrder[position]
            let node = try #require(nodes[firstNodes[index]])
            let running = try start(index, round: 0, on: node)
            let answer = try await cluster.run(
                running.container, running.pod, on: node, netns: running.namespace.path)
            return (index, running, try answer.address())
        }
        var pods = Dictionary(uniqueKeysWithValues: started.map { ($0.0, $0.1) })
        let addresses = Dictionary(uniqueKeysWithValues: started.map { ($0.0, $0.2) })
        #expect(Set(addresses.values).count == Self.count, "\(seed)")

        for round in 1...2 {
            let steps = (0..<Self.count).shuffled(using: &random).map { index in
                Step(
                    index: index,
                    end: Bool.random(using: &random)
                        ? .deleted : End.allCases.randomElement(using: &random) ?? .deleted,
                    nodeName: Self.nodeNames.randomElement(using: &random) ?? "n1")
            }
            let running = pods
            let rebuilt = try await inParallel(Self.count, atATime: 16) { position in
                let step = steps[position]
                let former = try #require(running[step.index])
                let address = try #require(addresses[step.index])
                let next = try await rebuild(step, former, at: address, in: cluster, nodes) { node in
                    try start(step.index, round: round, on: node)
                }
                return (step.index, next)
            }
            pods = Dictionary(uniqueKeysWithValues: rebuilt)
            let used = try await cluster.network.used()
            #expect(used.count == Self.count, "\(seed)")
            for (index, address) in addresses {
                #expect(used[address] == "c\(index)-\(round)", "db-\(index) in round \(round); \(seed)")
            }
            try await cluster.network.expectNothingDangling("round \(round); \(seed)")
        }
        let contents = try await cluster.network.contents()
        #expect(contents.keys.count { $0.hasPrefix(cluster.network.key("reservations/")) } == Self.count, "\(seed)")
        #expect(!contents.keys.contains { $0.hasPrefix(cluster.network.key("suspects/")) }, "\(seed)")
    }

    /// Ends a pod and starts it again; it must have `address` then.
    private func rebuild(
        _ step: Step, _ former: Running, at address: String, in cluster: PluginCluster,
        _ nodes: [String: SimulatedNode], _ start: (SimulatedNode) throws -> Running
    ) async throws -> Running {
        let node: SimulatedNode
        switch step.end {
        case .deleted:
            #expect(try await cluster.network.delete(former.container).isSilentSuccess)
            try FileManager.default.removeItem(at: former.namespace)
            node = try #require(nodes[step.nodeName])
        case .nodeRebooted:
            node = try former.node.rebooted()
        case .namespaceGone:
            try FileManager.default.removeItem(at: former.namespace)
            node = former.node
        case .podGone:
            let others = nodes.values.filter { $0.name != former.node.name }.sorted { $0.name < $1.name }
            node = others[step.index % others.count]
        }
        let next = try start(node)
        var answer = try await cluster.run(next.container, next.pod, on: node, netns: next.namespace.path)
        if step.end == .podGone {
            #expect(answer.failure?.code == 11, "\(answer)")
            try await cluster.network.age(address, bySeconds: 60)
            answer = try await cluster.add(next.container, next.pod, on: node, netns: next.namespace.path)
        }
        #expect(try answer.address() == address, "db-\(step.index), \(step.end)")
        return next
    }
}

import HTTPTransport
import IPAMKit

/// A network to be audited, and who judges its holders.
struct AuditSubject: Sendable {
    private enum Judge: Sendable {
        case kubernetes(Kubernetes)
        /// The runtime's result cache.
        case thisNode(cache: String)
    }

    let network: NetworkName
    private let judge: Judge
    private let connection: Connection

    /// The networks that are meant.
    ///
    /// - Parameter nodeLocalCache: the runtime's result cache, where this node judges alone.
    static func all(_ connection: Connection, nodeLocalCache: String?) async throws -> [AuditSubject] {
        var subjects: [AuditSubject] = []
        for network in try await connection.networks() {
            try await connection.requireKnown(network)
            subjects.append(try await AuditSubject(network, connection, nodeLocalCache: nodeLocalCache))
        }
        return subjects
    }

    init(_ network: NetworkName, _ connection: Connection, nodeLocalCache: String?) async throws {
        self.network = network
        self.connection = connection
        if let nodeLocalCache {
            judge = .thisNode(cache: nodeLocalCache)
            return
        }
        judge = .kubernetes(try await Kubernetes(of: network, connection, for: .audit))
    }

    /// Looks at the store, and then at the pods.
    func look() async throws -> AuditLook {
        Terminal.progress("network \(network): reading the store ...")
        let configuration = connection.configured[network]
        // What this node cannot tell is not Kubernetes' fault.
        var nodeFailure: Failure?
        let report: AuditReport
        let snapshot: NetworkSnapshot
        do {
            (report, snapshot) = try await connection.pool(network).audit(
                configured: configuration?.rangeSets, beside: try await connection.places(beside: network),
                observe: { () async throws(PodSourceError) -> AuditEvidence in
                    try await evidence(configuration, &nodeFailure)
                }, now: Operator.now)
        } catch {
            throw nodeFailure ?? error
        }
        Terminal.progress("")
        Terminal.warn(snapshot.problems.map(\.description) + report.warnings)
        return AuditLook(report: report, snapshot: snapshot)
    }

    private func evidence(_ configuration: NetworkConfiguration?, _ nodeFailure: inout Failure?)
        async throws(PodSourceError) -> AuditEvidence
    {
        switch judge {
        case .thisNode(let cache):
            do throws(Failure) {
                return .node(try ThisNode.snapshot(of: network, configuration, cache: cache))
            } catch {
                nodeFailure = error
                throw PodSourceError(error.message)
            }
        case .kubernetes(let kubernetes):
            Terminal.progress("network \(network): listing pods ...")
            let pods = try await kubernetes.pods.pods(deadline: .now + connection.timeout)
            let nodes = try await kubernetes.pods.nodes(deadline: .now + connection.timeout)
            return .kubernetes(
                ClusterSnapshot(
                    cluster: kubernetes.cluster, pods: pods.items, nodes: nodes.items,
                    unreadable: pods.unreadable + nodes.unreadable,
                    local: ThisNode.view(configuration)))
        }
    }
}

/// One look of an audit: what it found, and what it has read.
struct AuditLook: Sendable {
    let report: AuditReport
    let snapshot: NetworkSnapshot
}

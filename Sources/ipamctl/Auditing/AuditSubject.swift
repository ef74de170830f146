import IPAMKit

/// A network to be audited, and what its holders are compared with.
struct AuditSubject: Sendable {
    private enum Judge: Sendable {
        case kubernetes(Kubernetes)
        /// The runtime's result cache.
        case thisNode(cache: String)
    }

    let network: NetworkName
    private let judge: Judge
    private let connection: Connection

    /// - Parameter nodeLocalCache: the runtime's result cache, if this node is checked without Kubernetes.
    init(_ network: NetworkName, _ connection: Connection, nodeLocalCache: String?) async throws {
        self.network = network
        self.connection = connection
        if let nodeLocalCache {
            judge = .thisNode(cache: nodeLocalCache)
            return
        }
        judge = .kubernetes(try await Kubernetes(of: network, connection, for: .audit))
    }

    /// Reads the store, then the pods and nodes, and judges.
    func check() async throws -> AuditCheck {
        Terminal.progress("network \(network): reading the store ...")
        let configuration = connection.configured[network]
        // An error of this node must not be reported as one of Kubernetes.
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
        return AuditCheck(report: report, snapshot: snapshot, pool: connection.pool(network))
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
            let pods = try await kubernetes.pods.pods(deadline: connection.deadline)
            let nodes = try await kubernetes.pods.nodes(deadline: connection.deadline)
            return .kubernetes(
                ClusterSnapshot(
                    cluster: kubernetes.cluster, pods: pods.items, nodes: nodes.items,
                    unreadable: pods.unreadable + nodes.unreadable,
                    local: ThisNode.view(configuration)))
        }
    }
}

/// One check of a network: what it found, and what it has read.
struct AuditCheck: Sendable {
    let report: AuditReport
    let snapshot: NetworkSnapshot
    /// For the repairs.
    let pool: AddressPool
}

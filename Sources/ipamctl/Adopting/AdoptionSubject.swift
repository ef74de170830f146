import IPAMKit

/// The network whose pods are adopted, and where they are listed.
struct AdoptionSubject: Sendable {
    let network: NetworkName
    private let rangeSets: [RangeSet]
    private let connection: Connection
    private let kubernetes: Kubernetes

    /// - Throws: ``Failure`` where no kubeconfig is named, or it cannot be used; `IPAMError.lookupFailed`.
    init(_ network: (name: NetworkName, rangeSets: [RangeSet]), _ connection: Connection) async throws {
        self.network = network.name
        rangeSets = network.rangeSets
        self.connection = connection
        kubernetes = try await Kubernetes(of: network.name, connection, for: .adoption)
    }

    /// Reads the store, and then lists the pods.
    func look() async throws(IPAMError) -> Adoption {
        Terminal.progress("network \(network): reading the store and listing pods ...")
        defer { Terminal.progress("") }
        return try await connection.pool(network).planAdoption(
            configured: rangeSets, cluster: kubernetes.cluster,
            observe: { () async throws(PodSourceError) -> Listing<Pod> in
                try await kubernetes.pods.pods(deadline: .now + connection.timeout)
            }, now: Operator.now)
    }

    /// Says that no Go node is left, when another look finds nothing that stands against it.
    func endGoNodes() async throws(IPAMError) -> AdoptionResult.Ending {
        let now = try await look()
        guard now.hasGoNodes, now.remaining.isEmpty else { return .init(now, obstacles: now.remaining) }
        let fixed = rangeSets.flatMap { $0.ranges.compactMap(\.fixed) }
        let pool = connection.pool(network)
        return try await pool.carryOut(pool.plan(.endGoNodes, fixed: fixed)) ? .done : .unchanged
    }
}

extension Adoption {
    /// What stands against the end of Go nodes now, with what is not recorded yet.
    var remaining: [String] {
        steps.filter { !$0.isConflict }.flatMap { step in
            step.addresses.map { "\($0) of \(step.who) is not recorded yet" }
        } + obstacles
    }
}

import IPAMKit

/// An adoption: planned, asked for, carried out.
struct AdoptionRun: Sendable {
    let change: ChangeOptions
    /// Whether to record that the network has no Go nodes.
    let endsGoNodes: Bool

    func result(_ connection: Connection) async throws -> AdoptionResult {
        let subject = try await AdoptionSubject(connection)
        let adoption = try await subject.plan()
        if let doubt = adoption.doubt {
            Terminal.note("warning: \(doubt): ipamctl cannot see whether one of them has an address of this network")
        }
        let planned = AdoptionResult(
            network: subject.network.name, outcomes: adoption.steps.map { .init(step: $0, isDone: !$0.isConflict) },
            ending: endsGoNodes ? .init(adoption, obstacles: adoption.obstacles) : nil, isDryRun: change.dryRun)
        let isIdle = adoption.toRecord.isEmpty && (!endsGoNodes || !adoption.hasGoNodes)
        return change.dryRun || isIdle ? planned : try await carryOut(adoption, planned, subject)
    }

    private func carryOut(_ adoption: Adoption, _ planned: AdoptionResult, _ subject: AdoptionSubject) async throws
        -> AdoptionResult
    {
        let pool = subject.pool
        var result = planned
        result.ending = nil
        var all: [AdoptionOutcome]?
        let tried = await change.carryOut(
            asking: question(adoption, planned.network),
            showing: planned.lines,
            progress: { "\($0) of \(adoption.steps.count) recorded " }
        ) { report in
            let outcomes = try await pool.carryOut(adoption, by: Operator.name, at: Operator.now(), progress: report)
            // Kept for the case that the end of Go nodes fails.
            all = outcomes
            if endsGoNodes { result.ending = try await subject.endGoNodes() }
            return outcomes
        }
        result.outcomes = all ?? tried.steps
        let done = tried.steps.filter(\.isDone).flatMap(\.step.addresses).count
        let left = adoption.toRecord.count - tried.steps.filter { !$0.step.isConflict }.flatMap(\.step.addresses).count
        result.stop = try tried.failure(
            done: done == 0 ? nil : recorded(done),
            rest: (left > 0 ? [recorded(left)] : []) + (endsGoNodes ? ["the end of Go nodes"] : []))
        return result
    }

    private func recorded(_ count: Int) -> String { "\(count.counted("address")) recorded" }

    private func question(_ adoption: Adoption, _ network: NetworkName) -> String {
        let count = adoption.toRecord.count
        let end = "record that network \(network) has no Go nodes"
        guard count > 0 else { return "R\(end.dropFirst())?" }
        return "Record \(count.counted("address")) of network \(network)" + (endsGoNodes ? ", and \(end)?" : "?")
    }
}

/// The network whose pods are adopted, and the cluster that lists them.
private struct AdoptionSubject: Sendable {
    let network: SelectedNetwork
    private let connection: Connection
    private let kubernetes: Kubernetes

    /// - Throws: ``Failure`` if nothing says which addresses the network has, or if there is no kubeconfig or it cannot be
    ///   used; `IPAMError.lookupFailed`.
    init(_ connection: Connection) async throws {
        network = try await connection.network(for: [])
        try network.requireRangeSets()
        self.connection = connection
        kubernetes = try await Kubernetes(of: network.name, connection, for: .adoption)
    }

    var pool: AddressPool { connection.pool(network.name) }

    /// Reads the store, and then lists the pods.
    func plan() async throws(IPAMError) -> Adoption {
        Terminal.progress("network \(network.name): reading the store and listing pods ...")
        defer { Terminal.progress("") }
        return try await pool.planAdoption(
            configured: network.rangeSets, cluster: kubernetes.cluster,
            observe: { () async throws(PodSourceError) -> Listing<Pod> in
                try await kubernetes.pods.pods(deadline: connection.deadline)
            }, now: Operator.now)
    }

    /// Records that the network has no Go nodes, if a new plan has no obstacle.
    func endGoNodes() async throws(IPAMError) -> AdoptionResult.Ending {
        let now = try await plan()
        guard now.hasGoNodes, now.remaining.isEmpty else { return .init(now, obstacles: now.remaining) }
        return try await pool.carryOut(pool.plan(.endGoNodes, rangeSets: network.rangeSets)) ? .done : .unchanged
    }
}

extension Adoption {
    /// The obstacles to the end of Go nodes, with the addresses that are not recorded yet.
    fileprivate var remaining: [String] {
        toRecord.map { "\($0.address) of \($0.who) is not recorded yet" } + obstacles
    }

    /// The addresses that can be recorded, and whose they are.
    fileprivate var toRecord: [(address: IPAddress, who: String)] {
        steps.filter { !$0.isConflict }.flatMap { step in step.addresses.map { ($0, step.who) } }
    }
}

import IPAMKit

/// The repairs of one network: shown, asked for, carried out.
struct AuditRepairs: Sendable {
    let look: AuditLook
    let findings: [AuditFinding]
    /// Of a dry run: what a second look would have to confirm.
    let toConfirm: [AuditFinding]

    /// - Returns: what was done, and what stopped it before its end; nil where nothing did.
    fileprivate func run(_ connection: Connection, _ change: ChangeOptions) async -> (
        repair: AuditResult.Repair, stop: (any Error)?
    ) {
        let network = look.report.network
        let planned = AuditResult.Repair(
            network: network, outcomes: findings.map { .init(finding: $0, isDone: true) }, toConfirm: toConfirm)
        guard !change.dryRun, !findings.isEmpty else { return (planned, nil) }
        var outcomes: [RepairOutcome] = []
        var stop: (any Error)?
        do {
            try Terminal.confirm(
                "Repair \(findings.count) \(findings.count == 1 ? "finding" : "findings") of network \(network)?",
                showing: planned.lines(isDryRun: true).joined(separator: "\n"), assumeYes: change.yes)
            let all = try await connection.pool(network).carryOut(
                RepairPlan(findings, of: look.snapshot), by: Operator.name, at: Operator.now(),
                progress: { some in
                    outcomes += some
                    Terminal.progress("network \(network): \(outcomes.count) of \(findings.count) repaired ")
                })
            outcomes = all
        } catch {
            stop = error
        }
        Terminal.progress("")
        return (AuditResult.Repair(network: network, outcomes: outcomes, toConfirm: []), stop)
    }
}

/// The repairs of several networks, one after the other, up to the first that cannot be finished.
struct RepairRun {
    private let networks: [NetworkName]
    private var repairs: [AuditResult.Repair] = []
    /// So many of the networks are through.
    private var finished = 0
    /// Why it stopped.
    private(set) var stop: (any Error)?

    /// - Parameter networks: all that are to be repaired, in their order.
    init(networks: [NetworkName]) {
        self.networks = networks
    }

    /// Repairs the next network.
    mutating func append(_ next: AuditRepairs, _ connection: Connection, _ change: ChangeOptions) async {
        let (repair, stop) = await next.run(connection, change)
        repairs.append(repair)
        self.stop = stop
        if stop == nil { finished += 1 }
    }

    /// Notes what keeps the next network from being repaired.
    mutating func fail(_ error: any Error) { stop = error }

    /// What was done, with what stopped it.
    ///
    /// - Throws: what stopped it, when nothing was done.
    func result(_ reports: [AuditReport], isWanted: (AuditFinding) -> Bool, isDryRun: Bool) throws -> AuditResult {
        var failure: Failure?
        if let stop {
            let done = repairs.map { (network: $0.network, count: $0.outcomes.count(where: \.isDone)) }
                .filter { $0.count > 0 }
            if done.isEmpty { throw stop }
            let what = done.map { "\($0.count) \($0.count == 1 ? "finding" : "findings") of network \($0.network)" }
            let rest = networks.dropFirst(finished).map { network in
                done.contains { $0.network == network } ? "the rest of network \(network)" : "network \(network)"
            }
            failure = .stopped(stop, done: what.joined(separator: ", "), rest: rest)
        }
        return AuditResult(
            reports: reports, isWanted: isWanted, repairs: repairs, isDryRun: isDryRun, stop: failure)
    }
}

import IPAMKit

/// What is to be repaired, and how.
struct RepairSettings: Sendable {
    let change: ChangeOptions
    /// The codes of `--include`.
    let included: Set<AuditCode>
    let grace: Grace
}

/// The repairs of several networks, one after the other, up to the first that cannot be finished.
struct RepairRun {
    private let settings: RepairSettings
    private let networks: [NetworkName]
    private var repairs: [AuditResult.Repair] = []
    /// How many networks are finished.
    private var finished = 0
    /// Why the run stopped.
    private(set) var stop: (any Error)?

    /// - Parameter networks: all that are to be repaired, in their order.
    init(_ settings: RepairSettings, networks: [NetworkName]) {
        self.settings = settings
        self.networks = networks
    }

    /// Repairs the next network: asks, and carries out what was confirmed.
    ///
    /// - Parameters:
    ///   - report: the findings of `check` that may be repaired.
    ///   - earlier: the report of an earlier check, which confirms findings that must be seen twice.
    /// - Returns: how many findings there were to repair, with those that a second check must confirm.
    @discardableResult
    mutating func repair(_ check: AuditCheck, _ report: AuditReport, confirmedBy earlier: AuditReport) async -> Int {
        let findings = report.repairable(
            including: settings.included, confirmedBy: earlier, grace: settings.grace.seconds)
        let isDryRun = settings.change.dryRun
        let toConfirm =
            isDryRun ? report.unconfirmed(including: settings.included).filter { !findings.contains($0) } : []
        let planned = AuditResult.Repair(
            network: report.network, outcomes: findings.map { .init(finding: $0, isDone: true) }, toConfirm: toConfirm)
        if isDryRun || findings.isEmpty {
            repairs.append(planned)
            finished += 1
        } else {
            await carryOut(planned, RepairPlan(findings, of: check.snapshot), check.pool)
        }
        return findings.count + toConfirm.count
    }

    private mutating func carryOut(_ planned: AuditResult.Repair, _ plan: RepairPlan, _ pool: AddressPool) async {
        let (network, count) = (planned.network, plan.findings.count)
        let tried = await settings.change.carryOut(
            asking: "Repair \(count.counted("finding")) of network \(network)?", showing: planned.lines(isDryRun: true),
            progress: { "network \(network): \($0) of \(count) repaired " }
        ) { report in try await pool.carryOut(plan, by: Operator.name, at: Operator.now(), progress: report) }
        repairs.append(AuditResult.Repair(network: network, outcomes: tried.steps, toConfirm: []))
        stop = tried.error
        if stop == nil { finished += 1 }
    }

    /// Notes what keeps the next network from being repaired.
    mutating func fail(_ error: any Error) { stop = error }

    /// What was done, and what stopped the run.
    ///
    /// - Throws: what stopped the run, if nothing was done.
    func result(_ reports: [AuditReport], isWanted: (AuditFinding) -> Bool) throws -> AuditResult {
        let done = repairs.map { (network: $0.network, count: $0.outcomes.count(where: \.isDone)) }
            .filter { $0.count > 0 }
        let texts = done.map { "\($0.count.counted("finding")) of network \($0.network)" }
        let rest = networks.dropFirst(finished).map { network in
            done.contains { $0.network == network } ? "the rest of network \(network)" : "network \(network)"
        }
        let failure = try CarriedOut(steps: repairs, error: stop).failure(
            done: texts.isEmpty ? nil : texts.joined(separator: ", "), rest: rest)
        return AuditResult(
            reports: reports, isWanted: isWanted, repairs: repairs, isDryRun: settings.change.dryRun, stop: failure)
    }
}

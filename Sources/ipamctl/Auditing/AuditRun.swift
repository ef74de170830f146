import IPAMKit

/// One run of `ipamctl audit`: every network is checked, then perhaps repaired.
struct AuditRun: Sendable {
    /// Empty for all codes.
    let only: [AuditCode]
    let holders: HolderOptions
    /// The container runtime's result cache, if this node is checked without Kubernetes.
    let nodeLocalCache: String?
    /// nil if nothing is to be repaired.
    let repairs: RepairSettings?

    func result(_ connection: Connection) async throws -> AuditResult {
        var subjects: [AuditSubject] = []
        for network in try await connection.networks() {
            try await connection.requireKnown(network)
            subjects.append(try await AuditSubject(network, connection, nodeLocalCache: nodeLocalCache))
        }
        let checks = try await check(subjects)
        guard let repairs else { return AuditResult(reports: checks.map(\.report), isWanted: isWanted) }
        return try await repair(checks, subjects, repairs)
    }

    private func repair(_ first: [AuditCheck], _ subjects: [AuditSubject], _ settings: RepairSettings) async throws
        -> AuditResult
    {
        var checks = first
        let unconfirmed = first.flatMap {
            $0.report.filtered(isWanted).unconfirmed(including: settings.included)
        }
        if !unconfirmed.isEmpty, settings.grace.seconds > 0, !settings.change.dryRun {
            try await settings.grace.wait(for: unconfirmed.count)
            checks = try await check(subjects)
        }
        var run = RepairRun(settings, networks: subjects.map(\.network))
        for (check, earlier) in zip(checks, first) where run.stop == nil {
            await run.repair(check, check.report.filtered(isWanted), confirmedBy: earlier.report)
        }
        return try run.result(checks.map(\.report), isWanted: isWanted)
    }

    private func check(_ subjects: [AuditSubject]) async throws -> [AuditCheck] {
        var checks: [AuditCheck] = []
        for subject in subjects { checks.append(try await subject.check()) }
        return checks
    }

    private func isWanted(_ finding: AuditFinding) -> Bool {
        (only.isEmpty || only.contains(finding.code)) && holders.admits(finding)
    }
}

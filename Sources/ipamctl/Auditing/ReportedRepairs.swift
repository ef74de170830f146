import IPAMKit

/// Repairs the findings of a saved report that a new audit confirms.
struct ReportedRepairs: Sendable {
    private let file: String
    private let reports: [AuditReport]
    private let settings: RepairSettings

    /// A saved report, and the first new check of its network.
    private struct Recheck {
        let saved: AuditReport
        let subject: AuditSubject
        var current: AuditCheck
    }

    /// - Throws: ``Failure`` if the file is not a report.
    init(file: String, included: Set<AuditCode>, change: ChangeOptions) throws(Failure) {
        self.file = file
        settings = RepairSettings(change: change, included: included, grace: .standard)
        reports = try AuditReportFile.read(file)
    }

    func result(_ connection: Connection) async throws -> AuditResult {
        Terminal.warn(reports.flatMap(\.unreadable))
        var all: [Recheck] = []
        // All networks are checked before anything is changed.
        for report in reports { all.append(try await check(report, connection)) }
        var run = RepairRun(settings, networks: reports.map(\.network))
        var checks: [AuditReport] = []
        for var recheck in all where run.stop == nil {
            do {
                try await confirm(&recheck)
            } catch {
                run.fail(error)
                break
            }
            checks.append(recheck.current.report)
            await repair(recheck, &run)
        }
        return try run.result(checks, isWanted: { _ in true })
    }

    /// Why not everything was repaired, although nothing stopped the run.
    func failure(_ result: AuditResult) -> Failure? {
        let unreadable = reports.flatMap(\.unreadable).count
        if unreadable > 0 {
            return Failure(.failed, "\(file): cannot use \(unreadable.counted("finding"))", hint: Self.hint)
        }
        let skipped = (result.repairs ?? []).flatMap(\.outcomes).count { !$0.isDone }
        return skipped > 0
            ? Failure(
                .conflict, "\(skipped.counted("finding")) had changed and were left alone", hint: Self.hint) : nil
    }

    private static let hint = "audit again: 'ipamctl audit'"

    private func check(_ report: AuditReport, _ connection: Connection) async throws -> Recheck {
        if let requested = connection.requested, requested != report.network {
            throw Failure(
                .conflict, "\(file) is about network \(report.network), not about \(requested)",
                hint:
                    "leave out --network and IPAMCTL_NETWORK, or write a report of that network: 'ipamctl audit --report'"
            )
        }
        let subject = try await AuditSubject(
            report.network, connection, nodeLocalCache: report.node == nil ? nil : ThisNode.cacheFolder)
        let current = try await subject.check()
        try requireSameStore(report, current.report)
        return Recheck(saved: report, subject: subject, current: current)
    }

    /// Checks again if the report is too new to confirm a finding that must be seen twice.
    private func confirm(_ recheck: inout Recheck) async throws {
        let age = recheck.current.report.at.seconds - recheck.saved.at.seconds
        let unconfirmed = recheck.saved.unconfirmed(including: settings.included)
        guard !unconfirmed.isEmpty, age < settings.grace.seconds, !settings.change.dryRun else { return }
        try await settings.grace.wait(after: age, for: unconfirmed.count)
        recheck.current = try await recheck.subject.check()
    }

    private func repair(_ recheck: Recheck, _ run: inout RepairRun) async {
        let known = Set(recheck.saved.findings.map(\.identity))
        let same = recheck.current.report.filtered { known.contains($0.identity) }
        let count = await run.repair(recheck.current, same, confirmedBy: recheck.saved)
        let asked = recheck.saved.findings.count { $0.repair != .none }
        guard asked > count else { return }
        Terminal.note(
            "network \(recheck.saved.network): \(asked - count) of \(asked) findings no longer exist, or need --include"
        )
    }

    /// - Throws: ``Failure`` for the report of another cluster, node or etcd.
    private func requireSameStore(_ report: AuditReport, _ now: AuditReport) throws(Failure) {
        func place(_ report: AuditReport) -> String {
            report.node.map { "node \($0)" } ?? "cluster \(report.cluster ?? "(without a name)")"
        }
        guard report.cluster == now.cluster, report.node == now.node else {
            throw Failure(
                .conflict, "\(file) is about \(place(report)), and this is \(place(now))", hint: Self.hint)
        }
        guard report.revision <= now.revision, report.at <= now.at else {
            throw Failure(
                .conflict,
                "\(file) is about another etcd, or from the future: it was written at revision \(report.revision), and this "
                    + "etcd is at revision \(now.revision)", hint: Self.hint)
        }
    }
}

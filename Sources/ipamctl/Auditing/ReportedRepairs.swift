import IPAMKit

/// Repairs the findings of a saved report that a new audit confirms.
struct ReportedRepairs: Sendable {
    private let file: String
    private let reports: [AuditReport]
    private let settings: RepairSettings

    /// A saved report, and the first new check of its network.
    private struct Checked {
        let report: AuditReport
        let subject: AuditSubject
        var look: AuditLook
    }

    /// - Throws: ``Failure`` if the file is not a report.
    init(file: String, included: Set<AuditCode>, change: ChangeOptions) throws(Failure) {
        self.file = file
        settings = RepairSettings(change: change, included: included, grace: .standard)
        reports = try AuditReportFile.read(file)
    }

    func result(_ connection: Connection) async throws -> AuditResult {
        Terminal.warn(reports.flatMap(\.unreadable))
        var all: [Checked] = []
        // All networks are checked before anything is changed.
        for report in reports { all.append(try await check(report, connection)) }
        var run = RepairRun(settings, networks: reports.map(\.network))
        var looks: [AuditReport] = []
        for var checked in all where run.stop == nil {
            do {
                try await confirm(&checked)
            } catch {
                run.fail(error)
                break
            }
            looks.append(checked.look.report)
            await repair(checked, &run)
        }
        return try run.result(looks, isWanted: { _ in true })
    }

    /// Why not everything was repaired, although nothing stopped the run.
    func failure(_ result: AuditResult) -> Failure? {
        let unreadable = reports.flatMap(\.unreadable).count
        if unreadable > 0 {
            return Failure(.failed, "\(file): cannot use \(unreadable.counted("finding"))", hint: Self.hint)
        }
        let skipped = (result.repairs ?? []).flatMap(\.outcomes).count { !$0.isDone }
        return skipped > 0 ? Failure(.conflict, "\(skipped.counted("finding")) had changed and were left alone") : nil
    }

    private static let hint = "audit again: 'ipamctl audit'"

    private func check(_ report: AuditReport, _ connection: Connection) async throws -> Checked {
        if let requested = connection.requested, requested != report.network {
            throw Failure(.conflict, "\(file) is about network \(report.network), not about \(requested)")
        }
        let subject = try await AuditSubject(
            report.network, connection, nodeLocalCache: report.node == nil ? nil : ThisNode.cacheFolder)
        let look = try await subject.look()
        try requireSameStore(report, look.report)
        return Checked(report: report, subject: subject, look: look)
    }

    /// Checks again if the report is too new to confirm a finding that must be seen twice.
    private func confirm(_ checked: inout Checked) async throws {
        let age = checked.look.report.at.seconds - checked.report.at.seconds
        let unconfirmed = checked.report.unconfirmed(including: settings.included)
        guard !unconfirmed.isEmpty, age < settings.grace.seconds, !settings.change.dryRun else { return }
        await settings.grace.wait(after: age, for: unconfirmed.count)
        checked.look = try await checked.subject.look()
    }

    private func repair(_ checked: Checked, _ run: inout RepairRun) async {
        let known = Set(checked.report.findings.map(\.identity))
        let same = checked.look.report.filtered { known.contains($0.identity) }
        let count = await run.repair(checked.look, same, confirmedBy: checked.report)
        let asked = checked.report.findings.count { $0.repair != .none }
        guard asked > count else { return }
        Terminal.note(
            "network \(checked.report.network): \(asked - count) of \(asked) findings no longer exist, or need --include"
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

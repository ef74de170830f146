import IPAMKit

/// Repairs what a saved report found, as far as a new look finds the same.
struct ReportedRepairs: Sendable {
    private let reports: [AuditReport]
    private let file: String
    private let included: Set<AuditCode>
    private let change: ChangeOptions

    /// - Throws: ``Failure`` when the file is no report.
    init(file: String, included: Set<AuditCode>, change: ChangeOptions) throws(Failure) {
        self.file = file
        self.included = included
        self.change = change
        reports = try AuditReportFile.read(file)
    }

    func run(_ global: GlobalOptions, _ format: OutputFormat) throws {
        let repairs = self
        let unreadable = reports.flatMap(\.unreadable)
        Terminal.warn(unreadable)
        let result = try connected(global) { connection in try await repairs.run(on: connection) }
        Terminal.print(format.render(result))
        if let stop = result.stop { throw stop }
        if !unreadable.isEmpty {
            throw Failure(
                .failed,
                "\(file): \(unreadable.count) \(unreadable.count == 1 ? "finding" : "findings") could not be used",
                hint: "audit again: 'ipamctl audit'")
        }
        let skipped = (result.repairs ?? []).flatMap(\.outcomes).count { !$0.isDone }
        if skipped > 0 { throw Failure(.conflict, "\(skipped) changed meanwhile and were left alone") }
    }

    private func run(on connection: Connection) async throws -> AuditResult {
        // All of them are checked before anything is changed.
        var subjects: [(report: AuditReport, subject: AuditSubject, look: AuditLook)] = []
        for report in reports {
            if let requested = connection.requested, requested != report.network {
                throw Failure(
                    .conflict, "\(file) is of network \(report.network), not of \(requested)")
            }
            let subject = try await AuditSubject(
                report.network, connection, nodeLocalCache: report.node == nil ? nil : ThisNode.cacheFolder)
            let look = try await subject.look()
            try requireSameStore(report, look.report)
            subjects.append((report, subject, look))
        }
        var looks: [AuditReport] = []
        var run = RepairRun(networks: reports.map(\.network))
        for (report, subject, first) in subjects where run.stop == nil {
            var look = first
            let grace = GraceArgument.standard
            let age = look.report.at.seconds - report.at.seconds
            let unconfirmed = report.unconfirmed(including: included)
            if !unconfirmed.isEmpty, age < grace, !change.dryRun {
                await GraceArgument.wait(grace - age, for: unconfirmed.count)
                do {
                    look = try await subject.look()
                } catch {
                    run.fail(error)
                    break
                }
            }
            let known = Set(report.findings.map(\.identity))
            let findings = look.report.repairable(including: included, confirmedBy: report, grace: grace)
                .filter { known.contains($0.identity) }
            let toConfirm =
                change.dryRun
                ? look.report.unconfirmed(including: included).filter {
                    known.contains($0.identity) && !findings.contains($0)
                } : []
            looks.append(look.report)
            await run.append(
                AuditRepairs(look: look, findings: findings, toConfirm: toConfirm), connection, change)
            let asked = report.findings.count { $0.repair != .none }
            let left = asked - findings.count - toConfirm.count
            if left > 0 {
                Terminal.note(
                    "network \(report.network): \(left) of \(asked) findings are no longer so, or are not to be repaired "
                        + "without --include")
            }
        }
        return try run.result(looks, isWanted: { _ in true }, isDryRun: change.dryRun)
    }

    /// - Throws: ``Failure`` for the report of another cluster, node or etcd.
    private func requireSameStore(_ report: AuditReport, _ now: AuditReport) throws(Failure) {
        guard report.cluster == now.cluster, report.node == now.node else {
            let of = report.node.map { "node \($0)" } ?? "cluster \(report.cluster ?? "(without a name)")"
            let here = now.node.map { "node \($0)" } ?? "cluster \(now.cluster ?? "(without a name)")"
            throw Failure(.conflict, "\(file) is of \(of), and this is \(here)", hint: "audit again: 'ipamctl audit'")
        }
        guard report.revision <= now.revision, report.at <= now.at else {
            throw Failure(
                .conflict,
                "\(file) is of another etcd, or of the future: it has seen revision \(report.revision), and this "
                    + "etcd is at \(now.revision)", hint: "audit again: 'ipamctl audit'")
        }
    }
}

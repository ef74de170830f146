import IPAMKit

/// What an audit found, and what a repair has done about it.
struct AuditResult: Renderable {
    /// The repairs of one network.
    struct Repair: Sendable {
        let network: NetworkName
        let outcomes: [RepairOutcome]
        let toConfirm: [AuditFinding]

        func lines(isDryRun: Bool) -> [String] {
            outcomes.map { outcome in
                let what = outcome.finding.address?.description ?? "network \(network)"
                guard outcome.isDone else { return "\(what) skipped: it changed meanwhile" }
                let repair = outcome.finding.repair
                return "\(what) \(isDryRun ? repair.phrase : repair.donePhrase) "
                    + "(\(outcome.finding.code.rawValue): \(outcome.finding.evidence))"
            }
                + toConfirm.map { finding in
                    "\(finding.address?.description ?? "network \(network)") \(finding.repair.phrase), when a second look says "
                        + "the same (\(finding.code.rawValue): \(finding.evidence))"
                }
        }
    }

    let reports: [AuditReport]
    /// The reports whole, for a file.
    let complete: JSONDocument
    /// Of the first reports, as far as the repairs came; nil where nothing was to be repaired.
    let repairs: [Repair]?
    let isDryRun: Bool
    /// Why the repairs stopped with a part of them done; nil where they did not.
    let stop: Failure?

    init(
        reports: [AuditReport], isWanted: (AuditFinding) -> Bool, repairs: [Repair]? = nil, isDryRun: Bool = false,
        stop: Failure? = nil
    ) {
        self.stop = stop
        self.reports = reports.map { $0.filtered(isWanted) }
        complete = JSONDocument(json: Self.json(reports))
        self.repairs = repairs
        self.isDryRun = isDryRun
    }

    struct JSONDocument: Sendable {
        let json: JSONValue
    }

    /// How many findings of this severity or above there are, less those that were repaired.
    func left(_ severity: AuditCode.Severity) -> Int {
        let found = reports.flatMap(\.findings).count { $0.code.severity >= severity }
        guard let repairs, !isDryRun else { return found }
        return found - repairs.flatMap(\.outcomes).count { $0.isDone && $0.finding.code.severity >= severity }
    }

    /// How many holders could not be judged.
    var unjudged: Int { reports.reduce(0) { $0 + $1.unjudged.values.reduce(0, +) } }

    /// The next step for the findings of this severity or above.
    func hint(_ severity: AuditCode.Severity) -> String? {
        let findings = reports.flatMap(\.findings).filter { $0.code.severity >= severity }
        if findings.contains(where: { $0.repair != .none && !$0.code.isRepairedOnlyWhenIncluded }) {
            return "'ipamctl audit --repair' repairs what is safe; --dry-run shows it first"
        }
        if let code = findings.first(where: { $0.repair != .none })?.code {
            return "'ipamctl audit --repair --include \(code.rawValue)' repairs it"
        }
        return nil
    }

    // MARK: Views

    private static func json(_ reports: [AuditReport]) -> JSONValue {
        reports.count == 1 ? reports[0].json : .array(reports.map(\.json))
    }

    var json: JSONValue {
        guard let repairs else { return Self.json(reports) }
        let documents = reports.enumerated().map { index, report -> JSONValue in
            guard index < repairs.count, var object = report.json.object else { return report.json }
            let repair = repairs[index]
            object["repaired"] = .array(
                repair.outcomes.map { outcome in
                    var json = outcome.finding.json.object ?? JSONObject()
                    json[isDryRun ? "dryRun" : "done"] = .bool(isDryRun || outcome.isDone)
                    return .object(json)
                })
            return .object(object)
        }
        return documents.count == 1 ? documents[0] : .array(documents)
    }

    var names: [String] { reports.flatMap(\.findings).compactMap { $0.address?.description } }

    func cells(wide: Bool) -> [[String]] {
        let header =
            ["NETWORK", "ADDRESS", "CODE", "SEVERITY", "REPAIR", "EVIDENCE"] + (wide ? ["NODE", "CONTAINER"] : [])
        return [header]
            + reports.flatMap { report in
                report.findings.map { finding in
                    let row = [
                        report.network.text, finding.address?.description ?? "", finding.code.rawValue,
                        finding.code.severity.rawValue, finding.repair.rawValue, finding.evidence,
                    ]
                    return row + (wide ? [finding.node ?? "", finding.holder?.containerID ?? ""] : [])
                }
            }
    }

    func text(wide: Bool) -> String {
        var text = ""
        let clean = reports.indices.filter(isClean)
        for (index, report) in reports.enumerated() where clean.count < 2 || !clean.contains(index) {
            if !text.isEmpty { text += "\n" }
            text += Self.summary(report)
            if !report.findings.isEmpty {
                text += "\n"
                let rows = report.findings.map { finding in
                    [
                        finding.address?.description ?? "", finding.code.rawValue,
                        finding.evidence
                            + (wide ? Self.repair(finding).map { " [\($0)]" } ?? "" : ""),
                    ]
                }
                text += TextTable.render([["ADDRESS", "CODE", "EVIDENCE"]] + rows)
            }
            guard let repairs, index < repairs.count else { continue }
            let repair = repairs[index]
            let lines = repair.lines(isDryRun: isDryRun)
            guard !lines.isEmpty else { continue }
            text += "\n" + lines.map { "\($0)\(isDryRun ? " (dry run)" : "")\n" }.joined()
            let skipped = repair.outcomes.count { !$0.isDone }
            if !isDryRun {
                text += "\(repair.outcomes.count - skipped) repaired"
                text += skipped > 0 ? ", \(skipped) skipped because they changed meanwhile\n" : "\n"
            }
        }
        guard clean.count > 1 else { return text }
        let names = clean.map { "\(reports[$0].network) (\(reports[$0].checked))" }.joined(separator: ", ")
        return text + (text.isEmpty ? "" : "\n")
            + "no findings in \(clean.count) networks (addresses used or reserved): \(names)\n"
    }

    /// Whether there is nothing to tell of a network but that it is in order.
    private func isClean(_ index: Int) -> Bool {
        let report = reports[index]
        guard report.findings.isEmpty, report.unjudged.isEmpty else { return false }
        guard let repairs else { return true }
        // A run that was stopped has not come to the later networks.
        return index < repairs.count && repairs[index].lines(isDryRun: isDryRun).isEmpty
    }

    private static func summary(_ report: AuditReport) -> String {
        let judge = report.node.map { "by node \($0) alone" } ?? "\(report.pods) \(report.pods == 1 ? "pod" : "pods")"
        var text =
            "network \(report.network): \(report.checked) \(report.checked == 1 ? "address" : "addresses") used or reserved, \(judge), "
        text += "revision "
        text += "\(report.revision)\n"
        let counts = Dictionary(grouping: report.findings, by: \.code)
        if counts.isEmpty { text += "  no findings\n" }
        let rows = AuditCode.allCases.compactMap { code -> [String]? in
            guard let findings = counts[code] else { return nil }
            let next = findings.compactMap(repair).first ?? "a person must decide"
            return ["  \(findings.count)", code.rawValue, code.severity.rawValue, next]
        }
        if !rows.isEmpty { text += TextTable.render(rows) }
        for (reason, count) in report.unjudged.sorted(by: { $0.key < $1.key }) {
            text += "  \(count) not judged: \(reason)\n"
            if let remedy = report.remedies[reason] { text += "    to judge: \(remedy)\n" }
        }
        return text
    }

    /// What repairs a finding, in words; nil where nothing does.
    private static func repair(_ finding: AuditFinding) -> String? {
        guard finding.repair != .none else { return nil }
        return "--repair" + (finding.code.isRepairedOnlyWhenIncluded ? " --include \(finding.code.rawValue)" : "")
            + " \(finding.repair.phrase)"
    }
}

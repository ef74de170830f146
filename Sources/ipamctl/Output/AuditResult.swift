import IPAMKit

/// What an audit found, and what was repaired.
struct AuditResult: Renderable {
    /// The repairs of one network.
    struct Repair: Sendable {
        let network: NetworkName
        let outcomes: [RepairOutcome]
        /// Of a dry run: what a second check would have to confirm.
        let toConfirm: [AuditFinding]

        func lines(isDryRun: Bool) -> [String] {
            func line(_ finding: AuditFinding, _ repair: String) -> String {
                "\(finding.address?.description ?? "network \(network)") \(repair)"
                    + " (\(finding.code.rawValue): \(finding.evidence))"
            }
            let lines = outcomes.map { outcome in
                let repair = outcome.finding.repair
                return line(
                    outcome.finding,
                    !outcome.isDone ? "skipped because it has changed" : isDryRun ? repair.phrase : repair.donePhrase)
            }
            return lines + toConfirm.map { line($0, "\($0.repair.phrase), if a second check confirms it") }
        }
    }

    private(set) var reports: [AuditReport]
    /// The complete reports, for a file.
    private let complete: [AuditReport]
    /// For the first reports, as far as the repairs came; nil if nothing was to be repaired.
    let repairs: [Repair]?
    let isDryRun: Bool
    /// Why the repairs stopped with a part of them done; nil if they did not.
    let stop: Failure?

    init(
        reports: [AuditReport], isWanted: (AuditFinding) -> Bool, repairs: [Repair]? = nil, isDryRun: Bool = false,
        stop: Failure? = nil
    ) {
        self.stop = stop
        self.reports = reports.map { $0.filtered(isWanted) }
        complete = reports
        self.repairs = repairs
        self.isDryRun = isDryRun
    }

    /// Writes the complete reports to a file.
    ///
    /// - Returns: the failure if they cannot be written: the result is printed all the same.
    func write(to file: ResultFile?) -> Failure? {
        do throws(Failure) {
            try file?.write(Self.json(complete).serialized(pretty: true))
            return nil
        } catch {
            return error
        }
    }

    // MARK: The exit status

    /// Why the command fails because of what it found; nil if it does not.
    ///
    /// - Parameter isStrict: whether holders that could not be judged count.
    func problems(_ severity: AuditCode.Severity, isStrict: Bool) -> Failure? {
        let left = left(severity)
        let unjudged = isStrict ? reports.reduce(0) { $0 + $1.unjudged.values.reduce(0, +) } : 0
        let parts =
            (left > 0 ? ["\(left.counted("finding"))\(repairs == nil ? "" : " left")"] : [])
            + (unjudged > 0 ? ["\(unjudged.counted("holder")) not judged"] : [])
        guard !parts.isEmpty else { return nil }
        let advice =
            if left == 0 {
                "the result says why, and what helps"
            } else {
                repairs == nil
                    ? hint(severity) : "'ipamctl audit' shows what is left; --include names codes to repair, too"
            }
        return Failure(.problems, parts.joined(separator: ", "), hint: advice)
    }

    /// The findings of this severity or above, except those that were repaired.
    private func left(_ severity: AuditCode.Severity) -> Int {
        let found = reports.flatMap(\.findings).count { $0.code.severity >= severity }
        guard let repairs, !isDryRun else { return found }
        return found - repairs.flatMap(\.outcomes).count { $0.isDone && $0.finding.code.severity >= severity }
    }

    /// The next step for the findings of this severity or above.
    private func hint(_ severity: AuditCode.Severity) -> String? {
        let findings = reports.flatMap(\.findings).filter { $0.code.severity >= severity && $0.repair != .none }
        if findings.contains(where: { !$0.code.isRepairedOnlyWhenIncluded }) {
            return "'ipamctl audit --repair' makes the safe repairs; --dry-run shows them first"
        }
        return findings.first.map { "'ipamctl audit --repair --include \($0.code.rawValue)' repairs it" }
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

    typealias Row = (network: NetworkName, finding: AuditFinding)

    static let columns: [Column<Row>] = [
        .network { $0.network.text },
        Column(title: "ADDRESS") { Cell($0.finding.address) },
        .text("CODE", shortening: .never, style: { $0.finding.code.severity.style }) { $0.finding.code.rawValue },
        .text("SEVERITY", shortening: .never, style: { $0.finding.code.severity.style }) {
            $0.finding.code.severity.rawValue
        },
        .text("REPAIR", shortening: .never) { $0.finding.repair.rawValue },
        .text("EVIDENCE", shortening: .end) { $0.finding.evidence },
        .text("NODE", .wide) { $0.finding.node },
        .text("CONTAINER", .wide) { $0.finding.holder?.containerID },
    ]

    var rows: [Row] { reports.flatMap(Self.rows) }

    private static func rows(_ report: AuditReport) -> [Row] { report.findings.map { (report.network, $0) } }

    /// Sorts the findings of each network.
    mutating func sort(_ sort: ([Row]) throws(Failure) -> [Row]) throws(Failure) {
        for index in reports.indices { reports[index].findings = try sort(Self.rows(reports[index])).map(\.finding) }
    }

    func text(_ layout: Layout, isWide: Bool) -> String? {
        let clean = reports.indices.filter(isClean)
        let shown = reports.indices.filter { clean.count < 2 || !clean.contains($0) }
        var sections = shown.map { section($0, layout, isWide: isWide) }
        if clean.count > 1 {
            let names = clean.map { "\(reports[$0].network) (\(reports[$0].checked))" }.joined(separator: ", ")
            sections.append("no findings in \(clean.count) networks (addresses used or reserved): \(names)\n")
        }
        return sections.joined(separator: "\n")
    }

    /// The summary of a network, its findings, and its repairs.
    private func section(_ index: Int, _ layout: Layout, isWide: Bool) -> String {
        let report = reports[index]
        var text = Self.summary(report, layout)
        if !report.findings.isEmpty {
            text +=
                "\n"
                + TextTable(columns: Self.findings(report, isWide: isWide)).wrapped(
                    to: isWide ? nil : layout.screen.columns
                ).render(hasColor: layout.screen.hasColor)
        }
        guard let repairs, index < repairs.count else { return text }
        let lines = repairs[index].lines(isDryRun: isDryRun)
        if lines.isEmpty { return text }
        text += "\n" + lines.map { "\(Terminal.harmless($0))\(isDryRun ? " (dry run)" : "")\n" }.joined()
        if isDryRun { return text }
        let skipped = repairs[index].outcomes.count { !$0.isDone }
        return text + "\(repairs[index].outcomes.count - skipped) repaired"
            + (skipped > 0 ? ", \(skipped) skipped because they have changed\n" : "\n")
    }

    /// The evidence is wrapped and never cut: it is the reason for a decision.
    private static func findings(_ report: AuditReport, isWide: Bool) -> [TextTable.Column] {
        let findings = report.findings
        return [
            .init(header: "ADDRESS", findings.map { $0.address?.description ?? "" }),
            .init(header: "CODE", findings.map(\.code.rawValue)) { findings[$0].code.severity.style },
            .init(
                header: "EVIDENCE",
                findings.map { finding in
                    let repair = isWide ? repair(finding).map { " [\($0)]" } ?? "" : ""
                    return DisplayText.visible(finding.evidence + repair)
                }),
        ]
    }

    /// Whether a network has no findings, no repairs, and no holder that could not be judged.
    private func isClean(_ index: Int) -> Bool {
        let report = reports[index]
        guard report.findings.isEmpty, report.unjudged.isEmpty else { return false }
        guard let repairs else { return true }
        // A run that was stopped did not reach the later networks.
        return index < repairs.count && repairs[index].lines(isDryRun: isDryRun).isEmpty
    }

    private static func summary(_ report: AuditReport, _ layout: Layout) -> String {
        let source = report.node.map { "by node \($0) alone" } ?? report.pods.counted("pod")
        var text = "network \(report.network): \(report.checked.counted("address")) used or reserved, \(source), "
        text += "revision \(report.revision)\n"
        let counts = Dictionary(grouping: report.findings, by: \.code)
        if counts.isEmpty { text += "  no findings\n" }
        let codes = AuditCode.allCases.filter { counts[$0] != nil }
        let next = codes.map { counts[$0]?.compactMap(repair).first ?? "needs manual action" }
        if !codes.isEmpty {
            text += TextTable(columns: [
                .init(codes.map { "  \(counts[$0]?.count ?? 0)" }), .init(codes.map(\.rawValue)),
                .init(codes.map(\.severity.rawValue)) { codes[$0].severity.style }, .init(next),
            ]).render(hasColor: layout.screen.hasColor)
        }
        for (reason, count) in report.unjudged.sorted(by: { $0.key < $1.key }) {
            text += Terminal.harmless("  \(count) not judged: \(reason)\n")
            if let remedy = report.remedies[reason] { text += Terminal.harmless("    to judge: \(remedy)\n") }
        }
        return text
    }

    /// The option that repairs a finding, and what it does; nil if nothing repairs it.
    private static func repair(_ finding: AuditFinding) -> String? {
        guard finding.repair != .none else { return nil }
        return "--repair" + (finding.code.isRepairedOnlyWhenIncluded ? " --include \(finding.code.rawValue)" : "")
            + " \(finding.repair.phrase)"
    }
}

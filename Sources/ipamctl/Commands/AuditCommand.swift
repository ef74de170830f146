import ArgumentParser
import HTTPTransport
import IPAMKit

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Find addresses that leaked, and free them.",
        discussion: """
            Reads the store, then lists the pods and nodes of Kubernetes, then judges. An address that any live pod \
            reports is never freed.

              ipamctl audit
              ipamctl audit --repair
              ipamctl audit --report leaks.json, and later ipamctl release --from-report leaks.json

            A holder that is gone with its node is freed at once; one that only looks gone is looked at again after \
            --grace. Exit status 5: there are findings of --severity or above (with --repair: some are left), or with \
            --strict holders that could not be judged.
            """, aliases: ["check"])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var change: ChangeOptions

    @Option(help: "Only findings of this code, such as leaked. May be given more than once.")
    var only: [AuditCode] = []

    @Option(help: "Only findings about pods of this namespace.")
    var namespace: String?

    @Option(help: "Only findings about holders on this node.")
    var node: String?

    @Option(
        help: """
            Which findings make the exit status 5: error, warning (and error), or info (all). The others are shown all \
            the same.
            """)
    var severity = AuditCode.Severity.warning

    @Flag(help: "Exit status 5 also when a holder could not be judged.")
    var strict = false

    @Flag(help: "Repair what can be repaired safely.")
    var repair = false

    @Option(
        help: """
            Also repair findings of this code: unverified, doubtful, node-gone, untracked, reservation-orphaned or \
            stale-lock.
            """)
    var include: [AuditCode] = []

    @Option(
        help:
            "How long after the first look what only looks gone is looked at again, such as 2m (default: 60s); 0 for one look.",
        transform: GraceArgument.init(parsing:))
    var grace: GraceArgument?

    @Option(
        help:
            "Write all findings to this file, to act on later; - writes them to standard output instead of the result.")
    var report: String?

    @Flag(help: "Judge the containers of this node alone, by its network namespaces, without Kubernetes.")
    var nodeLocal = false

    @Option(help: "The container runtime's result cache, for --node-local.")
    var cniCache = ThisNode.cacheFolder

    func validate() throws {
        if change.dryRun || change.yes || !include.isEmpty || grace != nil, !repair {
            throw ValidationError("--dry-run, --yes, --include and --grace go with --repair")
        }
        if grace?.seconds == 0, !include.isEmpty {
            throw ValidationError("--grace 0 does not go with --include: what is not certain must be seen twice")
        }
        for code in include where !code.isRepairedOnlyWhenIncluded {
            throw ValidationError("--include \(code.rawValue): that is repaired anyway, or never")
        }
    }

    func run() throws {
        let command = self
        let result = try connected(global) { connection in try await command.run(on: connection) }
        Terminal.progress("")
        var unwritten: Failure?
        if let report {
            do throws(Failure) {
                try ResultFile.write(result.complete.json.serialized(pretty: true) + "\n", to: report)
            } catch {
                unwritten = error
            }
        }
        if report.map(ResultFile.isStandardOutput) != true { Terminal.print(output.output.render(result)) }
        if let failure = result.stop ?? unwritten ?? problems(result) { throw failure }
    }

    /// Why the exit status is 5.
    private func problems(_ result: AuditResult) -> Failure? {
        let left = result.left(severity)
        let unjudged = strict ? result.unjudged : 0
        var parts: [String] = []
        if left > 0 { parts.append("\(left) \(left == 1 ? "finding" : "findings")\(repair ? " left" : "")") }
        if unjudged > 0 { parts.append("\(unjudged) \(unjudged == 1 ? "holder" : "holders") not judged") }
        guard !parts.isEmpty else { return nil }
        return Failure(
            .problems, parts.joined(separator: ", "), hint: repair || left == 0 ? nil : result.hint(severity))
    }

    private func run(on connection: Connection) async throws -> AuditResult {
        let subjects = try await AuditSubject.all(connection, nodeLocalCache: nodeLocal ? cniCache : nil)
        var looks = try await look(subjects)
        guard repair else { return AuditResult(reports: looks.map(\.report), isWanted: isWanted) }
        let earlier = looks.map(\.report)
        let grace = grace?.seconds ?? GraceArgument.standard
        let unconfirmed = earlier.flatMap { $0.filtered(isWanted).unconfirmed(including: Set(include)) }
        if !unconfirmed.isEmpty, grace > 0, !change.dryRun {
            await GraceArgument.wait(grace, for: unconfirmed.count)
            looks = try await look(subjects)
        }
        var run = RepairRun(networks: looks.map(\.report.network))
        for (look, earlier) in zip(looks, earlier) where run.stop == nil {
            let wanted = look.report.filtered(isWanted)
            let sure = wanted.repairable(including: Set(include), confirmedBy: earlier, grace: grace)
            let later = change.dryRun ? wanted.unconfirmed(including: Set(include)).filter { !sure.contains($0) } : []
            await run.append(AuditRepairs(look: look, findings: sure, toConfirm: later), connection, change)
        }
        return try run.result(looks.map(\.report), isWanted: isWanted, isDryRun: change.dryRun)
    }

    private func look(_ subjects: [AuditSubject]) async throws -> [AuditLook] {
        var looks: [AuditLook] = []
        for subject in subjects { looks.append(try await subject.look()) }
        return looks
    }

    private func isWanted(_ finding: AuditFinding) -> Bool {
        if !only.isEmpty, !only.contains(finding.code) { return false }
        if let namespace, finding.namespace != namespace { return false }
        if let node, finding.node != node { return false }
        return true
    }
}

extension AuditCode: ExpressibleByArgument {}
extension AuditCode.Severity: ExpressibleByArgument {}

/// `--grace`: a span of time, or 0.
struct GraceArgument {
    static let standard = Suspect.confirmationSeconds

    let seconds: Int64

    /// - Throws: `ValidationError` that says how a span is written.
    init(parsing text: String) throws {
        seconds = ["0", "0s"].contains(text) ? 0 : try DurationArgument(parsing: text).seconds
    }

    /// Waits between two looks, and says so.
    static func wait(_ seconds: Int64, for count: Int) async {
        let what = "\(count) \(count == 1 ? "holder" : "holders") may still be stopping"
        Terminal.note("\(what): looking again in \(seconds) s")
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            Terminal.progress("looking again in \((end - .now).components.seconds + 1) s ")
            await TransferLoop.current.sleep(until: min(end, .now + .seconds(1)))
        }
        Terminal.progress("")
    }
}

import ArgumentParser
import IPAMKit

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Find leaked addresses and other problems, and repair them.",
        discussion: CommandHelp(
            """
            Reads the store, then lists the pods and nodes in Kubernetes, and compares them. An address that a live pod \
            reports is never freed.

            With --repair, an address is freed at once if its pod is certainly gone. If the pod only appears to be gone, \
            ipamctl checks again after --grace. Exit status \(Failure.Status.problems.rawValue): there are findings of \
            --severity or above (with --repair: some are left), or, with --strict, holders that could not be judged.
            """,
            examples: [
                .init(
                    "Find leaked addresses and other problems; exit status \(Failure.Status.problems.rawValue) if there are any",
                    "ipamctl audit"),
                .init(
                    "Only leaked addresses of one node; exit status \(Failure.Status.problems.rawValue) if there are any",
                    "ipamctl audit --only leaked --node n9"),
                .init(
                    "Save the findings for a later repair; exit status \(Failure.Status.problems.rawValue) if there are any",
                    "ipamctl audit --report leaks.json"),
                .init("Repair the saved findings that still exist", "ipamctl release --from-report leaks.json"),
                .init("Show what a repair would do, and change nothing", "ipamctl audit --repair --dry-run"),
                .init("Repair what can be repaired safely", "ipamctl audit --repair"),
            ]
        ).discussion,
        aliases: ["check"])

    @Option(help: ArgumentHelp("Only findings of this code. May be given more than once.", valueName: "code"))
    var only: [AuditCode] = []

    @Option(help: "The lowest severity of a finding that makes the exit status \(Failure.Status.problems.rawValue).")
    var severity = AuditCode.Severity.warning

    @Flag(help: "Exit status \(Failure.Status.problems.rawValue) also if a holder could not be judged.")
    var strict = false

    @Flag(help: "Repair what can be repaired safely.")
    var repair = false

    @OptionGroup var included: IncludeOptions

    @Option(
        help: ArgumentHelp(
            "How long to wait before re-checking holders that appear to be gone; 0: no re-check. Default: \(Grace.standard).",
            valueName: "span"),
        transform: Grace.init(argument:))
    var grace: Grace?

    @Option(
        help: ArgumentHelp(
            "Write all findings to this file, for 'release --from-report'; with -, they replace the result.",
            valueName: "file"))
    var report: ResultFile?

    @Flag(help: "Check only the containers of this node, by their network namespaces, without Kubernetes.")
    var nodeLocal = false

    @Option(help: ArgumentHelp("The container runtime's result cache, for --node-local.", valueName: "folder"))
    var cniCache = ThisNode.cacheFolder

    @OptionGroup var holders: HolderOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        try output.check(AuditResult.self)
        if change.dryRun || change.yes || !included.codes.isEmpty || grace != nil, !repair {
            throw ValidationError("--dry-run, --yes, --include and --grace go with --repair")
        }
        if grace?.seconds == 0, !included.codes.isEmpty {
            throw ValidationError("--grace 0 excludes --include: these findings must be seen twice")
        }
    }

    func run() throws {
        let run = AuditRun(
            only: only, holders: holders, nodeLocalCache: nodeLocal ? cniCache : nil,
            repairs: repair ? .init(change: change, included: included.codes, grace: grace ?? .standard) : nil)
        let result = try connected(global) { try await run.result($0) }
        let unwritten = result.write(to: report)
        if report?.isStandardOutput != true { try output.print(result) }
        if let failure = result.stop ?? unwritten ?? result.problems(severity, isStrict: strict) { throw failure }
    }
}

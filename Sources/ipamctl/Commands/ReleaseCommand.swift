import ArgumentParser
import IPAMKit

struct ReleaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Drop reservations, and free leaked addresses.",
        discussion: CommandHelp(
            """
            Drops the reservation of each address. A pod that uses the address keeps it, unless --force frees it: if the \
            pod is still running, it then shares its address with the next pod that gets it.

            --from-report repairs the findings of a report of 'ipamctl audit' that a new audit confirms. It does not need \
            --force, and takes --include.
            """,
            examples: [
                .init(
                    "Drop the reservation of an address; a pod that uses it keeps it", "ipamctl release 10.188.0.216"),
                .init("Drop all reservations of a range", "ipamctl release 10.188.0.20-10.188.0.29"),
                .init(
                    "Free the addresses of a pod that is certainly gone, without checking",
                    "ipamctl release --pod default/db-0 --force"),
                .init(
                    "Save what an audit finds; exit status \(Failure.Status.problems.rawValue) if it finds something",
                    "ipamctl audit --report leaks.json"),
                .init("Repair the saved findings that still exist", "ipamctl release --from-report leaks.json"),
            ]
        ).discussion)

    @Argument(
        help: "Addresses, ranges a-b or CIDRs. Of a range, only the addresses that are used or reserved.",
        transform: AddressSelection.init(argument:))
    var addresses: [AddressSelection] = []

    @Option(
        help: ArgumentHelp(
            "Only what this container uses: its ID, or the first \(ContainerPrefix.shortest) characters or more of it.",
            valueName: "id"),
        transform: ContainerPrefix.init(argument:))
    var container: ContainerPrefix?

    @Option(
        help: ArgumentHelp(
            "All reservations of this plan. Pods that use such addresses keep them until they end.", valueName: "name"),
        transform: PlanName.init(argument:))
    var plan: PlanName?

    @Option(
        help: ArgumentHelp(
            "Repair the findings of this report, which 'ipamctl audit --report' wrote.", valueName: "file"))
    var fromReport: String?

    @OptionGroup var included: IncludeOptions

    @Flag(help: "Also free addresses in use, with all other addresses of the same interface.")
    var force = false

    @OptionGroup var holders: HolderOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if fromReport == nil { try output.check(ChangeList.self) } else { try output.check(AuditResult.self) }
        let sources = [!addresses.isEmpty, holders.isGiven, container != nil, plan != nil, fromReport != nil].count {
            $0
        }
        let names = "addresses, --pod/--namespace/--node, --container, --plan or --from-report"
        if sources == 0 { throw ValidationError("name what to release: \(names)") }
        if sources > 1 { throw ValidationError("use only one of: \(names)") }
        try AddressSelection(addresses).requireWithinLimit()
        if !included.codes.isEmpty, fromReport == nil { throw ValidationError("--include goes with --from-report") }
    }

    func run() throws {
        if let fromReport {
            let repairs = try ReportedRepairs(file: fromReport, included: included.codes, change: change)
            let result = try connected(global) { try await repairs.result($0) }
            try output.print(result)
            if let failure = result.stop ?? repairs.failure(result) { throw failure }
        } else {
            let run = ReleaseRun(
                change: change, force: force,
                selection: .init(
                    ranges: AddressSelection(addresses).ranges, holders: holders, container: container,
                    plan: plan))
            try output.finish(try connected(global) { try await run.result($0) })
        }
    }
}

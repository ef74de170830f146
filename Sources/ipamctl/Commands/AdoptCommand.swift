import ArgumentParser
import IPAMKit

struct AdoptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt", abstract: "Record the addresses that the Go plugin gave to running pods.",
        discussion: CommandHelp(
            """
            Reads the store, then lists the pods in Kubernetes. Writes an attachment for each used key of the Go plugin. \
            An address that a pod reports and that nobody recorded is reserved for that pod, or for its Deployment; if \
            only the pod's network-status annotation reports it, it is reserved for the pods of the namespace that ask \
            for it. Addresses that are recorded for another pod are listed and left unchanged, and the exit status is \
            \(Failure.Status.conflict.rawValue). The command can be run again at any time.

            --no-go-nodes records that no node runs the Go plugin any more, so that kube-ipam stops searching for its \
            records. It is refused, with a list of obstacles, as long as an address may be in use without a record.
            """,
            examples: [
                .init("Show what would be recorded, and change nothing", "ipamctl adopt k8snetwork --dry-run"),
                .init("Record the addresses", "ipamctl adopt k8snetwork"),
                .init(
                    "When no node runs the Go plugin any more: end the search for its records",
                    "ipamctl adopt k8snetwork --no-go-nodes"),
            ]
        ).discussion)

    @Flag(help: "If all addresses are recorded, record that no node runs the Go plugin any more.")
    var noGoNodes = false

    @OptionGroup var subject: NetworkArgument
    @OptionGroup var change: ChangeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        try subject.validate(global)
        try output.check(AdoptionResult.self)
    }

    func run() throws {
        let run = AdoptionRun(change: change, endsGoNodes: noGoNodes)
        let result = try connected(subject.applied(to: global)) { try await run.result($0) }
        try output.print(result)
        for obstacle in result.shownObstacles { Terminal.note(obstacle) }
        if let failure = result.failure { throw failure }
    }
}

import ArgumentParser
import IPAMKit

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Print what happens to addresses, as it happens.",
        discussion: CommandHelp(
            """
            Prints a line for each event: given, freed, taken-over, reserved, updated, released, expired and suspected \
            for an address; held, unheld and configured for a network. Covers all networks unless --network names one. \
            With --pod, --namespace or --node, events of other holders and of networks are left out.

            Runs until Ctrl-C (exit status 130), or until the reader of its output has gone. If etcd cannot be reached \
            any more, it keeps trying; after that it continues without losing or repeating events. If etcd has compacted \
            events in the meantime, a line on standard error says so, and with json and yaml also an event: \
            {"event": "lost", "fromRevision": N, "toRevision": N}.

            With -o json, each event is one line (JSON Lines); with -o yaml, one document. Times are those of this \
            machine, revisions those of etcd.
            """,
            examples: [
                .init("Print all events", "ipamctl watch"),
                .init("Print the events of one pod", "ipamctl watch --pod default/db-0"),
                .init("Print the events of one network for another program", "ipamctl watch -n k8snetwork -o json"),
            ]
        ).discussion)

    @Option(
        help: ArgumentHelp(
            "Start with the events after this revision of etcd, if etcd still has them.", valueName: "revision"))
    var sinceRevision: Int64?

    @OptionGroup var holders: HolderOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        try output.check(EventLine.self)
        if output.table.sortBy != nil { throw ValidationError("--sort-by: events are printed in their order") }
        if let sinceRevision, sinceRevision < 0 { throw ValidationError("--since-revision must not be negative") }
    }

    func run() throws {
        let run = WatchRun(output: output, holders: holders, sinceRevision: sinceRevision)
        try connected(global) { try await run.run($0) }
    }
}

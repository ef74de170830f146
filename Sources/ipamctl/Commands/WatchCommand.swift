import ArgumentParser
import IPAMKit

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Print what happens to addresses, as it happens.",
        discussion: """
            Prints a line for each event: given, freed, taken-over, reserved, updated, released, expired and suspected \
            for an address; held, unheld and configured for a network. Covers all networks unless --network names one. \
            With --pod, --namespace or --node, events of other holders and of networks are left out.

            Runs until Ctrl-C (exit status 130), or until the reader of its output has gone. While etcd cannot be reached, \
            it keeps trying; after that it continues without losing or repeating events. If etcd has compacted \
            events in the meantime, a line on standard error says so, and with json and yaml also an event: \
            {"event": "lost", "fromRevision": N, "toRevision": N}.

            With -o json, each event is one line (JSON Lines); with -o yaml, one document. Times are those of this \
            machine, revisions those of etcd.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var holders: HolderOptions

    @Option(help: "Start with the events after this revision of etcd, if etcd still has them.")
    var sinceRevision: Int64?

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

import ArgumentParser
import IPAMKit

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Restore a network from a file that 'ipamctl backup' has written.",
        discussion: CommandHelp(
            """
            Restore compares the file with the store and shows the difference. Keys that the store does not have are \
            added. Keys that the store has and the file does not have, or has with another value, are newer, or may be: \
            then nothing is changed, and the exit status is 3, unless --keep-newer or --force is given. Histories that \
            the store has are always kept.

            The network is put on hold before anything else is changed, and stays on hold: first free what has leaked \
            and reserve what pods use without a record ('ipamctl audit --repair --include untracked'), then lift the hold \
            with 'ipamctl unhold'. A restore that was stopped is finished by running it again.
            """,
            examples: [
                .init("Show what a restore would change", "ipamctl restore -n k8snetwork networks.backup --dry-run"),
                .init("Restore a network from a compressed file", "gunzip -c k8snetwork.gz | ipamctl restore -"),
                .init(
                    "Restore only what is missing", "ipamctl restore -n k8snetwork networks.backup --keep-newer"),
            ]
        ).discussion)

    @Argument(help: "The file to read; - is standard input.")
    var file: BackupPath

    @Flag(help: "Keep what is newer in the store, and what belongs to the same addresses; restore the rest.")
    var keepNewer = false

    @Flag(help: "Overwrite and delete what is newer in the store. Pods may lose the record of their addresses.")
    var force = false

    @OptionGroup var change: ChangeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if keepNewer, force { throw ValidationError("--keep-newer and --force exclude each other") }
        try output.check(RestoreResult.self)
    }

    func run() throws {
        let run = RestoreRun(
            path: file, newer: force ? .overwrite : keepNewer ? .keep : .refuse, change: change)
        let result = try connected(global) { try await run.result($0) }
        try output.print(result)
        if let advice = result.advice { Terminal.note(advice) }
        if let failure = result.failure { throw failure }
    }
}

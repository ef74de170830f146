import ArgumentParser
import IPAMKit

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Write all keys of a network, or of all networks, to a file.",
        discussion: CommandHelp(
            """
            All keys are read at one revision of etcd. The file has one JSON text on each line, and ends with a checksum; \
            it appears whole or not at all. The file - is standard output; then nothing else is printed. Without \
            --network, all networks are backed up.
            """,
            examples: [
                .init("Back up all networks", "ipamctl backup networks.backup"),
                .init("Back up one network, compressed", "ipamctl backup -n k8snetwork - | gzip >k8snetwork.gz"),
            ]
        ).discussion)

    @Argument(help: "The file to write; - is standard output.")
    var file: BackupPath

    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if file.isStandardOutput, output.given != nil {
            throw ValidationError("-o does not apply if standard output is the backup")
        }
        try output.check(BackupResult.self)
    }

    func run() throws {
        let run = BackupRun(path: file)
        let result = try connected(global) { try await run.result($0) }
        if !file.isStandardOutput { try output.print(result) }
    }
}

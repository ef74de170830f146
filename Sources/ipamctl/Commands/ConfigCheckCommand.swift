import ArgumentParser
import IPAMKit

struct ConfigCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Show all errors in CNI configurations, and what may be a mistake.",
        discussion: CommandHelp(
            """
            Files are plugin configurations, lists (.conflist), Multus configurations with delegates, and manifests (YAML or \
            JSON) with NetworkAttachmentDefinitions. Of a folder, the files that a runtime reads are checked, and manifests. \
            Each error has its place and the key. Exit status \(Failure.Status.failed.rawValue): there is an error; \
            warnings do not count.

            Warnings are about keys that are not known, CNI versions that older programs do not take, files that do not \
            exist on this machine, and networks that are configured twice or overlap. --network shows only one network.
            """,
            examples: [
                .init("Check the files of this node", "ipamctl config check"),
                .init("Check a file before it is installed", "ipamctl config check 10-k8s.conf"),
                .init("Check what a program writes", "ipamctl config check - <10-k8s.conf"),
                .init(
                    "Check a manifest, and print the results for a program",
                    "ipamctl config check database.yaml -o json"),
            ]
        ).discussion)

    @Argument(help: "Files or folders; - is standard input. Default: as for --config.")
    var file: [String] = []

    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        try output.check(ConfigCheckList.self)
        if !file.isEmpty, global.config != nil || global.nad != nil {
            throw ValidationError("--config and --nad do not go with files as arguments")
        }
    }

    func run() throws {
        let list = try ConfigCheckRun.list(file, global)
        try output.print(list)
        if let failure = list.failure { throw failure }
        if output.format == .table { Terminal.note(list.summary) }
    }
}

import ArgumentParser
import IPAMKit

struct ConfigShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a CNI configuration with the defaults of all keys.",
        discussion: CommandHelp(
            """
            The table says for each key whether its value is in the file or a default. -o json and -o yaml print the \
            complete configuration, which the plugin accepts; defaults that each node finds out for itself are left out.

            Secrets are never printed: they are null in JSON, so that the plugin finds none instead of a wrong one. Members \
            of any object count as secrets whose names contain token, password, passwd, passphrase, secret, privateKey or \
            keyData.
            """,
            examples: [
                .init("Show the only network of this node", "ipamctl config show"),
                .init("Show a file", "ipamctl config show 10-k8s.conf"),
                .init("Print the complete configuration of a network", "ipamctl config show -n k8snetwork -o json"),
            ]
        ).discussion)

    @Argument(help: "A CNI file. Default: as for --config.")
    var file: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        try output.check(ConfigMembers.self)
        if file != nil, global.config != nil || global.nad != nil {
            throw ValidationError("--config and --nad do not go with a file as the argument")
        }
    }

    func run() throws {
        let members = try ConfigShowRun(options: global, file: file).members()
        try output.print(members)
        let secrets = members.rows.filter { $0.value == nil && $0.origin == .file }.map(\.key)
        if !secrets.isEmpty, !output.format.hasColumns, output.format != .name {
            Terminal.note("note: secrets are not printed, and are null: \(secrets.joined(separator: ", "))")
        }
    }
}

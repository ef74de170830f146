import ArgumentParser

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Check, show and generate CNI configurations.",
        discussion: CommandHelp(
            """
            These commands work on the files that configure the plugin, and change nothing in etcd. 'man kube-ipam.conf' \
            explains every key.
            """,
            examples: [
                .init("Check the files of this node", "ipamctl config check"),
                .init("Show a configuration with all defaults", "ipamctl config show"),
            ]
        ).discussion,
        subcommands: [ConfigCheckCommand.self, ConfigShowCommand.self, ConfigGenerateCommand.self])
}

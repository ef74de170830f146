import ArgumentParser
import IPAMKit

struct Ipamctl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: ProgramName.current.command,
        abstract: "List, reserve, release and audit the IP addresses of kube-ipam networks.",
        discussion: CommandHelp(
            """
            ipamctl works on the etcd keyspace of the kube-ipam CNI plugin. It reads the network's name and etcd's \
            endpoints from the CNI configuration (\(ConfigurationFolder.standard)). Options and IPAMCTL_* variables \
            override the file. ETCDCTL_* variables are used only if no CNI file has etcd's endpoints. Every subcommand's \
            help lists these options.

            A command that changes something shows it and asks first if it runs on a terminal; --yes omits the question, \
            and --dry-run only shows the change.

            Exit status: 0 success\(Failure.Status.allCases.map { ", \($0.rawValue) \($0.meaning)" }.joined()).

            The manual has more: 'man ipamctl', 'man ipamctl-reserve' and so on.
            """,
            examples: [
                .init("Show the networks and how full they are", "ipamctl networks"),
                .init("List the addresses that are used or reserved", "ipamctl list"),
                .init("Show everything about one address", "ipamctl show 10.188.0.216"),
                .init(
                    "Reserve three fixed addresses for the pods of the StatefulSet db",
                    "ipamctl reserve --next 3 --for default/sts/db"),
                .init(
                    "Find leaked addresses and other problems; exit status 5 if there are any", "ipamctl audit"),
            ]
        ).discussion,
        version: "ipamctl \(ProductVersion.text)",
        groupedSubcommands: [
            CommandGroup(
                name: "Query",
                subcommands: [
                    NetworksCommand.self, MapCommand.self, ListCommand.self, ShowCommand.self, HistoryCommand.self,
                    WatchCommand.self,
                ]),
            CommandGroup(
                name: "Reservation",
                subcommands: [
                    ReserveCommand.self, ExtendCommand.self, NoteCommand.self, ReleaseCommand.self,
                    PreflightCommand.self,
                ]),
            CommandGroup(
                name: "Maintenance",
                subcommands: [
                    AuditCommand.self, DoctorCommand.self, HoldCommand.self, UnholdCommand.self, AdoptCommand.self,
                    BackupCommand.self, RestoreCommand.self, ConfigCommand.self,
                ]),
            CommandGroup(
                name: "Other",
                subcommands: [ShellCommand.self, CompletionCommand.self, VersionCommand.self, CompleteCommand.self]),
        ])
}

import ArgumentParser
import IPAMKit

struct Ipamctl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: ProgramName.current.command,
        abstract: "List, reserve, release and audit the IP addresses of kube-ipam networks.",
        discussion: """
            ipamctl works on the etcd keyspace of the kube-ipam CNI plugin. It reads the network's name and etcd's \
            endpoints from the CNI configuration (\(ConfigurationFolder.standard)). Options and IPAMCTL_* variables \
            override the file. ETCDCTL_* variables are used only if no CNI file has etcd's endpoints.

            Exit status: 0 success\(Failure.Status.allCases.map { ", \($0.rawValue) \($0.meaning)" }.joined()).
            """,
        version: "ipamctl \(ProductVersion.text)",
        subcommands: [
            NetworksCommand.self, ListCommand.self, ShowCommand.self, ReserveCommand.self, ReleaseCommand.self,
            AuditCommand.self, HistoryCommand.self, WatchCommand.self, AdoptCommand.self, HoldCommand.self,
            UnholdCommand.self, ShellCommand.self, CompletionCommand.self, VersionCommand.self, CompleteCommand.self,
        ])
}

import ArgumentParser
import IPAMKit

struct Ipamctl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ipamctl",
        abstract: "Look at, reserve and free the addresses of a kube-ipam pool.",
        discussion: """
            ipamctl works on the etcd keyspace that the kube-ipam CNI plugin gives addresses out of. It finds the \
            network and the way to etcd in the CNI configuration (/etc/cni/net.d), or takes them from options and \
            from IPAMCTL_* or ETCDCTL_* variables.

            Exit status: 0 done, 1 failed, 2 etcd unreachable, 3 conflict, 4 not found, 64 usage.
            """,
        version: "ipamctl \(ProductVersion.text)",
        subcommands: [
            NetworksCommand.self, ListCommand.self, ShowCommand.self, ReserveCommand.self, ReleaseCommand.self,
            VersionCommand.self,
        ])

    /// What is wrong with the command line, in one line.
    static func usageProblem(_ error: any Error) -> String {
        let first =
            message(for: error).split(separator: "\n").first.map(String.init) ?? "the command line is not complete"
        // The parser takes an unknown command for a stray argument.
        if let command = CommandLine.arguments.dropFirst().first, first == "Unexpected argument '\(command)'" {
            return "unknown command \"\(command)\""
        }
        return first
    }

    /// Where to read on.
    static func usageHint(_ error: any Error) -> String {
        let usage = fullMessage(for: error).split(separator: "\n").first { $0.hasPrefix("Usage: ") }
        let words = usage?.dropFirst("Usage: ".count).split(separator: " ").prefix(2).map(String.init) ?? []
        let names = words.filter { !$0.hasPrefix("<") && !$0.hasPrefix("[") }
        return "see '\((names.isEmpty ? ["ipamctl"] : names).joined(separator: " ")) --help'"
    }
}

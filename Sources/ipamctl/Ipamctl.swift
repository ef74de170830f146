import ArgumentParser
import IPAMKit

struct Ipamctl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ipamctl",
        abstract: "Look at, reserve and free the addresses of a kube-ipam pool.",
        discussion: """
            ipamctl works on the etcd keyspace that the kube-ipam CNI plugin gives addresses out of. It finds the \
            network and the way to etcd in the CNI configuration (/etc/cni/net.d), or takes them from options and \
            from IPAMCTL_* variables; from ETCDCTL_* variables only if no CNI file says where etcd is.

            Exit status: 0 done, 1 failed, 2 etcd or Kubernetes unreachable, 3 conflict, 4 not found, 5 the audit found \
            problems, 64 usage.
            """,
        version: "ipamctl \(ProductVersion.text)",
        subcommands: [
            NetworksCommand.self, ListCommand.self, ShowCommand.self, ReserveCommand.self, ReleaseCommand.self,
            AuditCommand.self, HistoryCommand.self, WatchCommand.self, AdoptCommand.self, HoldCommand.self,
            UnholdCommand.self, VersionCommand.self,
        ])
}

import ArgumentParser
import IPAMKit

struct ConfigGenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Print a new CNI configuration for a plugin.",
        discussion: CommandHelp(
            """
            The configuration is checked before it is printed. Where etcd is, is found as for the other commands: with \
            --endpoints, or from a CNI file; the paths of certificates and of the kubeconfig are written as they are, and \
            must exist on the nodes. Several subnets of one family are one pool.

            bridge, ptp, kube-router and calico are lists with portmap (for a .conflist file); the others, and all with \
            --multus, are one plugin (.conf). Each lets the runtime pass the pods' annotations; Multus does not pass them, \
            so a network with --multus needs --kubeconfig.
            """,
            examples: [
                .init(
                    "Make a macvlan network with fixed addresses",
                    "ipamctl config generate --type macvlan --master eth0 \\\n    --name lan --subnet 10.20.0.0/16 "
                        + "--range-start 10.20.1.0 \\\n    --fixed-start 10.20.0.10 --fixed-end 10.20.0.255"),
                .init(
                    "Make a dual-stack network on a bridge, and write it to a file",
                    "ipamctl config generate --type bridge --name pods \\\n    --subnet 10.21.0.0/16 --subnet "
                        + "fd00:21::/64 --output-file pods.conflist"),
                .init(
                    "Make a network for Multus",
                    "ipamctl config generate --type macvlan --master eth1 \\\n    --name database --subnet "
                        + "172.18.0.0/16 --multus \\\n    --kubeconfig /etc/kubernetes/pki/kubectl.kubeconfig"),
            ]
        ).discussion)

    @OptionGroup var generated: ConfigGenerateOptions

    @Option(help: "Write the result to this new file, completely or not at all; - is standard output.")
    var outputFile = ResultFile.standardOutput

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try outputFile.requireNew()
        try outputFile.write(try ConfigGenerateRun(generated: generated, global: global).text())
    }
}

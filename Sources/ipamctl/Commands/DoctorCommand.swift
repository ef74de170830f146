import ArgumentParser
import IPAMKit

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check etcd, certificates, rights, Kubernetes and the CNI files.",
        discussion: CommandHelp(
            """
            Prints one line for each check: ok, warning, failed or skipped; what was checked, what was seen, and what to \
            do next. A skipped check says why it could not be done. Nothing is changed. Servers are checked at the same \
            time, and each request may take at most 5 seconds, or --timeout if that is less. Exit status \
            \(Failure.Status.failed.rawValue): a check failed; warnings do not count.

            Each etcd endpoint is checked separately: whether it answers, its version, leader, database size, alarms, \
            clock and certificate. The rights of the etcd user on the keys of each network are checked with transactions \
            that write nothing. In Kubernetes, the rights of the kubeconfig's user are checked, and whether the nodes use \
            the same cluster.

            --node adds the checks of a node: the plugin and its version, the runtime's result cache, the log file, the \
            rights of the kubeconfig that the CNI file names, and the node's name. Run it on the node, as root.
            """,
            examples: [
                .init("Check everything that ipamctl and the nodes need", "ipamctl doctor"),
                .init(
                    "Check this node, too; exit status \(Failure.Status.failed.rawValue) if a check fails",
                    "ipamctl doctor --node"),
                .init("Print the results for a program", "ipamctl doctor -o json"),
                .init("Print only the status and the kind of each check", "ipamctl doctor --columns status,check"),
            ]
        ).discussion)

    @Flag(help: "Also check what the plugin needs on this node.")
    var node = false

    @Option(
        help: ArgumentHelp(
            "The folder of the CNI plugins, for --node. Default: \(NodeProbe.pluginFolder).", valueName: "folder"))
    var cniBin: String?

    @Option(
        help: ArgumentHelp(
            "The container runtime's result cache, for --node. Default: \(ThisNode.cacheFolder).", valueName: "folder"))
    var cniCache: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        try output.check(CheckList.self)
        if !node, cniBin != nil || cniCache != nil {
            throw ValidationError("--cni-bin and --cni-cache go with --node")
        }
    }

    func run() throws {
        let folders = NodeProbe.Folders(
            plugins: cniBin ?? NodeProbe.pluginFolder, cache: cniCache ?? ThisNode.cacheFolder)
        let run = try DoctorRun(global, node: node ? folders : nil)
        let list = try onLoop {
            Progress.describe("checking etcd and Kubernetes ...")
            return CheckList(checks: await run.checks())
        }
        try output.print(list)
        if let failure = list.failure { throw failure }
        if output.format == .table { Terminal.note(list.summary) }
    }
}

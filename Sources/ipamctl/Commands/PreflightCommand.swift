import ArgumentParser
import IPAMKit

struct PreflightCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preflight", abstract: "Check whether the pods of Kubernetes manifests will get their addresses.",
        discussion: CommandHelp(
            """
            Reads manifests, and says of each pod that they make which address it gets, and why not. It applies the rules \
            of the plugin to the annotations, the ranges, the reservations and the addresses in use. Kubernetes is not \
            needed, and nothing is changed. The present pods of an object count as gone, because its new pods replace \
            them; all other pods keep their addresses.

            Read are Pods, Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs and CronJobs, also in Lists. Other \
            objects are skipped. Of a folder, the files *.yaml, *.yml and *.json are read.

            With --network, every pod is judged on this network. Without it, each pod is judged on the network that the \
            other commands would choose, and on those that its annotations kube-ipam.ip/NETWORK name.

            Exit status \(Failure.Status.conflict.rawValue): a pod does not get its address. Warnings do not change the \
            exit status.
            """,
            examples: [
                .init("Check a manifest before it is applied", "ipamctl preflight -f deploy.yaml"),
                .init("Check all manifests of a folder", "ipamctl preflight -f manifests/"),
                .init(
                    "Check manifests that another program writes, for the namespace shop",
                    "cat deploy.yaml | ipamctl preflight -f - --namespace shop"),
                .init(
                    "Print the results for a program", "ipamctl preflight -f deploy.yaml -f web.json -o json"),
                .init(
                    "Print only the status, the pod and the address",
                    "ipamctl preflight -f deploy.yaml --columns status,pod,address"),
            ]
        ).discussion)

    @Option(
        name: [.customShort("f"), .customLong("file")],
        help: ArgumentHelp(
            "A manifest in YAML or JSON, or a folder of manifests; - is standard input. May be given more than once.",
            valueName: "path"))
    var file: [String] = []

    @Option(
        help: ArgumentHelp(
            "The namespace of objects that name none; others are refused. Default: default.", valueName: "namespace"),
        transform: Namespace.init(argument:))
    var namespace: Namespace?

    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    /// The error without a manifest.
    static let missing = "name a manifest with -f"

    func validate() throws {
        try output.check(PreflightResult.self)
        if file.isEmpty { throw ValidationError(Self.missing) }
        if file.count(where: { $0 == "-" }) > 1 { throw ValidationError("- is standard input, and can be read once") }
        if let namespace, !PodReference.isPossible(namespace: namespace) {
            throw ValidationError("--namespace: Kubernetes does not accept \(namespace.text.quotedForPeople)")
        }
    }

    func run() throws {
        let files = try ManifestFiles(file, namespace: namespace)
        let run = try PreflightRun(files, now: Operator.now())
        let result = try connected(global) { try await run.result($0) }
        for remark in files.manifest.remarks { Terminal.note(remark) }
        try output.print(result)
        if let failure = result.failure { throw failure }
        if output.format == .table { Terminal.note(result.summary) }
    }
}

import ArgumentParser

/// What every command takes: which network, and how to reach its store.
struct GlobalOptions: ParsableArguments {
    @Option(
        name: [.customShort("n", allowingJoined: true), .long], help: "The network; by default the only one there is.")
    var network: String?

    @Option(
        name: [.customShort("c", allowingJoined: true), .long],
        help: "A CNI configuration file, or a folder of them (default: /etc/cni/net.d).")
    var config: String?

    @Option(help: "etcd's client URLs, comma-separated.")
    var endpoints: String?

    @Option(help: "A file with the certificates that etcd's are proved by.")
    var cacert: String?

    @Option(help: "A file with the client certificate.")
    var cert: String?

    @Option(help: "A file with the client certificate's key.")
    var key: String?

    @Option(help: "An etcd user, as NAME:PASSWORD, or NAME and the password in IPAMCTL_PASSWORD.")
    var user: String?

    @Option(help: "A kubeconfig, where pods are looked at (default: the one that the CNI file names).")
    var kubeconfig: String?

    @Option(help: "The kubeconfig's context (default: its current-context).")
    var context: String?

    @Option(
        help: "How long each look at etcd or Kubernetes, and each change, may take, such as 5s or 1m (default: 20s).",
        transform: DurationArgument.init(parsing:))
    var timeout: DurationArgument?

    @Flag(name: .shortAndLong, help: "Say on standard error what is connected to.")
    var verbose = false
}

/// How a result is printed.
struct OutputOptions: ParsableArguments {
    @Option(name: [.customShort("o", allowingJoined: true), .long], help: "The format of the result.")
    var output = OutputFormat.table

    /// Before anything is done: a change whose result cannot be printed would be done all the same.
    func validate() throws {
        switch output {
        case .table, .wide, .json, .yaml, .csv, .name: return
        case .prometheus: throw ValidationError("prometheus is a format of 'ipamctl networks' alone")
        }
    }
}

/// How a result is printed that can be metrics.
struct MetricOutputOptions: ParsableArguments {
    @Option(name: [.customShort("o", allowingJoined: true), .long], help: "The format of the result.")
    var output = OutputFormat.table

    @Option(
        help: "Write the result to this file, whole or not at all, instead of to standard output; - is standard output."
    )
    var outputFile: String?

    @Option(help: "With -o prometheus: a report of 'ipamctl audit --report', to tell what had leaked then.")
    var report: String?

    func validate() throws {
        if report != nil, output != .prometheus { throw ValidationError("--report goes with -o prometheus") }
    }
}

/// What every command that changes something takes.
struct ChangeOptions: ParsableArguments {
    @Flag(help: "Tell what would be done, and change nothing.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Do not ask. Without a terminal nothing is asked.")
    var yes = false
}

/// The global options by their spellings, for those that stand before the command.
struct GlobalOption {
    let takesNextArgument: Bool

    private static let valued = [
        "-n", "--network", "-c", "--config", "--endpoints", "--cacert", "--cert", "--key", "--user", "--kubeconfig",
        "--context",
        "--timeout", "-o",
        "--output",
    ]
    private static let flags = ["-v", "--verbose"]

    /// Nil for an argument that is not a global option, such as `--help`.
    init?(_ argument: String) {
        let name = argument.split(separator: "=", maxSplits: 1).first.map(String.init) ?? argument
        if Self.valued.contains(name) {
            takesNextArgument = name == argument
        } else if !argument.hasPrefix("--"), Self.valued.contains(String(argument.prefix(2))) {
            // The value is joined to it: -ojson.
            takesNextArgument = false
        } else if Self.flags.contains(argument) {
            takesNextArgument = false
        } else {
            return nil
        }
    }
}

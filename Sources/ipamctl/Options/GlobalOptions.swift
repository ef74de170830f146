import ArgumentParser
import IPAMKit

/// The options of every command: the network, and how to reach etcd and Kubernetes.
@dynamicMemberLookup
struct GlobalOptions: ParsableArguments {
    @Option(name: [.customShort("c", allowingJoined: true), .long], help: Self.configHelp)
    var config: String?

    @OptionGroup var connection: ConnectionOptions

    static let configHelp: ArgumentHelp =
        "A CNI configuration file, or a folder of them. Default: \(ConfigurationFolder.standard)."

    subscript<Value>(dynamicMember member: WritableKeyPath<ConnectionOptions, Value>) -> Value {
        get { connection[keyPath: member] }
        set { connection[keyPath: member] = newValue }
    }
}

/// The global options except the CNI file, whose short name is another option of `ipamctl shell`.
struct ConnectionOptions: ParsableArguments {
    @Option(
        name: [.customShort("n", allowingJoined: true), .long], help: "The network. Default: the only one that exists.",
        transform: NetworkName.init)
    var network: NetworkName?

    @Option(
        help:
            "etcd's client URLs, separated by commas; the options below go with them. Default: the CNI file's.",
        transform: EtcdEndpoints.init(argument:))
    var endpoints: EtcdEndpoints?

    @Option(help: "A file with CA certificates that verify etcd's certificate.")
    var cacert: String?

    @Option(help: "A file with the client certificate.")
    var cert: String?

    @Option(help: "A file with the client certificate's key.")
    var key: String?

    @Option(
        help: "An etcd user: NAME:PASSWORD, or NAME with the password in IPAMCTL_PASSWORD.",
        transform: EtcdUser.init(argument:))
    var user: EtcdUser?

    @Option(
        help: """
            The kubeconfig for reading pods and nodes. Default: the first that exists of KUBECONFIG, ~/.kube/config, the \
            pod's service account, and the CNI file's.
            """)
    var kubeconfig: String?

    @Option(help: "The kubeconfig's context. Default: its current-context.")
    var context: String?

    @Option(
        help: "How long each read, and each change, may take, such as 5s or 1m. Default: \(standardTimeout).",
        transform: DurationArgument.init(argument:))
    var timeout = Session.current?.timeout ?? standardTimeout

    @Flag(name: .shortAndLong, help: "Print the sources and endpoints in use to standard error.")
    var verbose = false

    private static let standardTimeout = DurationArgument(seconds: 20)
}

/// How a result is printed.
struct OutputOptions: ParsableArguments {
    @Option(
        name: [.customShort("o", allowingJoined: true), .customLong("output")], help: "The format of the result.")
    var format = OutputFormat.standard

    func print(_ result: some Renderable) { Terminal.print(format.render(result)) }

    /// Prints what a change has done.
    ///
    /// - Throws: why not everything was done.
    func finish(_ result: ChangeList) throws {
        print(result)
        if let failure = result.failure { throw failure }
    }
}

/// How a result is printed that has metrics.
struct MetricOutputOptions: ParsableArguments {
    @Option(
        name: [.customShort("o", allowingJoined: true), .customLong("output")], help: "The format of the result.")
    var format = MetricFormat.result(.standard)

    @Option(help: "Write the result to this file, completely or not at all; - is standard output.")
    var outputFile = ResultFile.standardOutput

    @Option(help: "With -o prometheus: a file of 'ipamctl audit --report', for the number of leaked addresses.")
    var report: String?

    func validate() throws {
        if report != nil, format != .prometheus { throw ValidationError("--report goes with -o prometheus") }
    }
}

/// The options of every command that changes something.
struct ChangeOptions: ParsableArguments {
    @Flag(help: "Show what would be done, and change nothing.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Do not ask for confirmation. Without a terminal, ipamctl never asks.")
    var yes = false

    /// Whether the command asks before it changes something. If it does not, nobody has seen its plan.
    var asks: Bool { !yes && Terminal.isAttended }
}

/// `--include` of the commands that repair.
struct IncludeOptions: ParsableArguments {
    @Option(help: "Also repair findings of this code, which are not repaired by default. May be given more than once.")
    var include: [OptionalCode] = []

    var codes: Set<AuditCode> { Set(include.map(\.code)) }

    /// An audit code that is repaired only if `--include` names it.
    struct OptionalCode: ExpressibleByArgument {
        let code: AuditCode

        init?(argument: String) {
            guard let code = AuditCode(rawValue: argument), code.isRepairedOnlyWhenIncluded else { return nil }
            self.code = code
        }

        static var allValueStrings: [String] {
            AuditCode.allCases.filter(\.isRepairedOnlyWhenIncluded).map(\.rawValue)
        }
    }
}

/// The network that a command is about, as its argument or by --network.
struct NetworkArgument: ParsableArguments {
    @Argument(help: "The network. Default: the only one that exists.", transform: NetworkName.init)
    var network: NetworkName?

    /// - Throws: `ValidationError` if --network names another one.
    func validate(_ global: GlobalOptions) throws {
        if let network, let other = global.network, network != other {
            throw ValidationError("the argument names network \(network), and --network \(other)")
        }
    }

    func applied(to global: GlobalOptions) -> GlobalOptions {
        var global = global
        global.network = network ?? global.network
        return global
    }
}

extension AuditCode: ExpressibleByArgument {}
extension AuditCode.Severity: ExpressibleByArgument {}
extension AddressEntry.State: ExpressibleByArgument {}

/// The global options by their spellings, for those that stand before the command.
struct GlobalOption {
    let takesNextArgument: Bool
    /// The argument, with `--config` for `-c`, which is another option of `ipamctl shell`.
    let spelling: String

    private static let valued = [
        "-n", "--network", "-c", "--config", "--endpoints", "--cacert", "--cert", "--key", "--user", "--kubeconfig",
        "--context", "--timeout", "-o", "--output",
    ]
    private static let flags = ["-v", "--verbose"]

    /// nil for an argument that is not a global option, such as `--help`.
    init?(_ argument: String) {
        let name = argument.split(separator: "=", maxSplits: 1).first.map(String.init) ?? argument
        let value = argument.dropFirst(2)
        spelling =
            !argument.hasPrefix("-c")
            ? argument : "--config" + (value.isEmpty || value.hasPrefix("=") ? "" : "=") + value
        if Self.valued.contains(name) {
            takesNextArgument = name == argument
        } else if !argument.hasPrefix("--"), Self.valued.contains(String(argument.prefix(2))) {
            // The value is joined to the option: -ojson.
            takesNextArgument = false
        } else if Self.flags.contains(argument) {
            takesNextArgument = false
        } else {
            return nil
        }
    }
}

import ArgumentParser
import IPAMKit

/// The options of every command: the network, and how to reach etcd and Kubernetes.
struct GlobalOptions: ParsableArguments {
    @Option(
        name: [.customShort("n", allowingJoined: true), .long], help: "The network. Default: the only one that exists.",
        transform: NetworkName.init)
    var network: NetworkName?

    @Option(
        name: [.customShort("c", allowingJoined: true), .long],
        help: "A CNI configuration file, or a folder of them. Default: \(ConfigurationFolder.standard).")
    var config: String?

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
    var timeout = standardTimeout

    @Flag(name: .shortAndLong, help: "Print the sources and endpoints in use to standard error.")
    var verbose = false

    private static let standardTimeout = DurationArgument(seconds: 20)
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

    private static let valued = [
        "-n", "--network", "-c", "--config", "--endpoints", "--cacert", "--cert", "--key", "--user", "--kubeconfig",
        "--context", "--timeout", "-o", "--output", "--columns", "--sort-by", "--color",
    ]
    private static let flags = ["-v", "--verbose", "--no-headers"]

    /// nil for an argument that is not a global option, such as `--help`.
    init?(_ argument: String) {
        let name = argument.split(separator: "=", maxSplits: 1).first.map(String.init) ?? argument
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

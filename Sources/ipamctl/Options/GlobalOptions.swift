import ArgumentParser
import IPAMKit

/// The options of every command: the network, and how to reach etcd and Kubernetes.
@dynamicMemberLookup
struct GlobalOptions: ParsableArguments {
    @Option(name: [.customShort("c", allowingJoined: true), .long], help: Self.configHelp)
    var config: String?

    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try connection.check(config) }

    static let configHelp = ArgumentHelp(
        "A CNI configuration file, or a folder of them. Default: IPAMCTL_CONFIG, or \(ConfigurationFolder.standard).",
        valueName: "path")

    subscript<Value>(dynamicMember member: WritableKeyPath<ConnectionOptions, Value>) -> Value {
        get { connection[keyPath: member] }
        set { connection[keyPath: member] = newValue }
    }
}

/// The global options except the CNI file, whose short name is another option of `ipamctl shell`.
struct ConnectionOptions: ParsableArguments {
    @Option(
        name: [.customShort("n", allowingJoined: true), .long],
        help: "The network. Default: IPAMCTL_NETWORK, or the only one that exists.",
        transform: NetworkName.init)
    var network: NetworkName?

    @Option(
        help: ArgumentHelp(
            "A NetworkAttachmentDefinition to read from Kubernetes instead of a CNI file.",
            valueName: "namespace/name"),
        transform: NetworkDefinitionName.init(argument:))
    var nad: NetworkDefinitionName?

    @Option(
        help: ArgumentHelp(
            """
            etcd's client URLs, separated by commas; --cacert, --cert, --key and --user go with them. Default: \
            IPAMCTL_ENDPOINTS, or those of the CNI file; without a CNI file ETCDCTL_ENDPOINTS.
            """, valueName: "urls"),
        transform: EtcdEndpoints.init(argument:))
    var endpoints: EtcdEndpoints?

    @Option(
        help: ArgumentHelp(
            "A file with CA certificates that verify etcd's certificate. Default: IPAMCTL_CACERT.", valueName: "file"))
    var cacert: String?

    @Option(help: ArgumentHelp("A file with the client certificate. Default: IPAMCTL_CERT.", valueName: "file"))
    var cert: String?

    @Option(help: ArgumentHelp("A file with the client certificate's key. Default: IPAMCTL_KEY.", valueName: "file"))
    var key: String?

    @Option(
        help: ArgumentHelp(
            "An etcd user: NAME:PASSWORD, or NAME with the password in IPAMCTL_PASSWORD. Default: IPAMCTL_USER.",
            valueName: "user"),
        transform: EtcdUser.init(argument:))
    var user: EtcdUser?

    @Option(
        help: ArgumentHelp(
            """
            The kubeconfig for reading pods and nodes. Default: the first that exists of IPAMCTL_KUBECONFIG, KUBECONFIG, \
            ~/.kube/config, the pod's service account, and the CNI file's kubeConfig.
            """, valueName: "file"))
    var kubeconfig: String?

    @Option(
        help: ArgumentHelp(
            "The kubeconfig's context. Default: IPAMCTL_CONTEXT, or its current-context.", valueName: "name"))
    var context: String?

    @Option(
        help: ArgumentHelp(
            "How long each read, and each change, may take, such as 5s or 1m. Default: \(DurationArgument.standard).",
            valueName: "span"),
        transform: DurationArgument.init(argument:))
    var timeout: DurationArgument?

    @Flag(name: .shortAndLong, help: "Print the sources and endpoints in use to standard error.")
    var verbose = false

    /// - Parameter config: the value of --config.
    /// - Throws: `ValidationError` if two sources are named.
    func check(_ config: String?) throws {
        if nad != nil, config != nil { throw ValidationError("--nad and --config exclude each other") }
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
    @Option(
        help: ArgumentHelp(
            "Also repair findings of this code, which are not repaired by default. May be given more than once.",
            valueName: "code"))
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
    @Argument(help: "The network, instead of --network.", transform: NetworkName.init)
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
        "-n", "--network", "-c", "--config", "--nad", "--endpoints", "--cacert", "--cert", "--key", "--user",
        "--kubeconfig",
        "--context", "--timeout", "-o", "--output", "--columns", "--sort-by", "--color",
    ]
    private static let flags = ["-v", "--verbose", "--no-headers"]

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

/// How ipamctl was called: under its own name, or by kubectl as a plugin.
///
/// kubectl runs `kubectl-ipam` for `kubectl ipam`, and `kubectl_complete-ipam` for what can follow it ("Extend kubectl with
/// plugins"). Both are links to ipamctl.
enum ProgramName: Sendable {
    case ipamctl, kubectlPlugin, kubectlCompletion

    /// The name of this process.
    static let current = ProgramName(path: CommandLine.arguments.first ?? "")

    /// - Parameter path: argv[0].
    init(path: String) {
        switch path.split(separator: "/").last {
        case "kubectl-ipam": self = .kubectlPlugin
        case "kubectl_complete-ipam": self = .kubectlCompletion
        default: self = .ipamctl
        }
    }

    /// What a person types.
    var command: String { self == .ipamctl ? "ipamctl" : "kubectl ipam" }

    /// The arguments, with the command that the program's name stands for.
    func arguments(_ given: some Collection<String>) -> [String] {
        self == .kubectlCompletion ? [CompleteCommand.name, "--"] + given : Array(given)
    }

    /// A text for people, with the commands as they are typed.
    func renamed(_ text: String) -> String {
        guard self != .ipamctl else { return text }
        var renamed = ""
        var rest = text[...]
        while let range = rest.firstRange(of: "ipamctl") {
            let before = rest[..<range.lowerBound]
            // 'man ipamctl' is the name of a page.
            let isWord =
                [nil, " ", "\n", "'", "\"", "("].contains(before.last ?? renamed.last) && !before.hasSuffix("man ")
            let isCommand = isWord && [nil, " ", ":", "'"].contains(rest[range.upperBound...].first)
            renamed += before + (isCommand ? command : "ipamctl")
            rest = rest[range.upperBound...]
        }
        return renamed + rest
    }

    /// The help that was asked for, within 80 columns.
    func help(for error: any Error) -> String {
        // The name that is put in is five characters longer.
        self == .ipamctl ? Ipamctl.fullMessage(for: error) : renamed(Ipamctl.fullMessage(for: error, columns: 75))
    }
}

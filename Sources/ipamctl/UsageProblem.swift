import ArgumentParser
import IPAMKit

/// What is wrong with a command line, in one line, and a hint.
struct UsageProblem {
    let failure: Failure

    /// - Parameter error: what the parser threw for `arguments`, which do not include the program's name.
    init(_ error: any Error, _ arguments: [String]) {
        if let option = Self.unknownOption(arguments) {
            failure = Failure(.usage, "unknown option '\(option)'", hint: Self.hint(forOption: option, arguments))
            return
        }
        let text = Ipamctl.message(for: error)
        if let failure = Self.failure(ofValue: text) {
            self.failure = Failure(
                .usage, failure.message, hint: failure.hint ?? Self.hint(error, failure.message, arguments))
            return
        }
        let parts = text.split(separator: Failure.hintMark, maxSplits: 1)
        let lines = parts.first?.split(separator: "\n").map(String.init) ?? []
        let first = lines.first ?? "the command line is not complete"
        var problem = first.prefix(1).lowercased() + first.dropFirst()
        let end = "Please provide one of the following:"
        if problem.hasSuffix(end) {
            let values = lines.dropFirst().map { $0.drop { $0 == " " || $0 == "-" } }.filter { !$0.isEmpty }
            problem.removeLast(end.count)
            problem += "It is one of: \(values.joined(separator: ", "))"
        }
        let hint = parts.count == 2 ? String(parts[1]) : Self.hint(error, first, arguments)
        failure = Failure(.usage, problem, hint: hint)
    }

    /// The failure that an argument's type has thrown. The parser shows its ``Failure/description``, which names the value,
    /// after `The value 'V' is invalid for '--at <at>': `; of this only the option is needed.
    private static func failure(ofValue text: String) -> (message: String, hint: String?)? {
        guard text.hasPrefix("The value '"), let mark = text.ranges(of: "' is invalid for '").last else { return nil }
        let rest = text[mark.upperBound...]
        guard let end = rest.firstRange(of: "': ") else { return nil }
        let option = rest[..<end.lowerBound].prefix { $0 != " " }
        let parts = rest[end.upperBound...].split(separator: Failure.hintMark, maxSplits: 1)
        guard let message = parts.first else { return nil }
        return (
            option.hasPrefix("-") ? "\(option): \(message)" : String(message), parts.count == 2 ? String(parts[1]) : nil
        )
    }

    /// The first option that the command does not have. The parser may complain about its value instead.
    private static func unknownOption(_ arguments: [String]) -> String? {
        guard let (command, count) = CommandTree.ipamctl.command(of: arguments) else { return nil }
        var rest = arguments.dropFirst(count)
        while let word = rest.popFirst(), word != "--" {
            guard word.hasPrefix("-"), word != "-" else { continue }
            let spelling = word.split(separator: "=", maxSplits: 1).first.map(String.init) ?? word
            let option =
                command.options.first { $0.names.contains(spelling) }
                ?? command.options.first { !word.hasPrefix("--") && $0.names.contains(String(word.prefix(2))) }
            guard let option else { return spelling }
            if option.value != nil, spelling == word, option.names.contains(word) { _ = rest.popFirst() }
        }
        return nil
    }

    /// Options of kubectl.
    private static let otherOptions = [
        "-A": "all namespaces are covered unless --namespace names one",
        "--all-namespaces": "all namespaces are covered unless --namespace names one",
        "-w": "'ipamctl watch' prints changes as they happen",
        "--watch": "'ipamctl watch' prints changes as they happen",
        "-l": "labels are not stored: use --namespace, --workload, --pod or --node",
        "--selector": "labels are not stored: use --namespace, --workload, --pod or --node",
        "--field-selector": "use --namespace, --workload, --pod, --node or --state",
        "--ip": "write the address without an option",
    ]

    private static func hint(forOption option: String, _ arguments: [String]) -> String {
        if let other = otherOptions[option] { return other }
        let found = CommandTree.ipamctl.command(of: arguments)?.command
        if ["-f", "--file"].contains(option), found?.path.hasPrefix("config ") == true {
            return "write the file without \(option)"
        }
        let command = found?.path ?? ""
        let names = found?.options.filter(\.isShown).map(\.name) ?? []
        let near = names.map { (name: $0, distance: $0.hasPrefix(option) ? 0 : Spelling.distance($0, option)) }
            .filter { $0.distance <= max(1, $0.name.count / 4) }.min { $0.distance < $1.distance }
        return near.map { "did you mean '\($0.name)'?" } ?? "see '\(ProgramName.current.command) \(command) --help'"
    }

    private init(_ failure: Failure) { self.failure = failure }

    /// The problem of a command that does not exist.
    init(unknownCommand command: String) {
        let hint = Self.suggestion(for: command).map { "did you mean 'ipamctl \($0)'?" } ?? "see 'ipamctl --help'"
        failure = Failure(.usage, "unknown command \(JSONValue.string(command).serialized())", hint: hint)
    }

    /// nil if the command of `arguments`, or the command that help is wanted for, exists. The parser itself would take an
    /// unknown command for an unexpected argument.
    init?(commandOf arguments: [String]) {
        let words = arguments.first == "help" && arguments.count > 1 ? arguments[1...] : arguments[...]
        guard let word = words.first, !word.hasPrefix("-") else { return nil }
        guard Self.commandNames.contains(word) else {
            self.init(unknownCommand: word)
            return
        }
        guard words.count > 1, let command = CommandTree.ipamctl.command(word), !command.subcommands.isEmpty,
            let sub = words.dropFirst().first, !sub.hasPrefix("-"), command.subcommand(sub) == nil
        else { return nil }
        let shown = command.subcommands.filter { $0.isShown && $0.name != "help" }.map(\.name)
        let near =
            Self.otherSubcommands["\(word) \(sub.lowercased())"]
            ?? Spelling.nearest(to: sub.lowercased(), among: shown, tolerance: 3)
        self.init(
            Failure(
                .usage, "unknown command \("\(word) \(sub)".quotedForPeople)",
                hint: near.map { "did you mean 'ipamctl \(word) \($0)'?" }
                    ?? "the commands are \(shown.map { "'ipamctl \(word) \($0)'" }.joined(separator: ", "))"))
    }

    private static func hint(_ error: any Error, _ problem: String, _ arguments: [String]) -> String {
        let usage = Ipamctl.fullMessage(for: error).split(separator: "\n").first { $0.hasPrefix("Usage: ") }
        let program = ProgramName.current.command
        let words = usage?.dropFirst("Usage: \(program)".count).split(separator: " ").prefix(2).map(String.init) ?? []
        let names = [program] + words.prefix { word in !["<", "[", "-"].contains(where: word.hasPrefix) }
        if names.last == ListCommand.configuration.commandName, problem.contains("nexpected argument") {
            // Users of kubectl write `get ips` and `get ip ADDRESS`.
            if let address = arguments.lazy.compactMap({ try? IPAddress($0) }).first {
                return "'ipamctl show \(address)' shows one address"
            }
            let networks = ["networks"] + NetworksCommand.configuration.aliases
            if networks.contains(where: { problem.contains("'\($0)'") }) {
                return "did you mean 'ipamctl networks'?"
            }
        }
        if names.last == ShellCommand.configuration.commandName, problem.contains("nexpected argument") {
            return "a script is read from standard input: 'ipamctl shell <FILE'; commands follow -c"
        }
        if names.last == PreflightCommand.configuration.commandName,
            problem.contains("nexpected argument") || problem.contains(PreflightCommand.missing)
        {
            return "write the file with -f"
        }
        if ["'pod'", "'pods'", "'po'"].contains(where: problem.contains) {
            return "'ipamctl list --pod NAMESPACE/NAME' shows the addresses of a pod"
        }
        if problem.contains("'prometheus'") { return "only 'ipamctl networks' has the format prometheus" }
        return "see '\(names.joined(separator: " ")) --help'"
    }

    // MARK: Suggestions

    private static var commandNames: [String] { names(of: Ipamctl.configuration.subcommands) }

    private static func names(of commands: [any ParsableCommand.Type]) -> [String] {
        ["help"]
            + commands.flatMap { command in
                [command.configuration.commandName].compactMap { $0 } + command.configuration.aliases
            }
    }

    /// Commands of groups that users of kubectl try.
    private static let otherSubcommands = [
        "config view": "show", "config get": "show", "config validate": "check", "config lint": "check",
        "config create": "generate",
    ]

    /// Commands that users of kubectl, etcdctl and ip(8) try.
    private static let others = [
        "add": "reserve", "allocate": "reserve", "assign": "reserve", "create": "reserve", "put": "reserve",
        "del": "release", "delete": "release", "free": "release", "rm": "release", "unreserve": "release",
        "renew": "extend", "expire": "extend", "annotate": "note", "comment": "note", "address": "list",
        "addresses": "list", "ip": "list", "ips": "list", "nets": "networks", "status": "networks",
        "top": "networks", "usage": "networks", "pause": "hold", "freeze": "hold", "resume": "unhold", "thaw": "unhold",
        "unpause": "unhold", "diagnose": "doctor", "health": "doctor", "verify": "doctor", "dump": "backup",
        "export": "backup", "validate": "config check", "lint": "config check", "predict": "preflight",
        "generate": "config generate",
        "save": "backup", "snapshot": "backup", "import": "restore", "load": "restore",
    ]

    private static func suggestion(for command: String) -> String? {
        if let other = others[command.lowercased()] { return other }
        let shown = Ipamctl.configuration.subcommands.filter { $0.configuration.shouldDisplay }
        let ranked = names(of: shown).map { (name: $0, distance: Spelling.distance($0, command.lowercased())) }
            .filter { $0.distance <= max(1, $0.name.count / 3) }
        return ranked.min { $0.distance < $1.distance }?.name
    }
}

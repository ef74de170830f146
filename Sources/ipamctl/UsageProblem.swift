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
        let advice = Self.advice(arguments)
        if let failure = Self.failure(ofValue: text) {
            self.failure = Failure(
                .usage, failure.message, hint: advice ?? failure.hint ?? Self.hint(error, failure.message, arguments))
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
        let hint = advice ?? (parts.count == 2 ? String(parts[1]) : Self.hint(error, first, arguments))
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

    /// Options that one command does not have, by `COMMAND OPTION`.
    private static let otherOptionsOfCommands = [
        "list --expired": "'ipamctl list --expiring 0s' lists the reservations that have expired",
        "list --for": "use --pod, --namespace or --workload",
        "release --for": "write the addresses, or --pod, --namespace or --node",
    ]

    /// What never is suggested for another option: it overrides a check.
    private static let neverSuggested: Set = ["--force", "--yes"]

    private static func hint(forOption option: String, _ arguments: [String]) -> String {
        let found = CommandTree.ipamctl.command(of: arguments)?.command
        if ["-f", "--file"].contains(option), found?.path.hasPrefix("config ") == true {
            return "write the file without \(option)"
        }
        let command = found?.path ?? ""
        if let other = otherOptionsOfCommands["\(command) \(option)"] ?? otherOptions[option] { return other }
        let names = found?.options.filter { $0.isShown && !neverSuggested.contains($0.name) }.map(\.name) ?? []
        let near = names.map { (name: $0, distance: $0.hasPrefix(option) ? 0 : Spelling.distance($0, option)) }
            .filter { $0.distance <= max(1, $0.name.count / 4) }.min { $0.distance < $1.distance }
        return near.map { "did you mean '\($0.name)'?" } ?? "see '\(ProgramName.current.command) \(command) --help'"
    }

    /// What to write instead of a value or an argument that users of kubectl write; nil if none of them is there.
    private static func advice(_ arguments: [String]) -> String? {
        if arguments.contains(where: { $0.hasPrefix("--dry-run=") }) { return "write --dry-run without a value" }
        let words = arguments.dropFirst()
        switch arguments.first {
        case "extend" where !words.contains { $0 == "--expires" || $0.hasPrefix("--expires=") }:
            return words.first { DurationArgument($0) != nil }.map { "write --expires \($0)" }
        case "note" where words.count > 2 && !words.contains { $0.hasPrefix("-") }:
            return "put the note in quotes"
        case "list", "ls", "get":
            let states = zip(words, words.dropFirst()).contains { $0 == ("--state", "expired") }
            return states || words.contains("--state=expired") ? otherOptionsOfCommands["list --expired"] : nil
        default:
            return nil
        }
    }

    private init(_ failure: Failure) { self.failure = failure }

    /// The problem of a command that does not exist.
    init(unknownCommand command: String) {
        let hint =
            Self.whole[command.lowercased()]
            ?? Self.suggestion(for: command).map { "did you mean 'ipamctl \($0)'?" } ?? "see 'ipamctl --help'"
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

    /// Commands of kubectl that correspond to a command with options.
    private static let whole = [
        "apply": "'ipamctl reserve -f FILE' makes the reservations of a plan",
        "diff": "'ipamctl reserve -f FILE --dry-run' shows what a plan would change",
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

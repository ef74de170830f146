import ArgumentParser
import IPAMKit

/// A command that only the shell has.
enum ShellBuiltin: String, CaseIterable {
    case use, set, help, clear, exit, quit

    /// A line of the help.
    struct Row {
        /// How the command is written.
        let form: String
        /// What it does.
        let meaning: String
    }

    /// Its line of the help.
    var usage: Row {
        switch self {
        case .use: Row(form: "use NETWORK", meaning: "Work on this network; 'use --none' ends that.")
        case .set:
            Row(
                form: "set -o FORMAT",
                meaning: "Print results in this format. Also: 'set --timeout TIME'.")
        case .help: Row(form: "help [COMMAND]", meaning: "Show this list, or the help of a command.")
        case .clear: Row(form: "clear", meaning: "Clear the screen; Ctrl-L does the same.")
        case .exit: Row(form: "exit", meaning: "Leave the shell; Ctrl-D does the same.")
        case .quit: Row(form: "quit", meaning: "Leave the shell.")
        }
    }

    /// Carries the command out.
    ///
    /// - Parameter arguments: the words after its name.
    /// - Throws: ``Failure`` for arguments that it does not take.
    func run(_ arguments: [String], _ session: Session) throws {
        switch self {
        case .use: try use(arguments, session)
        case .set: try set(arguments, session)
        case .help: help(arguments)
        case .clear:
            guard arguments.isEmpty else { throw misused }
            if TerminalSize() != nil { Terminal.control("\u{1B}[H\u{1B}[2J") }
        case .exit, .quit:
            guard arguments.isEmpty else { throw misused }
        }
    }

    private var misused: Failure { Failure(.usage, "\(rawValue): unexpected argument", hint: "write '\(usage.form)'") }

    private func use(_ arguments: [String], _ session: Session) throws {
        switch arguments {
        case []:
            Terminal.print(
                session.network?.text ?? "no network is chosen: commands work on all networks, or on the only one")
        case ["--none"], ["-"]: session.network = nil
        default:
            guard arguments.count == 1, let name = arguments.first, !name.hasPrefix("-") else { throw misused }
            let network = try Failure.wrap(.usage) { try NetworkName(name) }
            // A name that was mistyped is refused now, not by every command that follows.
            try connected(GlobalOptions.parse(["--network", name])) { try await $0.requireKnown(network) }
            session.network = network
        }
    }

    private func set(_ arguments: [String], _ session: Session) throws {
        var rest = arguments[...]
        if rest.isEmpty { Terminal.print("output \(OutputFormat.standard.rawValue)\ntimeout \(session.timeout)\n") }
        while let word = rest.popFirst() {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else { throw misused }
            switch parts[0] {
            case "-o", "--output":
                guard let format = OutputFormat(rawValue: value) else {
                    throw Failure(
                        .usage, "set: \(value.quotedForPeople) is not a format",
                        hint: "write one of \(OutputFormat.allValueStrings.joined(separator: ", "))")
                }
                OutputFormat.standard = format
            case "--timeout":
                session.timeout = try Failure.wrap(about: "set", hint: "write 'set --timeout 5s'") {
                    try DurationArgument(argument: value)
                }
            default: throw misused
            }
        }
    }

    /// Whether it is `help` for a command of ipamctl.
    func isForCommand(_ arguments: ArraySlice<String>) -> Bool {
        self == .help && (arguments.first.map { Self(rawValue: $0) == nil } ?? false)
    }

    private func help(_ arguments: [String]) {
        if let builtin = arguments.first.flatMap(Self.init) {
            Terminal.print("\(builtin.usage.form)\n    \(builtin.usage.meaning)\n")
            return
        }
        var commands: [Row] = []
        for command in Ipamctl.configuration.subcommands {
            let configuration = command.configuration
            guard configuration.shouldDisplay, command != ShellCommand.self, command != CompletionCommand.self else {
                continue
            }
            commands.append(Row(form: configuration.commandName ?? "", meaning: configuration.abstract))
        }
        let own = Self.allCases.map(\.usage)
        let width = (own + commands).map(\.form.count).max() ?? 0
        Terminal.show(
            """
            Tab completes, Ctrl-R searches the history, Ctrl-C cancels the command that runs.
            'COMMAND | PROGRAM' and 'COMMAND > FILE' work as in sh; '#' begins a comment.
            Commands ('help COMMAND' shows their options):
            \(Self.text(of: commands, width))Only in the shell:
            \(Self.text(of: own, width))
            """)
    }

    /// The lines of the help for all of them.
    static var summary: String {
        let rows = allCases.map(\.usage)
        return text(of: rows, rows.map(\.form.count).max() ?? 0)
    }

    /// - Parameter width: that of the first column.
    private static func text(of rows: [Row], _ width: Int) -> String {
        var text = ""
        for row in rows {
            text += "  \(row.form)\(String(repeating: " ", count: width - row.form.count + 2))\(row.meaning)\n"
        }
        return text
    }
}

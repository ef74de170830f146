import ArgumentParser
import IPAMKit

/// A command that only the shell has.
enum ShellBuiltin: String, CaseIterable {
    case use, set, help, exit, quit

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
        case .help: try help(arguments)
        case .exit, .quit:
            guard arguments.isEmpty else { throw misused }
        }
    }

    private var misused: Failure { Failure(.usage, "\(rawValue): unexpected argument", hint: "write '\(usage.form)'") }

    private func use(_ arguments: [String], _ session: Session) throws {
        switch arguments {
        case []: Terminal.print(session.network?.text ?? "no network: commands use the only one, or all")
        case ["--none"], ["-"]: session.network = nil
        default:
            guard arguments.count == 1, let name = arguments.first, !name.hasPrefix("-") else { throw misused }
            let network = try Failure.wrap(.usage) { try NetworkName(name) }
            // A name that was mistyped is refused now, not by every command that follows.
            try connected(GlobalOptions.parse(["--network", name])) { try await $0.requireKnown(network) }
            session.network = network
        }
    }

    /// The options of `set`.
    private struct Settings: ParsableArguments {
        @Option(name: [.customShort("o", allowingJoined: true), .customLong("output")])
        var format: OutputFormat?

        @Option(transform: DurationArgument.init(argument:))
        var timeout: DurationArgument?
    }

    private func set(_ arguments: [String], _ session: Session) throws {
        if arguments.isEmpty {
            Terminal.print(
                "output \(OutputFormat.standard.rawValue)\n" + (session.timeout.map { "timeout \($0)\n" } ?? ""))
            return
        }
        let settings: Settings
        do {
            settings = try Settings.parse(arguments)
        } catch {
            throw Failure(
                .usage, "set: \(Settings.message(for: error).split(separator: "\n").first ?? "wrong arguments")",
                hint: "write 'set -o FORMAT' or 'set --timeout TIME'; formats: \(OutputFormat.names)")
        }
        if let format = settings.format { OutputFormat.standard = format }
        if let timeout = settings.timeout { session.timeout = timeout }
    }

    private func help(_ arguments: [String]) throws {
        if let command = arguments.first {
            if let builtin = Self(rawValue: command) {
                Terminal.print("\(builtin.usage.form)\n    \(builtin.usage.meaning)\n")
            } else {
                _ = Invocation(["help"] + arguments).run()
            }
            return
        }
        var commands: [Row] = []
        for command in Ipamctl.configuration.subcommands {
            let configuration = command.configuration
            guard configuration.shouldDisplay, command != ShellCommand.self else { continue }
            commands.append(Row(form: configuration.commandName ?? "", meaning: configuration.abstract))
        }
        let own = Self.allCases.map(\.usage)
        let width = (own + commands).map(\.form.count).max() ?? 0
        Terminal.print(
            """
            Commands ('help COMMAND' shows their options):
            \(Self.text(of: commands, width))
            Only in the shell:
            \(Self.text(of: own, width))
            Tab completes, Ctrl-R searches the history, Ctrl-C cancels the command that runs.
            'COMMAND | PROGRAM' and 'COMMAND > FILE' work as in sh. '#' begins a comment, ';' separates commands.
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

extension OutputFormat {
    fileprivate static var names: String { allValueStrings.joined(separator: ", ") }
}

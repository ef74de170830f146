import ArgumentParser
import Glibc
import IPAMKit

struct ShellCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shell", abstract: "Run commands interactively, or from a script, over one connection.",
        discussion: CommandHelp(
            """
            Commands are written without 'ipamctl'. Only the shell has:

            \(ShellBuiltin.summary)
            'COMMAND | PROGRAM' and 'COMMAND > FILE' work as in sh. Tab completes commands, options, networks, addresses \
            and pods; Ctrl-R searches the history; Ctrl-C cancels the command that runs. The keys are those of ~/.editrc. \
            The history is in ipamctl/history in $XDG_STATE_HOME (~/.local/state); lines with --user, or with a user in a URL, are left out.

            If standard input is not a terminal, it is a script: there is no prompt, and the first command that fails \
            ends the shell with its exit status.
            """,
            examples: [
                .init("Type commands", "ipamctl shell"),
                .init("Run the commands of a file", "ipamctl shell <commands.txt"),
                .init(
                    "Run some commands over one connection",
                    "ipamctl shell -c 'use k8snetwork; list; show 10.188.0.216'"),
            ]
        ).discussion)

    @Option(
        name: [.customShort("c"), .long], parsing: .unconditional,
        help: ArgumentHelp(
            "Run these commands, separated by ; or line breaks, and exit.", valueName: "commands"))
    var command: String?

    @Flag(help: "In a script: go on after a command that failed. The exit status is that of the first one.")
    var keepGoing = false

    @Option(
        name: [.customShort("o", allowingJoined: true), .customLong("output")],
        help: ArgumentHelp("The format of results, for commands without -o.", valueName: "format"))
    var format: OutputFormat?

    @OptionGroup var connection: ConnectionOptions

    @Option(help: GlobalOptions.configHelp)
    var config: String?

    func validate() throws { try connection.check(config) }

    func run() throws {
        if Session.current != nil { throw Failure(.usage, "this is the shell already", hint: "see 'help'") }
        var options = GlobalOptions()
        options.connection = connection
        options.config = config
        let isAttended = command == nil && Terminal.isAttended
        let session = Session(options, readsStandardInput: command == nil, isInteractive: isAttended)
        if let format { OutputFormat.standard = format }
        let status: Int32
        if let command {
            var run = ShellRun(
                session: session, mode: .script(keepsGoing: keepGoing, hasLines: false), lines: TextLines(command))
            status = run.run()
        } else if !isAttended {
            var run = ShellRun(
                session: session, mode: .script(keepsGoing: keepGoing, hasLines: true),
                lines: StandardInputLines(hasPrompt: false))
            status = run.run()
        } else {
            Terminal.note("ipamctl \(ProductVersion.text): 'help' lists the commands, Ctrl-D leaves the shell")
            var run = ShellRun(session: session, mode: .interactive, lines: Self.lines())
            status = run.run()
        }
        if status != 0 { throw ExitCode(status) }
    }

    /// The lines of the terminal: edited, unless it is one that cannot move its cursor.
    private static func lines() -> any CommandLines {
        let type = Variable.text("TERM") ?? "dumb"
        let completion = ShellCompletion()
        guard type != "dumb", TerminalSize() != nil,
            let editor = LineEditor(history: ShellHistory(), complete: completion.completion)
        else { return StandardInputLines(hasPrompt: true) }
        return editor
    }
}

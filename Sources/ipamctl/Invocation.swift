import ArgumentParser

/// One command line of ipamctl: parsed, run, and what went wrong printed.
struct Invocation {
    /// Without the program's name; the global options stand behind the command.
    private let arguments: [String]

    /// - Parameter words: the words after the program's name. Global options may stand before the command, where users of
    ///   kubectl write them: `-n k8s list`.
    init(_ words: [String]) {
        var rest = words[...]
        var leading: [String] = []
        while let first = rest.first, first.hasPrefix("-"), let option = GlobalOption(first) {
            rest.removeFirst()
            leading.append(option.spelling)
            if option.takesNextArgument, let value = rest.popFirst() { leading.append(value) }
        }
        let count = max(CommandTree.ipamctl.command(of: rest)?.words ?? 0, min(rest.count, 1))
        arguments = leading.isEmpty ? Array(rest) : rest.prefix(count) + leading + rest.dropFirst(count)
    }

    /// Runs the command, and prints its help, or why it failed.
    ///
    /// - Parameter place: where the command line stands, such as `line 3`; nil for the program's own.
    /// - Returns: the exit status.
    func run(at place: String? = nil) -> Int32 {
        do {
            if let problem = UsageProblem(commandOf: arguments) { throw problem.failure }
            var command = try Ipamctl.parseAsRoot(arguments)
            try command.run()
            return 0
        } catch let failure as Failure {
            Terminal.complain(failure, at: place)
            return failure.status.rawValue
        } catch let code as ExitCode {
            // The shell's commands have printed why they failed.
            return code.rawValue
        } catch {
            if Ipamctl.exitCode(for: error) == .success {
                // The help or the version was requested.
                Terminal.show(ProgramName.current.help(for: error))
                return 0
            }
            Terminal.complain(UsageProblem(error, arguments).failure, at: place)
            return Failure.Status.usage.rawValue
        }
    }
}

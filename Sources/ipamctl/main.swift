import ArgumentParser
import Glibc
import Machine

/// Moves global options behind the command, where the parser expects them: users of kubectl write `ipamctl -n k8s list`.
private func arguments() -> [String] {
    var rest = ProgramName.current.arguments(CommandLine.arguments.dropFirst())[...]
    var leading: [String] = []
    while let first = rest.first, first.hasPrefix("-"), let option = GlobalOption(first) {
        leading.append(rest.removeFirst())
        if option.takesNextArgument, let value = rest.popFirst() { leading.append(value) }
    }
    guard let command = rest.popFirst() else { return leading }
    return [command] + leading + rest
}

StandardDescriptors.reserve()
signal(SIGPIPE, SIG_IGN)
private let given = arguments()
do {
    if let problem = UsageProblem(commandOf: given) { throw problem.failure }
    var command = try Ipamctl.parseAsRoot(given)
    try command.run()
} catch let failure as Failure {
    Terminal.complain(failure)
    Terminal.endIfInterrupted()
    exit(failure.status.rawValue)
} catch {
    let code = Ipamctl.exitCode(for: error)
    if code == .success {
        // The help or the version was requested.
        Terminal.print(ProgramName.current.help(for: error))
        exit(0)
    }
    Terminal.complain(UsageProblem(error, given).failure)
    exit(Failure.Status.usage.rawValue)
}

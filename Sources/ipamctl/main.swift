import Glibc
import Machine

StandardDescriptors.reserve()
signal(SIGPIPE, SIG_IGN)
private let status = Invocation(ProgramName.current.arguments(CommandLine.arguments.dropFirst())).run()
Terminal.endIfInterrupted()
exit(status)

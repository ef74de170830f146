import Glibc
import Machine

StandardDescriptors.reserve()
signal(SIGPIPE, SIG_IGN)
private let status = Invocation(Array(CommandLine.arguments.dropFirst())).run()
Terminal.endIfInterrupted()
exit(status)

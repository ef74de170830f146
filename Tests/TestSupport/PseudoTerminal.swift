import Foundation

/// Runs a program to its end on a pseudo-terminal that is its controlling one, as a person's shell does.
///
/// - Parameters:
///   - executable: A path, or a name to be sought in `PATH`.
///   - arguments: Its arguments, without the program's own name.
///   - environment: All of the program's environment.
///   - question: What the program may ask.
///   - answer: What is typed when it does; an empty answer is the end of input.
/// - Returns: How it ended; all that stood on the terminal is its standard output.
/// - Throws: As ``runProcess(_:_:environment:stdin:timeout:)``.
public func runOnTerminal(
    _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], question: String,
    answer: String
) async throws -> ProcessOutput {
    let script = """
        import os, pty, sys
        pid, terminal = pty.fork()
        if pid == 0: os.execvp(sys.argv[3], sys.argv[3:])
        seen, answered = b"", False
        while True:
            try: some = os.read(terminal, 4096)
            except OSError: break
            if not some: break
            seen += some
            if not answered and sys.argv[1].encode() in seen:
                answered = True
                os.write(terminal, sys.argv[2].encode() or b"\\x04")
        sys.stdout.buffer.write(seen)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """
    let inherited = ProcessInfo.processInfo.environment
    return try await runProcess(
        "python3", ["-c", script, question, answer, executable] + arguments,
        environment: environment.merging(["PATH": inherited["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"]) {
            given, _ in given
        })
}

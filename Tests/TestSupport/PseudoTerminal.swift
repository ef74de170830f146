import Foundation

/// What is typed on a pseudo-terminal when a program asks.
public struct TerminalAnswer: Sendable {
    /// What the program asks, after what was answered before.
    let question: String
    /// What is typed; nothing is the end of input.
    let text: String
    /// A process that is killed (SIGKILL) before that.
    let victim: Int32?

    /// Types `text` when `question` is asked.
    public init(_ text: String, to question: String = "[y/N] ", killing victim: Int32? = nil) {
        self.question = question
        self.text = text
        self.victim = victim
    }
}

/// Runs a program to its end on a pseudo-terminal that is its controlling one, as a person's shell does.
///
/// - Parameters:
///   - executable: A path, or a name to be sought in `PATH`.
///   - arguments: Its arguments, without the program's own name.
///   - environment: All of the program's environment.
///   - answers: What is typed, in this order; what is not asked is not typed.
/// - Returns: How it ended; all that stood on the terminal is its standard output.
/// - Throws: As ``runProcess(_:_:environment:stdin:timeout:)``.
public func runOnTerminal(
    _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], answers: [TerminalAnswer]
) async throws -> ProcessOutput {
    let list = try JSONSerialization.data(
        withJSONObject: answers.map { [$0.question, $0.text, Int($0.victim ?? 0)] as [Any] })
    let inherited = ProcessInfo.processInfo.environment
    return try await runProcess(
        "python3", PythonProgram.terminal.command([String(decoding: list, as: UTF8.self), executable] + arguments),
        environment: environment.merging(["PATH": inherited["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"]) {
            given, _ in given
        })
}

/// The same with one question; an empty answer is the end of input.
public func runOnTerminal(
    _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], question: String,
    answer: String
) async throws -> ProcessOutput {
    try await runOnTerminal(
        executable, arguments, environment: environment, answers: [TerminalAnswer(answer, to: question)])
}

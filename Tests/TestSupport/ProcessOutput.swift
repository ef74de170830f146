import Foundation

/// How a process ended and what it said.
public struct ProcessOutput: Sendable {
    /// What was run, for messages.
    public let command: String
    /// The exit status; 128 plus the signal's number when a signal ended it, as a shell counts.
    public let status: Int32
    /// The signal that ended it.
    public let signal: Int32?
    /// All of its standard output.
    public let stdout: Data
    /// All of its standard error.
    public let stderr: Data

    /// Standard output as text; what is not UTF-8 is replaced.
    public var stdoutText: String { String(decoding: stdout, as: UTF8.self) }

    /// Standard error as text; what is not UTF-8 is replaced.
    public var stderrText: String { String(decoding: stderr, as: UTF8.self) }

    /// Itself, when the status is 0.
    ///
    /// - Throws: `TestSupportError.commandFailed` otherwise, with all that the process said.
    @discardableResult
    public func checked() throws -> ProcessOutput {
        guard status == 0 else {
            throw TestSupportError.commandFailed(command: command, status: status, output: stderrText + stdoutText)
        }
        return self
    }
}

/// Runs a program to its end.
///
/// - Parameters:
///   - executable: A path, or a name to be sought in `PATH`.
///   - arguments: Its arguments, without the program's own name.
///   - environment: All of the program's environment; nothing is inherited.
///   - stdin: What it reads; `nil` is an empty file.
///   - timeout: When it is over, the program's whole process group is killed.
/// - Returns: How it ended and what it said.
/// - Throws: `TestSupportError.timedOut`, or the reason why the program could not be started. A status other than 0 is a
///   result, not an error.
public func runProcess(
    _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], stdin: Data? = nil,
    timeout: Duration = .seconds(60)
) async throws -> ProcessOutput {
    let process = try SpawnedProcess(executable, arguments, environment: environment, stdin: stdin)
    return try await process.output(timeout: timeout)
}

/// Runs one of the system's tools with this process's own environment, waits for it and returns its standard output.
///
/// - Throws: `TestSupportError.commandFailed` when its status is not 0, `.toolMissing` when it is not there.
@discardableResult
func runTool(
    _ executable: String, _ arguments: [String], environment: [String: String] = [:], stdin: Data? = nil,
    timeout: Duration = .seconds(30)
) throws -> String {
    let inherited = ProcessInfo.processInfo.environment
    let process = try SpawnedProcess(
        executable, arguments, environment: inherited.merging(environment) { _, given in given }, stdin: stdin)
    return try process.finish(timeout: timeout).checked().stdoutText
}

import Foundation

/// What happens on a terminal, in this order.
public enum ScreenStep: Sendable {
    /// Types the text; `\r` is Enter, `\t` Tab, `\u{3}` Ctrl-C, `\u{4}` Ctrl-D.
    case type(String)
    /// Waits until the screen, or what scrolled away, matches a regular expression; `^` and `$` match at each line.
    case wait(String)
    /// Waits until the screen no longer matches a regular expression.
    case leave(String)
    /// Waits until there is a file at the path: the test has done its part.
    case waitForFile(String)
    /// Sends a signal to the program.
    case signal(Int32)
    /// Puts the terminal into its usual mode, as a shell does after Ctrl-Z.
    case cook
    /// Changes the size of the terminal.
    case resize(columns: Int, rows: Int)
    /// Keeps the screen as it is, in ``ScreenRun/captures``.
    case capture
    /// Waits until the program has ended.
    case end

    fileprivate var json: [Any] {
        switch self {
        case .type(let text): ["type", text]
        case .wait(let pattern): ["wait", pattern]
        case .leave(let pattern): ["leave", pattern]
        case .waitForFile(let path): ["file", path]
        case .signal(let number): ["signal", Int(number)]
        case .cook: ["cook"]
        case .resize(let columns, let rows): ["resize", columns, rows]
        case .capture: ["capture"]
        case .end: ["end"]
        }
    }
}

/// What stood on the screen of a terminal on which a program ran.
public struct ScreenRun: Sendable, Decodable {
    /// The exit status; 128 plus the signal's number if a signal ended it; nil if the steps ended before the program,
    /// which was then killed.
    public let status: Int32?
    /// The screens of the steps ``ScreenStep/capture``: lines without blanks at their ends, with what scrolled away.
    public let captures: [[String]]
    /// The lines of the last screen.
    public let screen: [String]
    /// Whether the terminal is in its usual mode at the end, in which it edits lines by itself.
    public let isCooked: Bool
    /// Everything that the program wrote, with the control sequences.
    public let raw: String
    fileprivate let failure: String?

    /// The lines of the last screen as one text.
    public var text: String { screen.joined(separator: "\n") }
}

/// Runs a program on a pseudo-terminal with a screen (an emulated xterm), types, and reads the screen.
///
/// - Parameters:
///   - executable: A path, or a name to be sought in `PATH`.
///   - arguments: Its arguments, without the program's own name.
///   - environment: All of the program's environment; `TERM` is `xterm` unless given.
///   - size: The size of the terminal.
///   - steps: What is typed and waited for.
/// - Throws: `TestSupportError.commandFailed` with the screen if a step did not come true within a minute.
public func runOnScreen(
    _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:],
    size: (columns: Int, rows: Int) = (80, 24), steps: [ScreenStep]
) async throws -> ScreenRun {
    let scenario = try JSONSerialization.data(
        withJSONObject: [
            "columns": size.columns, "rows": size.rows, "timeout": 60, "steps": steps.map(\.json),
        ])
    let inherited = ProcessInfo.processInfo.environment
    let defaults = ["PATH": inherited["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin", "TERM": "xterm", "LANG": "C.UTF-8"]
    let emulator = BuildProducts.packageRoot.appendingPathComponent(".build/tools/pyte-0.8.2").path
    let output = try await runProcess(
        "python3",
        PythonProgram.screen.command([emulator, String(decoding: scenario, as: UTF8.self), executable] + arguments),
        environment: environment.merging(defaults) { given, _ in given }, timeout: .seconds(90)
    ).checked()
    let run = try JSONDecoder().decode(ScreenRun.self, from: output.stdout)
    if let failure = run.failure {
        throw TestSupportError.commandFailed(
            command: "\(executable) \(arguments.joined(separator: " "))", status: run.status ?? 0,
            output: "the step '\(failure)' did not come true; the screen:\n\(run.text)")
    }
    return run
}

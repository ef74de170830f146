import Glibc
import IPAMKit

/// One run of `ipamctl shell`: reads commands and runs them.
struct ShellRun {
    let session: Session
    /// Whether to go on after a command that failed, and how the run then ends.
    let mode: Mode
    var lines: any CommandLines

    enum Mode: Hashable {
        /// A person types the commands: a failure is shown, and the shell goes on.
        case interactive
        /// The commands come from a file or an option. The run stops at the first command that fails, unless `keepsGoing`.
        ///
        /// - Parameter hasLines: whether error messages have line numbers.
        case script(keepsGoing: Bool, hasLines: Bool)
    }

    /// Runs all commands.
    ///
    /// - Returns: the exit status: of a script, that of the first command that failed; else 0.
    mutating func run() -> Int32 {
        session.begin()
        Interrupt.catchSignal()
        var prompt = ShellPrompt(session)
        var status: Int32 = 0
        var number = 0
        while true {
            Interrupt.reset()
            let firstLine = number + 1
            let text: String
            switch read(mode == .interactive ? prompt.text() : "", &number) {
            case .line(let line): text = line
            case .end: return status
            case .interrupted where mode == .interactive: continue
            case .interrupted: return Self.interrupted
            case .failed(let failure):
                Terminal.complain(failure)
                return failure.status.rawValue
            }
            // What was pressed before the command was typed does not cancel it.
            if mode == .interactive { Interrupt.reset() }
            let result = runAll(text, firstLine)
            if mode != .interactive, result.isInterrupted { return Self.interrupted }
            if result.status != 0, status == 0, mode != .interactive { status = result.status }
            if result.isEnd { return status }
        }
    }

    /// The longest command, in bytes.
    private static let longest = 1 << 20

    /// A line, with the lines that belong to it.
    private mutating func read(_ prompt: String, _ number: inout Int) -> TypedLine {
        var text = ""
        var continuation = ShellWords.Continuation()
        while true {
            let next = lines.next(text.isEmpty ? prompt : "> ")
            guard case .line(var line) = next else {
                // A script may end in the middle of a quote.
                if case .end = next, !text.isEmpty { return .line(text) }
                return next
            }
            number += 1
            // Files from other systems end their lines with CR and LF.
            if line.hasSuffix("\r") { line.removeLast() }
            text += line
            guard text.utf8.count <= Self.longest else {
                return .failed(Failure(.usage, "line \(number): a command has more than \(Self.longest) bytes"))
            }
            guard continuation.isOpen(after: line) else {
                if !text.allSatisfy(\.isWhitespace) { lines.remember(text) }
                return .line(text)
            }
            text += "\n"
        }
    }

    /// How the commands of a line ended.
    private struct LineResult {
        /// That of the first command that failed; 0 if none did.
        var status: Int32 = 0
        /// Whether the shell ends after the line.
        var isEnd = false
        /// Whether Ctrl-C was pressed, also at a question.
        var isInterrupted = false
    }

    /// - Parameter line: the number of the text's first line.
    private func runAll(_ text: String, _ line: Int) -> LineResult {
        var result = LineResult()
        do throws(Failure) {
            for statement in try ShellWords.statements(in: text, firstLine: line) {
                let status = run(statement)
                if result.status == 0 { result.status = status }
                result.isInterrupted = Interrupt.isRequested || Terminal.takeInterruption()
                result.isEnd = Self.isExit(statement) || (status != 0 && !keepsGoing)
                if result.isEnd || result.isInterrupted { break }
            }
        } catch {
            Terminal.complain(error, at: place(line))
            result.status = error.status.rawValue
            result.isEnd = !keepsGoing
        }
        return result
    }

    private var keepsGoing: Bool {
        switch mode {
        case .interactive: true
        case .script(let keepsGoing, _): keepsGoing
        }
    }

    private func place(_ line: Int) -> String? {
        if case .script(_, hasLines: true) = mode { "line \(line)" } else { nil }
    }

    private static func isExit(_ statement: ShellWords.Statement) -> Bool {
        statement.words == [ShellBuiltin.exit.rawValue] || statement.words == [ShellBuiltin.quit.rawValue]
    }

    private func run(_ statement: ShellWords.Statement) -> Int32 {
        let place = place(statement.line)
        do throws(Failure) {
            guard let target = statement.target else { return run(statement.words, place) }
            guard !statement.words.isEmpty else {
                throw Failure(.usage, "there is no command before | or >", hint: "write one, such as 'list | grep db'")
            }
            switch target {
            case .file(let path, let appends):
                return try OutputRedirection(path, appends: appends).receive { run(statement.words, place) }
            case .filter(let filter):
                let (status, filterStatus) = try ShellFilter(filter).receive { run(statement.words, place) }
                if status != 0 || filterStatus == 0 { return status }
                // It has said why itself; a script also needs to know which one it was.
                let name = filter.split(separator: " ").joined(separator: " ")
                if mode != .interactive {
                    Terminal.complain(Failure(.failed, "'\(name)' ended with status \(filterStatus)"), at: place)
                }
                return Failure.Status.failed.rawValue
            }
        } catch {
            Terminal.complain(error, at: place)
            return error.status.rawValue
        }
    }

    private static let interrupted: Int32 = 130

    private func run(_ words: [String], _ place: String?) -> Int32 {
        // People who are used to a prompt of another shell write the program's name.
        var words = words.count > 1 && words.first == "ipamctl" ? Array(words.dropFirst()) : words
        if words.count > 2, words.starts(with: ["kubectl", "ipam"]) { words.removeFirst(2) }
        if words == ["?"] { words = [ShellBuiltin.help.rawValue] }
        if let name = words.first, let builtin = ShellBuiltin(rawValue: name), !builtin.isForCommand(words.dropFirst())
        {
            do {
                try builtin.run(Array(words.dropFirst()), session)
                return 0
            } catch {
                let failure = Failure(any: error)
                Terminal.complain(failure, at: place)
                return failure.status.rawValue
            }
        }
        let status = Invocation(words).run(at: place)
        guard Interrupt.isRequested else { return status }
        if status == 0 { Terminal.endInterruptedLine() }
        return Self.interrupted
    }

    /// A text for people, with commands as they are typed in the shell.
    static func renamed(_ text: String) -> String {
        guard let session = Session.current, session.isInteractive else { return text }
        return text.replacing("'ipamctl --help'", with: "'help'").replacing("'ipamctl ", with: "'")
    }
}

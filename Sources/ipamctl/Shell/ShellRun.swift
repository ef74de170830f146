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
            guard let text = read(mode == .interactive ? prompt.text() : "", &number) else { return status }
            let result = runAll(text, firstLine)
            if result.status != 0, status == 0, mode != .interactive { status = result.status }
            if result.isEnd { return status }
        }
    }

    /// A line, with the lines that belong to it; nil at the end.
    private mutating func read(_ prompt: String, _ number: inout Int) -> String? {
        var text = ""
        while true {
            switch lines.next(text.isEmpty ? prompt : "> ") {
            case .end: return text.isEmpty ? nil : text
            case .interrupted: return ""
            case .line(let line):
                number += 1
                text += line
                guard ShellWords.isContinued(text) else {
                    if !text.allSatisfy(\.isWhitespace) { lines.remember(text.replacing("\n", with: " ")) }
                    return text
                }
                text += "\n"
            }
        }
    }

    /// - Parameter line: the number of the text's first line.
    private func runAll(_ text: String, _ line: Int) -> (status: Int32, isEnd: Bool) {
        let statements: [ShellWords.Statement]
        do throws(Failure) {
            statements = try ShellWords.statements(in: text, firstLine: line)
        } catch {
            Terminal.complain(error, at: place(line))
            return (error.status.rawValue, !keepsGoing)
        }
        var first: Int32 = 0
        for statement in statements {
            let status = run(statement)
            if first == 0 { first = status }
            if Self.isExit(statement) { return (first, true) }
            if status != 0, !keepsGoing { return (status, mode != .interactive) }
            if Interrupt.isRequested { break }
        }
        return (first, false)
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
            guard let filter = statement.filter else { return run(statement.words, place) }
            guard !statement.words.isEmpty else {
                throw Failure(.usage, "there is no command before | or >", hint: "write one, such as 'list | grep db'")
            }
            return try ShellFilter(filter).receive { run(statement.words, place) }
        } catch {
            Terminal.complain(error, at: place)
            return error.status.rawValue
        }
    }

    private static let interrupted: Int32 = 130

    private func run(_ words: [String], _ place: String?) -> Int32 {
        // People who are used to a prompt of another shell write the program's name.
        let words = words.count > 1 && words.first == "ipamctl" ? Array(words.dropFirst()) : words
        if let name = words.first, let builtin = ShellBuiltin(rawValue: name) {
            do {
                try builtin.run(Array(words.dropFirst()), session)
                return 0
            } catch {
                let failure = Failure(any: error)
                Terminal.complain(failure, at: place)
                return failure.status.rawValue
            }
        }
        if words.first == ShellCommand.configuration.commandName {
            Terminal.complain(Failure(.usage, "this is the shell already", hint: "see 'help'"), at: place)
            return Failure.Status.usage.rawValue
        }
        let status = Invocation(words).run(at: place)
        guard Interrupt.isRequested else { return status }
        if status == 0 { Terminal.endInterruptedLine() }
        return Self.interrupted
    }
}

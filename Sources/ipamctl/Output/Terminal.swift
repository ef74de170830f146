import Glibc
import HTTPTransport
import IPAMKit
import Machine
import Synchronization

/// Prints results to standard output, and everything else to standard error.
enum Terminal {
    static func print(_ text: String) { write(line(text), STDOUT_FILENO) }

    /// Prints UTF-8 as it is.
    static func print(_ bytes: [UInt8]) { check(FileWriter.write(bytes, to: STDOUT_FILENO), STDOUT_FILENO) }

    /// Prints a whole result, or a help text: in the shell page by page if it is longer than the terminal.
    static func show(_ text: String) {
        let text = line(text)
        if Session.current?.isInteractive == true, let size = TerminalSize(), Pager.show(text, rows: size.rows) {
            return
        }
        write(text, STDOUT_FILENO)
    }

    private static func line(_ text: String) -> String { text.isEmpty || text.hasSuffix("\n") ? text : text + "\n" }

    /// A remark that is not part of the result.
    static func note(_ text: String) {
        draw("")
        // Commands stand in hints; elsewhere, the name may be a part of what somebody has stored.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("hint: ") ? ProgramName.current.renamed(ShellRun.renamed(String(line))) : String(line)
        }
        write(harmless(lines.joined(separator: "\n")) + "\n", STDERR_FILENO)
    }

    private static let mostWarnings = 5
    private static let longestPreview = 20

    /// Prints the first five warnings, and how many more there are.
    static func warn(_ warnings: [String]) {
        for warning in warnings.prefix(mostWarnings) { note("warning: \(warning)") }
        let rest = warnings.count - mostWarnings
        if rest > 0 { note("warning: \(rest.counted("more warning")) of this kind") }
    }

    /// A line about work in progress, only on a terminal; the next note replaces it. It takes the place of the line that
    /// ``Progress`` shows of its own accord.
    static func progress(_ text: String) {
        Progress.commandHasSpoken()
        draw(text)
    }

    /// Draws the line about work in progress; an empty text erases it.
    static func draw(_ text: String) {
        guard isWatched, !text.isEmpty || isInProgress.load(ordering: .relaxed) else { return }
        write("\r\u{1B}[K" + harmless(text), STDERR_FILENO)
        isInProgress.store(!text.isEmpty, ordering: .relaxed)
    }

    /// A control sequence for the terminal at standard output.
    static func control(_ sequence: String) { write(sequence, STDOUT_FILENO) }

    /// A prompt, on standard error.
    static func ask(_ prompt: String) { write(harmless(prompt), STDERR_FILENO) }

    /// Whether standard error is a terminal.
    static var isWatched: Bool { isatty(STDERR_FILENO) == 1 }

    // MARK: The reader of the result

    /// False if the other end of standard output is closed.
    static var hasReader: Bool {
        var polled = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        return poll(&polled, 1, 0) <= 0 || Int32(polled.revents) & (POLLERR | POLLHUP) == 0
    }

    /// Returns within about a second after the reader of the result has gone; also if the task is cancelled.
    static func waitForReaderToLeave() async {
        while hasReader, !Task.isCancelled { await TransferLoop.current.sleep(until: .now + .seconds(1)) }
    }

    private static let isInProgress = Atomic(false)

    /// - Parameter place: where the command stands, such as `line 3`; nil for the program's own command line.
    static func complain(_ failure: Failure, at place: String? = nil) {
        endInterruptedLine()
        note("\(ProgramName.current.command): \(place.map { $0 + ": " } ?? "")\(failure.message)")
        if let hint = failure.hint { note("hint: \(hint)") }
    }

    /// Begins a new line if Ctrl-C was pressed in the shell: the terminal has written `^C` on this one.
    static func endInterruptedLine() {
        if Interrupt.isRequested, isAttended { note("") }
    }

    /// Whether there is somebody to ask: standard input is a terminal.
    static var isAttended: Bool { isatty(STDIN_FILENO) == 1 }

    /// Asks before something is changed, if standard input is a terminal.
    ///
    /// - Parameters:
    ///   - preview: what would be done, a line for each address; the first twenty are shown.
    ///   - assumeYes: true if nothing is to be asked.
    /// - Throws: ``Failure/declined`` if the answer is no, empty, or Ctrl-C.
    static func confirm(_ question: String, showing preview: [String] = [], assumeYes: Bool) throws {
        guard !assumeYes, isAttended else { return }
        Progress.commandHasSpoken()
        for line in preview.prefix(longestPreview) { note(line) }
        if preview.count > longestPreview { note("... and \(preview.count - longestPreview) more") }
        let line = answer(to: "\(question) [y/N] ")
        if line == nil { note("") }
        let answer = line?.lowercased() ?? ""
        guard answer == "y" || answer == "yes" else { throw Failure.declined }
    }

    /// A line that is typed. Ctrl-C ends only the wait, so that the command can still print what it has done.
    private static func answer(to question: String) -> String? {
        isInterrupted.store(false, ordering: .relaxed)
        var (waiting, former) = (sigaction(), sigaction())
        waiting.__sigaction_handler.sa_handler = { _ in Terminal.isInterrupted.store(true, ordering: .relaxed) }
        sigaction(SIGINT, &waiting, &former)
        defer { sigaction(SIGINT, &former, nil) }
        // What was typed before the question is no answer to it.
        tcflush(STDIN_FILENO, TCIFLUSH)
        ask(question)
        var line: [UInt8] = []
        while !isInterrupted.load(ordering: .relaxed) {
            // Not for long: Ctrl-C may be pressed just before.
            var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            guard poll(&input, 1, 100) > 0 else { continue }
            var byte: UInt8 = 0
            guard read(STDIN_FILENO, &byte, 1) == 1 else { return nil }
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        return nil
    }

    private static let isInterrupted = Atomic(false)

    /// Whether Ctrl-C was pressed at a question; true once.
    static func takeInterruption() -> Bool { isInterrupted.exchange(false, ordering: .relaxed) }

    /// Ends the program as Ctrl-C does, if it was pressed at a question: a shell script stops, too.
    static func endIfInterrupted() {
        guard takeInterruption() else { return }
        signal(SIGINT, SIG_DFL)
        raise(SIGINT)
    }

    private static func fail() -> Never {
        let reason = String(cString: strerror(errno))
        complain(
            Failure(.failed, "the result cannot be written: \(reason)", hint: "check where standard output goes"))
        exit(Failure.Status.failed.rawValue)
    }

    /// Replaces control characters and marks that change the direction of text: anybody may have stored them, and they
    /// would change what the terminal shows.
    static func harmless(_ text: String) -> String {
        func isControl(_ value: UInt32) -> Bool { (value < 0x20 && value != 0x0A && value != 0x09) || value == 0x7F }
        // The other characters begin with one of these bytes.
        guard text.utf8.contains(where: { isControl(UInt32($0)) || $0 == 0xC2 || $0 == 0xD8 || $0 == 0xE2 }) else {
            return text
        }
        var harmless = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isHarmful = isControl(scalar.value) || (0x80...0x9F).contains(scalar.value) || scalar.turnsText
            harmless.append(isHarmful ? "\u{FFFD}" : scalar)
        }
        return String(harmless)
    }

    private static func write(_ text: String, _ descriptor: Int32) {
        check(FileWriter.write(text, to: descriptor), descriptor)
    }

    /// Ends the program if something could not be written.
    private static func check(_ isWritten: Bool, _ descriptor: Int32) {
        // A reader that left (head, less) needs no more. Any other error loses a part of the result.
        guard isWritten || errno == EPIPE || descriptor == STDERR_FILENO else { fail() }
    }
}

extension Unicode.Scalar {
    /// Whether it changes the direction of the text after it (Unicode's Bidi_Control).
    fileprivate var turnsText: Bool {
        switch value {
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}

import Glibc

/// What comes when the shell asks for a line.
enum TypedLine {
    case line(String)
    /// Ctrl-C: what was typed is dropped.
    case interrupted
    /// Ctrl-D, or the end of a file.
    case end
    /// The lines cannot be read.
    case failed(Failure)
}

/// Where the shell's lines come from.
protocol CommandLines {
    /// The next line, without its end.
    ///
    /// - Parameter prompt: what a person sees before the line.
    mutating func next(_ prompt: String) -> TypedLine
    /// Remembers a line, so that a person can find it again.
    mutating func remember(_ line: String)
}

/// The lines of standard input, from a file, a pipe or a terminal that cannot be edited on.
struct StandardInputLines: CommandLines {
    /// Whether a prompt is shown, on standard error.
    let hasPrompt: Bool

    private var bytes: [UInt8] = []
    private var isAtEnd = false

    init(hasPrompt: Bool) {
        self.hasPrompt = hasPrompt
    }

    mutating func next(_ prompt: String) -> TypedLine {
        if hasPrompt { Terminal.ask(prompt) }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
                defer { bytes.removeFirst(end + 1) }
                return Self.line(bytes[..<end])
            }
            guard bytes.count <= Self.longest else {
                return .failed(Failure(.usage, "a line of the commands has more than \(Self.longest) bytes"))
            }
            if isAtEnd {
                defer { bytes = [] }
                return bytes.isEmpty ? .end : Self.line(bytes[...])
            }
            switch InputByte.wait() {
            case .interrupted:
                bytes = []
                return .interrupted
            case .ready: break
            case .signal: continue
            }
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count >= 0 else {
                return .failed(
                    Failure(
                        .failed, "cannot read the commands from standard input: \(String(cString: strerror(errno)))",
                        hint: "write 'ipamctl shell <FILE', or -c 'COMMAND'"))
            }
            if count > 0 { bytes += buffer[..<count] } else { isAtEnd = true }
        }
    }

    func remember(_ line: String) {}

    private static let longest = 1 << 20

    private static func line(_ bytes: ArraySlice<UInt8>) -> TypedLine {
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            return .failed(
                Failure(
                    .usage, "the commands are not text: a line is not UTF-8, or has a NUL character",
                    hint: "'ipamctl shell <FILE' reads a text file with a command on each line"))
        }
        return .line(text)
    }
}

/// The lines of a text, such as the value of `--command`.
struct TextLines: CommandLines {
    private var lines: ArraySlice<Substring>

    init(_ text: String) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
    }

    mutating func next(_ prompt: String) -> TypedLine { lines.popFirst().map { .line(String($0)) } ?? .end }
    func remember(_ line: String) {}
}

/// Waiting for standard input.
enum InputByte {
    enum Event {
        case ready
        /// Ctrl-C.
        case interrupted
        /// Another signal, or nothing for a while.
        case signal
    }

    /// Waits until there is something to read, or a signal. A signal that comes just before the wait begins is noticed a
    /// quarter of a second later.
    static func wait() -> Event {
        if Interrupt.isRequested { return .interrupted }
        var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        let count = poll(&input, 1, 250)
        if Interrupt.isRequested { return .interrupted }
        return count > 0 ? .ready : .signal
    }
}

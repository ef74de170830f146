import Glibc

/// What comes when the shell asks for a line.
enum TypedLine: Hashable {
    case line(String)
    /// Ctrl-C: what was typed is dropped.
    case interrupted
    /// Ctrl-D, or the end of a file.
    case end
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
                return .line(String(decoding: bytes[..<end], as: UTF8.self))
            }
            if isAtEnd {
                defer { bytes = [] }
                return bytes.isEmpty ? .end : .line(String(decoding: bytes, as: UTF8.self))
            }
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR {
                guard Interrupt.isRequested else { continue }
                bytes = []
                return .interrupted
            }
            if count > 0 { bytes += buffer[..<count] } else { isAtEnd = true }
        }
    }

    func remember(_ line: String) {}
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

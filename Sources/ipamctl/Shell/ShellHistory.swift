import Glibc
import Machine

/// The lines that were typed in earlier shells: `ipamctl/history` in the state folder of the XDG Base Directory
/// Specification, one line each, readable by its owner only. Each line is appended when it is typed, so that several
/// shells can write to the file. A file that cannot be read or written is no reason to stop: the history is then empty.
struct ShellHistory {
    /// nil if there is no home folder.
    private let path: String?

    /// How many lines are kept.
    static let size = 1_000

    /// - Parameters:
    ///   - state: the value of XDG_STATE_HOME; a relative path does not count, as the specification says.
    ///   - home: the home folder.
    init(state: String? = Variable.text("XDG_STATE_HOME"), home: String? = Variable.text("HOME")) {
        let folder = state.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? home.map { $0 + "/.local/state" }
        path = folder.map { $0 + "/ipamctl/history" }
    }

    /// The newest lines, the oldest first. A file that has grown to twice the size is cut.
    func load() -> [String] {
        guard let path, let text = try? FileReader.text(of: path) else { return [] }
        let lines = text.split(separator: "\n").map(String.init)
        let newest = Array(lines.suffix(Self.size))
        if lines.count > 2 * Self.size {
            try? FileWriter.write(newest.map { $0 + "\n" }.joined(), to: path)
        }
        return newest
    }

    /// Appends a line, unless it has a secret.
    func append(_ line: String) {
        guard let path, !Self.hasSecret(line) else { return }
        Self.makeFolders(of: path)
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        FileWriter.write(line + "\n", to: descriptor)
    }

    /// Whether a password stands in the line: `--user NAME:PASSWORD`. A line that is not complete counts if it has the option.
    static func hasSecret(_ line: String) -> Bool {
        let option = "--user"
        guard let statements = try? ShellWords.statements(in: line) else { return line.contains(option) }
        return statements.contains { statement in
            statement.filter?.contains(option) == true
                || statement.words.indices.contains { index in
                    let word = statement.words[index]
                    if word.hasPrefix(option + "=") { return word.contains(":") }
                    return word == option && statement.words.dropFirst(index + 1).first?.contains(":") == true
                }
        }
    }

    private static func makeFolders(of path: String) {
        var end = path.index(after: path.startIndex)
        while let slash = path[end...].firstIndex(of: "/") {
            mkdir(String(path[..<slash]), 0o700)
            end = path.index(after: slash)
        }
    }
}

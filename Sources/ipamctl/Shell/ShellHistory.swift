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

    /// In bytes: what is read, and how large the file may become.
    private static let (mostRead, mostKept) = (64 << 20, 1 << 20)

    /// The newest lines, the oldest first. A file that has grown too large is cut.
    func load() -> [String] {
        guard let path, let bytes = try? FileReader.bytes(of: path, limit: Self.mostRead) else { return [] }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        let newest = Array(lines.suffix(Self.size))
        if lines.count > 2 * Self.size || bytes.count > Self.mostKept {
            try? FileWriter.write(newest.map { $0 + "\n" }.joined(), to: path)
        }
        return newest
    }

    /// Appends a line, unless it has a secret.
    func append(_ line: String) {
        guard let path, !Self.hasSecret(line) else { return }
        Self.makeFolders(of: path)
        // Neither a link to another file, nor a pipe that nobody reads.
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW
        let descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var file = stat()
        guard fstat(descriptor, &file) == 0, file.st_mode & S_IFMT == S_IFREG else { return }
        fchmod(descriptor, 0o600)
        FileWriter.write(Self.oneLine(line) + "\n", to: descriptor)
    }

    /// A command of several lines, as it can be typed in one.
    static func oneLine(_ command: String) -> String {
        command.replacing("\\\n", with: "").replacing("\n", with: " ")
    }

    /// Whether a password may stand in the line: after `--user`, or in a URL. Quotes and backslashes hide nothing.
    static func hasSecret(_ line: String) -> Bool {
        let plain = line.filter { !"'\"\\\n".contains($0) }
        return plain.contains("--user") || (plain.contains("://") && plain.contains("@"))
    }

    private static func makeFolders(of path: String) {
        var end = path.index(after: path.startIndex)
        while let slash = path[end...].firstIndex(of: "/") {
            mkdir(String(path[..<slash]), 0o700)
            end = path.index(after: slash)
        }
    }
}

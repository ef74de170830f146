import ArgumentParser
import Glibc
import IPAMKit
import Machine

/// Where a backup is: a file, or `-` for standard output and input.
struct BackupPath: ExpressibleByArgument, Sendable {
    let text: String

    init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        text = argument
    }

    /// Whether the path means standard output: `-`, or a name of its descriptor such as `/dev/stdout`.
    var isStandardOutput: Bool { text == "-" || FileWriter.isStandardOutput(text) }

    /// The path, or what errors call standard input.
    var name: String { text == "-" ? "standard input" : text }

    /// - Throws: ``Failure``.
    func created() throws(Failure) -> WholeFile {
        if text == "-" { return WholeFile(descriptor: STDOUT_FILENO, named: "standard output") }
        return try Failure.wrap(hint: Self.writeHint) { try WholeFile(text) }
    }

    /// - Throws: ``Failure``.
    func opened() throws(Failure) -> FileLines {
        if text == "-" {
            try Session.requireStandardInput()
            return FileLines(descriptor: STDIN_FILENO, named: "standard input")
        }
        return try Failure.wrap(hint: "check the path") { try FileLines(text) }
    }

    static let writeHint = "check the folder, its permissions and the free space, or name another file"
}

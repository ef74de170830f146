import ArgumentParser
import Machine

/// Where a result is written.
struct ResultFile: ExpressibleByArgument {
    private let path: String

    /// `-`
    static let standardOutput = ResultFile(argument: "-")

    init(argument: String) {
        path = argument
    }

    var defaultValueDescription: String { path }

    /// Whether the path means standard output: `-`, or a name of its descriptor such as `/dev/stdout`.
    var isStandardOutput: Bool { path == "-" || FileWriter.isStandardOutput(path) }

    /// Checks that no file would be replaced.
    ///
    /// - Throws: ``Failure`` if the path names a file that exists.
    func requireNew() throws(Failure) {
        guard !isStandardOutput, FileReader.kind(of: path) == .file else { return }
        throw Failure(.usage, "\(path) exists already", hint: "remove it, or name another file")
    }

    /// Writes `text` to the file as ``FileWriter`` does, with a line break at its end.
    ///
    /// - Throws: ``Failure`` with the path and the reason.
    func write(_ text: String) throws(Failure) {
        if isStandardOutput {
            Terminal.show(text)
            return
        }
        try Failure.wrap(hint: "check the folder, its permissions and the free space, or name another file") {
            try FileWriter.write(text.isEmpty || text.hasSuffix("\n") ? text : text + "\n", to: path)
        }
    }
}

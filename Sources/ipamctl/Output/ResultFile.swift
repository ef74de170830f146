import Machine

/// A result that goes to a file instead of standard output.
enum ResultFile {
    /// Whether `path` means standard output: `-`, or a name of its descriptor such as `/dev/stdout`.
    static func isStandardOutput(_ path: String) -> Bool {
        path == "-" || FileWriter.isStandardOutput(path)
    }

    /// Writes `text` to `path`, as ``FileWriter`` does; `-` is standard output.
    ///
    /// - Throws: ``Failure`` with the path and the reason.
    static func write(_ text: String, to path: String) throws(Failure) {
        if isStandardOutput(path) {
            Terminal.print(text)
            return
        }
        do throws(FileError) {
            try FileWriter.write(text, to: path)
        } catch {
            throw Failure(.failed, error.description)
        }
    }
}

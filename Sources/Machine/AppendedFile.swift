import Glibc

/// A file, open for as long as the process lives, that lines are appended to.
public struct AppendedFile: Sendable {
    private let descriptor: Int32

    /// Opens the file, and makes it if it is missing (mode 0640). Nil if that fails, or if the file is the standard output.
    public init?(_ path: String) {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o640)
        guard descriptor >= 0 else { return nil }
        var file = stat()
        var output = stat()
        if fstat(descriptor, &file) == 0, fstat(STDOUT_FILENO, &output) == 0, file.st_dev == output.st_dev,
            file.st_ino == output.st_ino, file.st_rdev == output.st_rdev
        {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
    }

    /// Appends `text` with one write(2), so that processes that write to the file at the same time do not mix their lines.
    /// A failure is ignored.
    public func append(_ text: String) {
        var text = text
        _ = text.withUTF8 { write(descriptor, $0.baseAddress, $0.count) }
    }
}

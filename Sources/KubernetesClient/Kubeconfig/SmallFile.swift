import Glibc

/// A file that a person or a controller wrote, and that is read at once.
enum SmallFile {
    /// As much of a file as is ever read.
    static let limit = 1 << 20

    enum Problem: Error, Hashable {
        case unreadable(String)
        case tooLarge

        /// One clause for people, to follow a path and a comma.
        var clause: String {
            switch self {
            case .unreadable(let reason): "which cannot be read: \(reason)"
            case .tooLarge: "which is longer than \(SmallFile.limit) bytes"
            }
        }
    }

    /// All of a file.
    ///
    /// - Throws: ``Problem``.
    static func bytes(_ path: String) throws(Problem) -> [UInt8] {
        // A pipe without a writer would hold the call up for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw current }
        defer { close(descriptor) }
        var file = stat()
        guard fstat(descriptor, &file) == 0 else { throw current }
        guard file.st_mode & S_IFMT != S_IFDIR else { throw .unreadable("it is a folder") }
        guard file.st_mode & S_IFMT == S_IFREG else { throw .unreadable("it is not a file") }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw current }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= limit else { throw .tooLarge }
        }
    }

    private static var current: Problem { .unreadable(String(cString: strerror(errno))) }
}

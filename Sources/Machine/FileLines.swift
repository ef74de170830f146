import Glibc

/// The lines of a file, a pipe or a device, read one after the other.
public final class FileLines {
    /// The longest line, in bytes: the longest value of etcd (1.5 MiB), each byte of it escaped.
    private static let longest = 10 << 20

    private let name: String
    private let descriptor: Int32
    private let isBorrowed: Bool
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false

    /// Reads an open descriptor, which stays open.
    public init(descriptor: Int32, named name: String) {
        self.name = name
        self.descriptor = descriptor
        isBorrowed = true
    }

    /// Opens a file. If it is a pipe that no process writes to yet, this waits for one.
    ///
    /// - Throws: ``FileError``.
    public init(_ path: String) throws(FileError) {
        name = path
        isBorrowed = false
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw FileError(.read, path) }
    }

    deinit { if !isBorrowed, descriptor >= 0 { close(descriptor) } }

    /// The next line without its line break; nil at the end.
    ///
    /// - Throws: ``FileError``, also for a line longer than 10 MiB.
    public func next() throws(FileError) -> [UInt8]? {
        var searched = position
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = end + 1 }
                return Array(buffer[position..<end])
            }
            searched = buffer.count
            if isAtEnd {
                guard position < buffer.count else { return nil }
                defer { position = buffer.count }
                return Array(buffer[position...])
            }
            guard buffer.count - position <= Self.longest else {
                throw FileError(.read, name, reason: "a line is longer than \(Self.longest) bytes")
            }
            buffer.removeFirst(position)
            searched -= position
            position = 0
            try fill()
        }
    }

    private func fill() throws(FileError) {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError(.read, name) }
            if count == 0 { isAtEnd = true } else { buffer += chunk[..<count] }
            return
        }
    }
}

import Glibc

/// A line of text that is kept for later processes of the same user, in a folder that only that user may write to.
///
/// A line that cannot be read, or that another user could have written, is ignored.
public struct RememberedFile: Sendable {
    private let folder: String
    private let name: String

    /// Names the file; nothing is read or written yet.
    ///
    /// - Parameters:
    ///   - folder: an absolute path whose parent exists; ``write(_:)`` makes the folder if it is missing.
    ///   - name: the file's name, without a slash.
    public init(folder: String, name: String) {
        self.folder = folder
        self.name = name
    }

    /// The line; nil if there is none, if it is too old, or if it cannot be trusted.
    ///
    /// - Parameters:
    ///   - now: the time, in seconds since 1970-01-01T00:00:00Z.
    ///   - seconds: the age from which on the line is ignored.
    ///   - path: a file; a line that was written before the last change of this file is ignored.
    public func read(at now: Int64, youngerThan seconds: Int64, writtenAfter path: String) -> String? {
        guard let folder = openFolder() else { return nil }
        defer { close(folder) }
        let descriptor = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var file = stat()
        var other = stat()
        guard fstat(descriptor, &file) == 0, file.st_mode & S_IFMT == S_IFREG, Self.isOwn(file), file.st_nlink == 1,
            stat(path, &other) == 0, Self.isEarlier(other.st_ctim, than: file.st_mtim)
        else { return nil }
        let age = now - Int64(file.st_mtim.tv_sec)
        // A negative age means that the clock was set back.
        guard age >= 0, age < seconds,
            let bytes = try? FileReader.bytes(from: descriptor, named: name, limit: Self.limit),
            bytes.count <= Self.limit,
            bytes.last == UInt8(ascii: "\n")
        else { return nil }
        return String(decoding: bytes.dropLast(), as: UTF8.self)
    }

    /// Replaces the line. A reader sees either the former line or the new one, never a part.
    ///
    /// - Returns: false if the line could not be written.
    @discardableResult
    public func write(_ line: String) -> Bool {
        // Fails if the folder exists, as it does after the first call.
        mkdir(folder, 0o755)
        guard let folder = openFolder() else { return false }
        defer { close(folder) }
        let temporary = ".\(name).\(getpid())"
        // A process with the same number may have been killed before its rename.
        unlinkat(folder, temporary, 0)
        let descriptor = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        let isWritten = FileWriter.write(line + "\n", to: descriptor)
        guard close(descriptor) == 0, isWritten, renameat(folder, temporary, folder, name) == 0 else {
            unlinkat(folder, temporary, 0)
            return false
        }
        return true
    }

    private static let limit = 256

    /// The open folder; nil if another user may write to it.
    private func openFolder() -> Int32? {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        guard fstat(descriptor, &status) == 0, Self.isOwn(status) else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    private static func isOwn(_ status: stat) -> Bool {
        status.st_uid == geteuid() && status.st_mode & (S_IWGRP | S_IWOTH) == 0
    }

    private static func isEarlier(_ left: timespec, than right: timespec) -> Bool {
        (left.tv_sec, left.tv_nsec) < (right.tv_sec, right.tv_nsec)
    }
}

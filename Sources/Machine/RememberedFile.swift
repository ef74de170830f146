import Glibc
import IPAMKit

/// A line of text that this machine remembers for the processes of one user, in a folder that only that user may write.
///
/// What cannot be read, or somebody else could have written, is not remembered.
public struct RememberedFile: Sendable {
    private let folder: String
    private let name: String

    /// - Parameters:
    ///   - folder: an absolute path whose parent is there; made where it is missing.
    ///   - name: the file's, without a slash.
    public init(folder: String, name: String) {
        self.folder = folder
        self.name = name
    }

    /// The line; nil where there is none, or none that counts.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - seconds: from which age on the line does not count.
    ///   - path: a file; a line that was written before its last change does not count.
    public func read(at now: Timestamp, youngerThan seconds: Int64, writtenAfter path: String) -> String? {
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
        let age = now.seconds - Int64(file.st_mtim.tv_sec)
        // A time to come is that of a clock that was set back.
        guard age >= 0, age < seconds,
            let bytes = try? Host.readAll(descriptor, named: name, limit: Self.limit), bytes.count <= Self.limit,
            bytes.last == UInt8(ascii: "\n")
        else { return nil }
        return String(decoding: bytes.dropLast(), as: UTF8.self)
    }

    /// Remembers a line, in the place of the former one: a reader sees the one or the other, whole.
    ///
    /// - Returns: false where it could not be written.
    @discardableResult
    public func write(_ line: String) -> Bool {
        // It is there already for all calls but the first.
        mkdir(folder, 0o755)
        guard let folder = openFolder() else { return false }
        defer { close(folder) }
        let temporary = ".\(name).\(getpid())"
        // Left by a process of the same number that was killed.
        unlinkat(folder, temporary, 0)
        let descriptor = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        var text = line + "\n"
        let count = text.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        let isWritten = close(descriptor) == 0 && count == text.utf8.count
        guard isWritten, renameat(folder, temporary, folder, name) == 0 else {
            unlinkat(folder, temporary, 0)
            return false
        }
        return true
    }

    private static let limit = 256

    /// The folder, which nobody else may write.
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

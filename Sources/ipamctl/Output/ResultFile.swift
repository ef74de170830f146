import Glibc

/// A result that goes to a file instead of standard output.
enum ResultFile {
    /// Writes `text` to `path`; `-` is standard output.
    ///
    /// A regular file, also one behind symbolic links, is written whole or not at all: under another name in its folder, then
    /// renamed into place, with the mode and the owner that it had. Anything else, such as a device, a FIFO, or a descriptor
    /// under /dev/fd, is written into.
    ///
    /// - Throws: ``Failure`` with the path and the reason.
    static func write(_ text: String, to path: String) throws(Failure) {
        var file = stat()
        if path == "-" || (stat(path, &file) == 0 && isStandardOutput(file)) {
            Terminal.print(text)
            return
        }
        guard stat(path, &file) == 0 else {
            guard errno == ENOENT else { throw failure(path) }
            try replace(target(of: path), text, path, like: nil)
            return
        }
        if file.st_mode & S_IFMT == S_IFREG, let target = resolved(path) {
            try replace(target, text, path, like: file)
        } else {
            try writeInto(path, text)
        }
    }

    /// As /dev/stdout is: a file that was redirected to is not to be replaced.
    private static func isStandardOutput(_ file: stat) -> Bool {
        var output = stat()
        return fstat(STDOUT_FILENO, &output) == 0 && output.st_dev == file.st_dev && output.st_ino == file.st_ino
    }

    private static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// What a symbolic link to a file that does not exist yet names; else the path itself.
    private static func target(of path: String) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count - 1)
        guard count > 0 else { return path }
        let link = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard !link.hasPrefix("/"), let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return link }
        return path[...slash] + link
    }

    private static func writeInto(_ path: String, _ text: String) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        guard put(text, descriptor) else { throw failure(path) }
    }

    /// - Parameter former: the file that is replaced; nil where there is none.
    private static func replace(_ target: String, _ text: String, _ path: String, like former: stat?) throws(Failure) {
        let temporary = "\(target).\(getpid()).new"
        let mode = former.map { $0.st_mode & 0o7777 } ?? 0o644
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, former == nil ? mode : 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        var isWritten = put(text, descriptor)
        if let former, isWritten {
            // Who may not give it to its owner leaves it to the one that writes.
            _ = fchown(descriptor, former.st_uid, former.st_gid)
            isWritten = fchmod(descriptor, mode) == 0
        }
        guard isWritten, fsync(descriptor) == 0, close(descriptor) == 0, rename(temporary, target) == 0 else {
            let failure = failure(path)
            unlink(temporary)
            throw failure
        }
    }

    /// False, with errno, when not all of it could be written.
    private static func put(_ text: String, _ descriptor: Int32) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }

    private static func failure(_ path: String) -> Failure {
        Failure(.failed, "\(path) cannot be written: \(String(cString: strerror(errno)))")
    }
}

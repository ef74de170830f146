import Glibc

/// A result that goes to a file instead of standard output.
enum ResultFile {
    /// Whether `path` means standard output: `-`, or a name of its descriptor such as `/dev/stdout`.
    static func isStandardOutput(_ path: String) -> Bool {
        if path == "-" { return true }
        if case .descriptor(STDOUT_FILENO)? = try? Place(path) { return true }
        return false
    }

    /// Writes `text` to `path`; `-` is standard output.
    ///
    /// A regular file, also one behind symbolic links, is written whole or not at all: under another name in its folder, then
    /// renamed into place, with the mode and the owner that it had. Where the folder does not allow that, and for anything
    /// else, such as a device, a FIFO, or a descriptor under /dev/fd, it is written into.
    ///
    /// - Throws: ``Failure`` with the path and the reason.
    static func write(_ text: String, to path: String) throws(Failure) {
        if isStandardOutput(path) {
            Terminal.print(text)
            return
        }
        switch try Place(path) {
        case .descriptor(let descriptor): guard put(text, descriptor) else { throw failure(path) }
        case .new(let target): try replace(target, text, path, like: nil)
        case .file(let target, let file): try replace(target, text, path, like: file)
        case .other: try writeInto(path, text)
        }
    }

    /// What a path leads to, behind all symbolic links.
    private enum Place {
        /// An open descriptor of this process, by its name under /proc/self/fd: a file behind it is not to be replaced, or
        /// opened again, which would forget where to write on.
        case descriptor(Int32)
        /// Nothing is there yet.
        case new(String)
        case file(String, stat)
        case other

        /// - Throws: ``Failure`` for a path that leads nowhere.
        init(_ path: String) throws(Failure) {
            var target = path
            for _ in 0..<40 {
                if let descriptor = Self.descriptor(target) {
                    self = .descriptor(descriptor)
                    return
                }
                guard let link = Self.link(target) else {
                    var file = stat()
                    if stat(target, &file) == 0 {
                        self = file.st_mode & S_IFMT == S_IFREG ? .file(target, file) : .other
                    } else {
                        guard errno == ENOENT else { throw ResultFile.failure(path) }
                        self = .new(target)
                    }
                    return
                }
                target = link.hasPrefix("/") ? link : Self.split(target).folder + link
            }
            errno = ELOOP
            throw ResultFile.failure(path)
        }

        /// `/etc/` and `passwd`; a path without a slash is in no folder.
        private static func split(_ path: String) -> (folder: String, name: String) {
            guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", path) }
            return (String(path[...slash]), String(path[path.utf8.index(after: slash)...]))
        }

        private static func link(_ path: String) -> String? {
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = readlink(path, &buffer, buffer.count)
            guard count > 0 else { return nil }
            return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
        }

        /// The descriptor that `path` is the name of, if it is open.
        private static func descriptor(_ path: String) -> Int32? {
            let (folder, name) = split(path)
            guard let number = Int32(name), fcntl(number, F_GETFD) != -1, let own = resolved("/proc/self/fd") else {
                return nil
            }
            return resolved(folder) == own ? number : nil
        }

        private static func resolved(_ path: String) -> String? {
            guard let resolved = realpath(path, nil) else { return nil }
            defer { free(resolved) }
            return String(cString: resolved)
        }
    }

    // MARK: Writing

    private static func writeInto(_ path: String, _ text: String, truncating: Bool = false) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | (truncating ? O_TRUNC : 0))
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        guard put(text, descriptor) else { throw failure(path) }
    }

    /// - Parameter former: the file that is replaced; nil where there is none.
    private static func replace(_ target: String, _ text: String, _ path: String, like former: stat?) throws(Failure) {
        let temporary = "\(target).\(getpid()).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, former == nil ? 0o644 : 0o600)
        guard descriptor >= 0 else {
            guard former != nil, [EACCES, EPERM, EROFS].contains(errno) else { throw failure(path) }
            return try writeInto(target, text, truncating: true)
        }
        var isWritten = put(text, descriptor)
        if let former, isWritten {
            // Who may not give it to its owner leaves it to the one that writes.
            _ = fchown(descriptor, former.st_uid, former.st_gid)
            isWritten = fchmod(descriptor, former.st_mode & 0o777) == 0
        }
        isWritten = isWritten && fsync(descriptor) == 0
        var problem = errno
        if close(descriptor) != 0, isWritten { (isWritten, problem) = (false, errno) }
        if isWritten {
            if rename(temporary, target) == 0 { return }
            problem = errno
        }
        unlink(temporary)
        // A file that is mounted by itself, as into a container, cannot be replaced.
        if isWritten, former != nil, problem == EBUSY { return try writeInto(target, text, truncating: true) }
        errno = problem
        throw failure(path)
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

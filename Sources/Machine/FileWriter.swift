import Glibc

/// Writes text to files and descriptors.
public enum FileWriter {
    /// Whether `path` is a name of the standard output's descriptor, such as `/dev/stdout`.
    public static func isStandardOutput(_ path: String) -> Bool {
        if case .descriptor(STDOUT_FILENO)? = try? Place(path) { return true }
        return false
    }

    /// Writes `text` to the file at `path`.
    ///
    /// A regular file, also one behind symbolic links, is written whole or not at all: a temporary file in the same folder is
    /// renamed into place, with the mode and the owner of the file that it replaces. If the folder does not allow that, and for
    /// everything else, such as a device, a FIFO or a descriptor under /dev/fd, the text is written into what is there.
    ///
    /// - Throws: ``FileError``.
    public static func write(_ text: String, to path: String) throws(FileError) {
        switch try Place(path) {
        case .descriptor(let descriptor): guard write(text, to: descriptor) else { throw FileError(.written, path) }
        case .new(let target): try replace(target, text, path, isThere: false)
        case .file(let target, _): try replace(target, text, path, isThere: true)
        case .other: try writeInto(path, text)
        }
    }

    /// Writes all of `text` to an open descriptor.
    ///
    /// - Returns: false, with the reason in errno, if not all of it could be written.
    @discardableResult
    public static func write(_ text: String, to descriptor: Int32) -> Bool {
        var text = text
        return text.withUTF8 { write(UnsafeRawBufferPointer($0), to: descriptor) }
    }

    /// Writes all of `bytes` to an open descriptor; see ``write(_:to:)``.
    public static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { write($0, to: descriptor) }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            offset += count
        }
        return true
    }

    /// What a path leads to, behind all symbolic links.
    enum Place {
        /// An open descriptor of this process, by its name under /proc/self/fd. A file behind it is neither replaced nor opened
        /// again, because that would lose the position to write at.
        case descriptor(Int32)
        /// Nothing exists there yet.
        case new(String)
        /// A regular file, with its mode and owner.
        case file(String, stat)
        case other

        /// - Throws: ``FileError`` for a path that cannot be followed.
        init(_ path: String) throws(FileError) {
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
                        guard errno == ENOENT else { throw FileError(.written, path) }
                        self = .new(target)
                    }
                    return
                }
                target = link.hasPrefix("/") ? link : Self.split(target).folder + link
            }
            errno = ELOOP
            throw FileError(.written, path)
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

    private static func writeInto(_ path: String, _ text: String, truncating: Bool = false) throws(FileError) {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | (truncating ? O_TRUNC : 0))
        guard descriptor >= 0 else { throw FileError(.written, path) }
        defer { close(descriptor) }
        guard write(text, to: descriptor) else { throw FileError(.written, path) }
    }

    /// - Parameter isThere: whether there is a file to replace.
    private static func replace(_ target: String, _ text: String, _ path: String, isThere: Bool) throws(FileError) {
        let file: WholeFile
        do throws(FileError) {
            file = try WholeFile(path)
        } catch {
            guard isThere, let code = error.code, [EACCES, EPERM, EROFS].contains(code) else { throw error }
            return try writeInto(target, text, truncating: true)
        }
        try file.write(text)
        do throws(FileError) {
            try file.finish()
        } catch {
            // A file that is itself a mount point, as in a container, cannot be replaced.
            guard isThere, error.code == EBUSY else { throw error }
            try writeInto(target, text, truncating: true)
        }
    }
}

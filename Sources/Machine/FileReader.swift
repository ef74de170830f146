import Glibc

/// Reads files and folders.
public enum FileReader {
    /// What a path leads to, behind all symbolic links.
    public enum Kind: Hashable, Sendable {
        /// A regular file.
        case file
        /// A directory.
        case folder
        /// A device, a pipe or a socket.
        case other

        fileprivate init(_ status: stat) {
            switch status.st_mode & S_IFMT {
            case S_IFREG: self = .file
            case S_IFDIR: self = .folder
            default: self = .other
            }
        }
    }

    /// What `path` leads to; nil if that cannot be found out.
    public static func kind(of path: String) -> Kind? {
        var status = stat()
        return stat(path, &status) == 0 ? Kind(status) : nil
    }

    /// Whether `path` leads to something that this process can see.
    public static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// Whether there certainly is nothing at `path`: one that merely cannot be looked at is not absent.
    public static func isAbsent(_ path: String) -> Bool {
        access(path, F_OK) != 0 && errno == ENOENT
    }

    /// Whether this process may read what is at `path`.
    public static func isReadable(_ path: String) -> Bool {
        access(path, R_OK) == 0
    }

    /// The names of a folder's entries, in any order; nil if there is no such folder.
    ///
    /// - Throws: ``FileError``.
    public static func names(in folder: String) throws(FileError) -> [String]? {
        guard let directory = opendir(folder) else {
            if errno == ENOENT { return nil }
            throw FileError(.read, folder)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names
    }

    /// The first MiB of a regular file as text; bytes that are not UTF-8 are replaced by U+FFFD.
    ///
    /// - Throws: ``FileError``.
    public static func text(of path: String) throws(FileError) -> String {
        String(decoding: try bytes(of: path, limit: 1 << 20), as: UTF8.self)
    }

    /// The content of a file, up to one byte more than `limit`, so that the caller can see that it is longer.
    ///
    /// - Parameters:
    ///   - path: the file's path.
    ///   - limit: in bytes.
    ///   - mayBlock: true also reads pipes and devices, such as a shell's `<(command)`, and waits for their data; false refuses
    ///     everything but regular files.
    /// - Throws: ``FileError``.
    public static func bytes(of path: String, limit: Int, mayBlock: Bool = false) throws(FileError) -> [UInt8] {
        // Without O_NONBLOCK, opening a pipe that has no writer blocks for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (mayBlock ? 0 : O_NONBLOCK))
        guard descriptor >= 0 else { throw FileError(.read, path) }
        defer { close(descriptor) }
        if !mayBlock {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw FileError(.read, path) }
            // The read of a folder fails by itself.
            if Kind(status) == .other { throw FileError(.read, path, reason: "it is not a file") }
        }
        return try bytes(from: descriptor, named: path, limit: limit)
    }

    /// What can be read from an open descriptor until its end, up to one byte more than `limit`.
    ///
    /// - Parameters:
    ///   - descriptor: where to read.
    ///   - name: what errors call it.
    ///   - limit: in bytes.
    /// - Throws: ``FileError``.
    public static func bytes(from descriptor: Int32, named name: String, limit: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4 << 10)
        while bytes.count <= limit {
            let count = read(descriptor, &buffer, min(buffer.count, limit + 1 - bytes.count))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError(.read, name) }
            if count == 0 { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        return bytes
    }
}

extension FileError {
    /// The error that `errno` stands for.
    init(_ access: Access, _ path: String) {
        let code = errno
        self.init(access, path, reason: String(cString: strerror(code)), code: code)
    }
}

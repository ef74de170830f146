import Glibc
import IPAMKit

/// The machine that a program runs on, as the operating system shows it.
public struct Host: Sendable {
    public init() {}

    public struct Unreadable: Error, CustomStringConvertible {
        public let description: String

        public init(description: String) {
            self.description = description
        }
    }

    /// The time, for records.
    public func now() -> Timestamp {
        Timestamp(seconds: Int64(time(nil)))
    }

    /// This node; its name is the configuration's, else the host's as the kubelet writes it.
    public func node(named configured: String?) -> NodeView {
        let identity = NodeIdentity(
            name: configured ?? hostName.lowercased(), boot: firstLine("/proc/sys/kernel/random/boot_id"),
            machine: firstLine("/etc/machine-id").flatMap { Self.isMachineID($0) ? $0 : nil }, bootedAt: bootedAt)
        return NodeView(identity, namespace: Self.namespace)
    }

    /// When this boot began, by /proc/uptime (proc(5)): seconds since then, with a fraction.
    private var bootedAt: Timestamp? {
        guard let line = firstLine("/proc/uptime"), let seconds = Int64(line.prefix { $0 != "." && $0 != " " }) else {
            return nil
        }
        return now().advanced(bySeconds: -seconds)
    }

    private var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// 32 hexadecimal digits (machine-id(5)); `uninitialized` is none.
    private static func isMachineID(_ text: String) -> Bool {
        text.utf8.count == 32
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20) }
    }

    private func firstLine(_ path: String) -> String? {
        guard let text = try? readText(path) else { return nil }
        let line = text.prefix { $0 != "\n" }
        return line.isEmpty ? nil : String(line)
    }

    public static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// The names of a folder's entries, in any order; nil where there is no such folder.
    ///
    /// - Throws: ``Unreadable`` with the path and the reason.
    public func names(in folder: String) throws(Unreadable) -> [String]? {
        guard let directory = opendir(folder) else {
            if errno == ENOENT { return nil }
            throw Unreadable(description: "\(folder) cannot be read: \(String(cString: strerror(errno)))")
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

    /// The text of a small file, at most 1 MiB.
    ///
    /// - Throws: ``Unreadable`` with the path and the reason.
    public func readText(_ path: String) throws(Unreadable) -> String {
        // A pipe without a writer would hold the call up for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw Unreadable(description: "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var file = stat()
        guard fstat(descriptor, &file) == 0, file.st_mode & S_IFMT == S_IFREG || file.st_mode & S_IFMT == S_IFDIR else {
            throw Unreadable(description: "\(path) cannot be read: it is not a file")
        }
        return String(decoding: try Self.readAll(descriptor, named: path, limit: 1 << 20), as: UTF8.self)
    }

    /// What comes from `descriptor`, and no more than one byte over `limit`.
    ///
    /// - Throws: ``Unreadable`` with the name and the reason.
    public static func readAll(_ descriptor: Int32, named name: String, limit: Int) throws(Unreadable) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= limit {
            let count = read(descriptor, &buffer, min(buffer.count, limit + 1 - bytes.count))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw Unreadable(description: "\(name) cannot be read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        return bytes
    }

    /// What is at `path`: a network namespace that is mounted there, or a process's under /proc; or something else.
    public static func namespace(_ path: String) -> NamespaceSight {
        var file = stat()
        guard stat(path, &file) == 0 else {
            // Only a path that is certainly not there is absent; any other failure says nothing.
            return errno == ENOENT || errno == ENOTDIR ? .absent : .unclear
        }
        // Namespaces are files of the kernel's nsfs. Where a namespace is mounted out of sight there is an ordinary file.
        var own = stat()
        guard stat("/proc/self/ns/net", &own) == 0, file.st_dev == own.st_dev else { return .unclear }
        return .namespace(inode: UInt64(file.st_ino), isOwn: file.st_ino == own.st_ino)
    }
}

import Glibc

/// What names this machine and its current boot.
public struct HostIdentity: Hashable, Sendable {
    /// The host name, see gethostname(2).
    public let name: String
    /// `/proc/sys/kernel/random/boot_id`; nil if it cannot be read.
    public let boot: String?
    /// The machine ID, 32 hexadecimal digits, see machine-id(5); nil if the machine has none.
    public let machine: String?
    /// When this boot began, in seconds since 1970-01-01T00:00:00Z; nil if /proc/uptime cannot be read.
    public let bootTime: Int64?
}

/// What is at the path of a network namespace, as this process sees it.
public enum NamespaceSight: Hashable, Sendable {
    /// There is no such path.
    case absent
    /// A network namespace.
    ///
    /// - Parameters:
    ///   - inode: its number in the kernel's nsfs (`st_ino` of stat(2)).
    ///   - isOwn: it is the one that this process itself is in, which no pod has.
    case namespace(inode: UInt64, isOwn: Bool)
    /// Something else, or something that cannot be looked at. The namespace may be mounted there in a mount namespace that
    /// this process is not in.
    case unclear
}

/// The machine that the program runs on, as the operating system shows it.
public enum Host {
    /// The time, in seconds since 1970-01-01T00:00:00Z.
    public static func now() -> Int64 {
        Int64(time(nil))
    }

    /// The host name, see gethostname(2); `localhost` if there is none.
    public static var name: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// What names this machine and its current boot.
    public static var identity: HostIdentity {
        HostIdentity(
            name: name, boot: firstLine("/proc/sys/kernel/random/boot_id"),
            machine: firstLine("/etc/machine-id").flatMap { isMachineID($0) ? $0 : nil }, bootTime: bootTime)
    }

    /// /proc/uptime (proc(5)) begins with the seconds since the boot, with a fraction.
    private static var bootTime: Int64? {
        guard let line = firstLine("/proc/uptime"), let seconds = Int64(line.prefix { $0 != "." && $0 != " " }) else {
            return nil
        }
        return now() - seconds
    }

    /// 32 hexadecimal digits (machine-id(5)); the file may also say `uninitialized`.
    private static func isMachineID(_ text: String) -> Bool {
        text.utf8.count == 32
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20) }
    }

    private static func firstLine(_ path: String) -> String? {
        guard let text = try? FileReader.text(of: path) else { return nil }
        let line = text.prefix { $0 != "\n" }
        return line.isEmpty ? nil : String(line)
    }

    /// What is at `path`: a network namespace that is mounted there, or one of a process under /proc; or something else.
    @Sendable public static func namespace(at path: String) -> NamespaceSight {
        var file = stat()
        guard stat(path, &file) == 0 else {
            // Any other failure does not say whether the path exists.
            return errno == ENOENT || errno == ENOTDIR ? .absent : .unclear
        }
        // Namespaces are files of the kernel's nsfs. A mount point whose namespace is not visible is an ordinary file.
        var own = stat()
        guard stat("/proc/self/ns/net", &own) == 0, file.st_dev == own.st_dev else { return .unclear }
        return .namespace(inode: UInt64(file.st_ino), isOwn: file.st_ino == own.st_ino)
    }
}
